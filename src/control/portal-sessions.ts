/**
 * Letting people onto an account's key page: a link from the dashboard, the session it opens, the way out.
 *
 * Guarantees that a token nobody here made costs no ledger call, and that only the account's ledger says whether
 * a good one still counts. What people do on the page is `KeyOperations`, like everything done to keys.
 */
import * as v from "valibot";
import { isLoopback } from "../http/host.ts";
import { timestampSchema } from "../keys/timestamp.ts";
import type { KeyToShow } from "../ledger/portal-access.ts";
import type { Session } from "../ledger/portal-table.ts";
import { isRefusal, type Refusal } from "../refusals.ts";
import type { Settings } from "../settings.ts";
import type { LedgerClient } from "./ledger-client.ts";
import { boundToSession, mintPortalToken, readPortalToken } from "./portal-token.ts";

export const portalSessionInput = v.strictObject({
  return_url: v.optional(
    v.pipe(
      v.string("must be a text"),
      v.maxLength(2000, "is too long"),
      v.description("Where “Back to Octopost” leads: https, on a host of PORTAL_RETURN_HOSTS"),
    ),
  ),
});

export const portalLinkSchema = v.strictObject({
  url: v.pipe(v.string(), v.url(), v.description("Opens the account's key page, once")),
  expires_at: v.pipe(timestampSchema, v.description("Until when the link can be used")),
});

export type PortalLink = v.InferOutput<typeof portalLinkSchema>;

/** Somebody on the key page. */
export interface PortalSession extends Session {
  readonly account: string;
  /** The session's token: what the browser's cookie holds. */
  readonly token: string;
}

export class PortalSessions {
  readonly #desk: LedgerClient;
  readonly #settings: Settings;

  constructor(ledgers: LedgerClient, settings: Settings) {
    this.#desk = ledgers;
    this.#settings = settings;
  }

  /** Makes a link. `origin`: where the page is served, such as `https://api.octopost.ink`. */
  async create(
    account: string,
    { return_url }: v.InferOutput<typeof portalSessionInput>,
    actor: string,
    origin: string,
  ): Promise<PortalLink | Refusal> {
    const returnUrl = return_url ?? null;
    if (returnUrl !== null && !this.#mayReturnTo(returnUrl)) return RETURN_REFUSED;
    const { token, digest } = await mintPortalToken("link", account, this.#settings.peppers[0]);
    const link = await this.#desk.call(account, (ledger) => ledger.openPortal(digest, { actor, returnUrl }));
    if (isRefusal(link)) return link;
    return { url: `${origin}/portal/enter/${token}`, expires_at: new Date(link.endsAt).toISOString() };
  }

  /** Uses a link up: the session it opens. */
  async enter(linkToken: string): Promise<PortalSession | Refusal> {
    const link = await readPortalToken("link", linkToken, this.#settings.peppers);
    if (link === null) return { reason: "link_used" };
    const { token, digest } = await mintPortalToken("session", link.account, this.#settings.peppers[0]);
    const session = await this.#desk.call(link.account, (ledger) => ledger.enterPortal(link.digest, digest));
    return isRefusal(session) ? session : { ...session, account: link.account, token };
  }

  /** Whose session the cookie's token is; asked anew for every page, so that signing out counts at once. */
  async find(token: string): Promise<PortalSession | Refusal> {
    const read = await readPortalToken("session", token, this.#settings.peppers);
    if (read === null) return { reason: "session_ended", returnUrl: null };
    const ask = { retry: true };
    const session = await this.#desk.call(read.account, (ledger) => ledger.portalSession(read.digest), ask);
    return isRefusal(session) ? session : { ...session, account: read.account, token };
  }

  async leave({ token }: PortalSession): Promise<{ readonly ok: true } | Refusal> {
    const read = await readPortalToken("session", token, this.#settings.peppers);
    if (read === null) return { ok: true };
    const ask = { retry: true };
    return await this.#desk.call(read.account, (ledger) => ledger.leavePortal(read.digest), ask);
  }

  /** The `Idempotency-Key` of a form: sent twice it is carried out once, and no other session can name it. */
  formKey({ token }: PortalSession, formId: string): Promise<string> {
    return boundToSession(token, `form:${formId}`);
  }

  /** The key that a form has made, with its text the first time it is asked for. */
  async showOnce(visit: PortalSession, formId: string): Promise<KeyToShow | Refusal> {
    const formKey = await this.formKey(visit, formId);
    return await this.#desk.call<KeyToShow>(visit.account, (ledger) => ledger.showOnce(formKey));
  }

  #mayReturnTo(address: string): boolean {
    const url = URL.parse(address);
    if (url === null || url.username !== "" || url.password !== "") return false;
    const isSafe = url.protocol === "https:" || (url.protocol === "http:" && isLoopback(url.hostname));
    return isSafe && this.#settings.portalReturnHosts.includes(url.host);
  }
}

const RETURN_REFUSED = {
  reason: "invalid_input",
  details: { return_url: "must be an https address on a host of PORTAL_RETURN_HOSTS" },
} as const;
