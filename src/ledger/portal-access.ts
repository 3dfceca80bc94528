/**
 * The part of an account's ledger that its key page needs: single-use links, sessions, and the text of a new
 * key, handed over once.
 *
 * Guarantees that a link opens one session and a key's text is handed over one time, however many ask at once:
 * each is one statement on the one object there is for the account. It knows no rule about keys.
 */
import { DurableObject } from "cloudflare:workers";
import type { Env } from "../env.ts";
import type { IssuedKey, RotatedKey } from "../keys/api-key.ts";
import type { Refusal } from "../refusals.ts";
import { readSettings } from "../settings.ts";
import { IdempotencyStore } from "./idempotency-store.ts";
import { PortalTable, type PortalUser, type Session } from "./portal-table.ts";

/** A new key to be shown; `secret` is null when it was shown before. */
export type KeyToShow =
  | (Omit<IssuedKey, "secret"> & { readonly secret: string | null })
  | (Omit<RotatedKey, "secret"> & { readonly secret: string | null });

export class PortalLedger extends DurableObject<Env> {
  readonly #visits: PortalTable;
  readonly #answers: IdempotencyStore;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    const settings = readSettings(env);
    if ("invalidSetting" in settings) throw new Error(`invalid setting ${settings.invalidSetting}`);
    this.#visits = new PortalTable(ctx.storage.sql);
    this.#answers = new IdempotencyStore(ctx.storage.sql, settings.peppers);
  }

  /** Keeps a link by its token's digest; `endsAt`: until when it can be used. */
  openPortal(linkDigest: string, visitor: PortalUser): { readonly endsAt: number } {
    return { endsAt: this.#visits.addLink(linkDigest, visitor, Date.now()) };
  }

  /** Uses the link up and begins a session. */
  enterPortal(linkDigest: string, sessionDigest: string): Session | Refusal {
    const now = Date.now();
    return this.ctx.storage.transactionSync(
      () => this.#visits.useLink(linkDigest, sessionDigest, now) ?? { reason: "link_used" },
    );
  }

  portalSession(sessionDigest: string): Session | Refusal {
    const session = this.#visits.session(sessionDigest);
    if (session && session.endsAt > Date.now()) return session;
    return { reason: "session_ended", returnUrl: session?.returnUrl ?? null };
  }

  /** Ends a session; the same whether or not it had ended. */
  leavePortal(sessionDigest: string): { readonly ok: true } {
    this.#visits.endSession(sessionDigest, Date.now());
    return { ok: true };
  }

  /** What the call with this `Idempotency-Key` made. Its secret is in the first answer, and gone from the store with it. */
  async showOnce(idempotencyKey: string): Promise<KeyToShow | Refusal> {
    const made = await this.#answers.takeSecret(idempotencyKey, Date.now());
    return (made as KeyToShow | null) ?? { reason: "not_found" };
  }
}
