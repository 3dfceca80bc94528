/**
 * Access to an account's key page: the link that the Octopost dashboard requests, the session that it opens, the end of
 * the session.
 *
 * Guarantees that a made-up token costs no ledger call, and that only the account's ledger decides whether a genuine
 * token is still valid. What users do on the page goes through `ControlPlane`.
 */
import * as v from "valibot";
import { isLoopback } from "../http/host.ts";
import { hmacSha256 } from "../keys/digests.ts";
import { LruCache } from "../keys/lru-cache.ts";
import { timestampSchema } from "../keys/timestamp.ts";
import type { Actor } from "../ledger/events-table.ts";
import type { ListFilter } from "../ledger/key-listing.ts";
import type { KeyToShow } from "../ledger/portal-access.ts";
import type { PortalKeys } from "../ledger/portal-keys.ts";
import type { Session } from "../ledger/portal-table.ts";
import { isRefusal, type Refusal } from "../refusals.ts";
import type { Settings } from "../settings.ts";
import { noKey } from "./control-input.ts";
import type { LedgerClient } from "./ledger-client.ts";
import { boundToSession, mintPortalToken, randomBytes, readPortalToken } from "./portal-token.ts";

/** Entries of each of the two caches of an isolate. */
const REMEMBERED_MAX = 2000;

type SessionEnded = Extract<Refusal, { reason: "session_ended" }>;

export const portalSessionInput = v.strictObject({
  return_url: v.optional(
    v.pipe(
      v.string("must be a string"),
      v.maxLength(2000, "is too long"),
      noKey,
      v.description(
        "Target of the link back to the dashboard: an https URL on a host of PORTAL_RETURN_HOSTS",
      ),
    ),
  ),
});

export const portalLinkSchema = v.strictObject({
  url: v.pipe(v.string(), v.url(), v.description("Opens the account's key page once")),
  expires_at: v.pipe(timestampSchema, v.description("The link cannot be used after this time")),
});

export type PortalLink = v.InferOutput<typeof portalLinkSchema>;

/** The session of a user on the key page. */
export interface PortalSession extends Session {
  readonly account: string;
  /** The token in the session cookie. */
  readonly token: string;
}

export class PortalSessions {
  readonly #ledgers: LedgerClient;
  readonly #settings: Settings;
  /** Used links and ended sessions never become valid again, so that repeated requests cost no ledger call. */
  readonly #usedLinks = new LruCache<true>(REMEMBERED_MAX);
  readonly #endedSessions = new LruCache<SessionEnded>(REMEMBERED_MAX);

  constructor(ledgers: LedgerClient, settings: Settings) {
    this.#ledgers = ledgers;
    this.#settings = settings;
  }

  /** Creates a link. `origin`: the origin of the key page, such as `https://api.octopost.ink`. */
  async create(
    account: string,
    { return_url }: v.InferOutput<typeof portalSessionInput>,
    actor: Actor,
    origin: string,
  ): Promise<PortalLink | Refusal> {
    const returnUrl = return_url ?? null;
    if (returnUrl !== null && !this.#isReturnUrl(returnUrl)) return RETURN_URL_REFUSED;
    const { token, digest } = await mintPortalToken("link", account, this.#settings.peppers[0]);
    const link = await this.#ledgers.call(account, (ledger) =>
      ledger.openPortal(digest, { actor: actor.claimed, returnUrl }, actor),
    );
    if (isRefusal(link)) return link;
    return { url: `${origin}/portal/enter/${token}`, expires_at: new Date(link.endsAt).toISOString() };
  }

  /** The account of a genuine link, used or not; null: a made-up link. */
  async accountOf(linkToken: string): Promise<string | null> {
    const link = await readPortalToken("link", linkToken, this.#settings.peppers);
    return link?.account ?? null;
  }

  /** Whether a link can be used. Does not use it up: previews and prefetching are harmless. */
  async checkLink(linkToken: string): Promise<{ readonly ok: true } | Refusal> {
    const link = await readPortalToken("link", linkToken, this.#settings.peppers);
    if (link === null || this.#usedLinks.get(link.digest)) return LINK_USED;
    const checked = await this.#ledgers.call(link.account, (ledger) => ledger.portalLink(link.digest), {
      retry: true,
    });
    return this.#rememberIfUsed(link.digest, checked);
  }

  /**
   * Uses up a link and opens its session. `entryId`: a random id of the page with the button, so that submitting the
   * button twice opens the same session twice. A holder of the link without the id cannot compute the session token.
   */
  async enter(linkToken: string, entryId: string | null): Promise<PortalSession | Refusal> {
    const link = await readPortalToken("link", linkToken, this.#settings.peppers);
    if (link === null || this.#usedLinks.get(link.digest)) return LINK_USED;
    const random = entryId === null ? randomBytes() : await hmacSha256(linkToken, `session:${entryId}`);
    const pepper = this.#settings.peppers[0];
    const { token, digest } = await mintPortalToken("session", link.account, pepper, random);
    const session = await this.#rememberIfUsed(
      link.digest,
      await this.#ledgers.call(link.account, (ledger) => ledger.enterPortal(link.digest, digest), {
        retry: true,
      }),
    );
    return isRefusal(session) ? session : { ...session, account: link.account, token };
  }

  /** The session of a cookie. Reads the ledger for every request, so that a session ends at once everywhere. */
  async find(token: string): Promise<PortalSession | Refusal> {
    const read = await readPortalToken("session", token, this.#settings.peppers);
    if (read === null) return { reason: "session_ended", returnUrl: null };
    const ended = this.#endedSessions.get(read.digest);
    if (ended) return ended;
    const session = await this.#ledgers.call(read.account, (ledger) => ledger.portalSession(read.digest), {
      retry: true,
    });
    if (!isRefusal(session)) return { ...session, account: read.account, token };
    if (session.reason === "session_ended") this.#endedSessions.set(read.digest, session);
    return session;
  }

  /** Keeps the session from ending soon; it ends 12 hours after it began all the same. */
  async extend({ account, token }: PortalSession): Promise<PortalSession | Refusal> {
    const read = await readPortalToken("session", token, this.#settings.peppers);
    if (read === null) return { reason: "session_ended", returnUrl: null };
    const session = await this.#ledgers.call(account, (ledger) => ledger.extendPortalSession(read.digest), {
      retry: true,
    });
    return isRefusal(session) ? session : { ...session, account, token };
  }

  async signOut({ token, returnUrl }: PortalSession): Promise<{ readonly ok: true } | Refusal> {
    const read = await readPortalToken("session", token, this.#settings.peppers);
    if (read === null) return { ok: true };
    const ended = await this.#ledgers.call(read.account, (ledger) => ledger.signOutOfPortal(read.digest), {
      retry: true,
    });
    if (!isRefusal(ended)) this.#endedSessions.set(read.digest, { reason: "session_ended", returnUrl });
    return ended;
  }

  /** The `Idempotency-Key` of a form. Only the session that submitted the form can compute it. */
  formKey({ token }: PortalSession, formId: string): Promise<string> {
    return boundToSession(token, `form:${formId}`);
  }

  /** The key that a form created; its secret is in the first answer only. */
  async showOnce(session: PortalSession, formId: string): Promise<KeyToShow | Refusal> {
    const formKey = await this.formKey(session, formId);
    return await this.#ledgers.call<KeyToShow>(session.account, (ledger) => ledger.showOnce(formKey));
  }

  /** A page of the account's keys, with what the list shows beside them. */
  listKeys(
    { account }: PortalSession,
    filter: ListFilter,
    size: number,
    page = 1,
  ): Promise<PortalKeys | Refusal> {
    return this.#ledgers.call<PortalKeys>(account, (ledger) => ledger.portalKeys(filter, size, page), {
      retry: true,
    });
  }

  #rememberIfUsed<Answer extends object>(linkDigest: string, answer: Answer | Refusal): Answer | Refusal {
    if (isRefusal(answer) && answer.reason === "link_used") this.#usedLinks.set(linkDigest, true);
    return answer;
  }

  #isReturnUrl(text: string): boolean {
    const url = URL.parse(text);
    if (url === null || url.username !== "" || url.password !== "") return false;
    const isSafe = url.protocol === "https:" || (url.protocol === "http:" && isLoopback(url.hostname));
    return isSafe && this.#settings.portalReturnHosts.includes(url.host);
  }
}

const LINK_USED = { reason: "link_used" } as const;

const RETURN_URL_REFUSED = {
  reason: "invalid_input",
  details: { return_url: "must be an https URL on a host of PORTAL_RETURN_HOSTS" },
} as const;
