/**
 * The key page's part of an account's ledger: single-use links, sessions, and the text of a new key, shown once.
 *
 * Guarantees that a link opens one session and that a key's text is shown once, also for concurrent calls: each is one
 * statement on the one object of the account. It does not decide what a session may do.
 */
import type { IssuedKey, RotatedKey } from "../keys/api-key.ts";
import type { Refusal } from "../refusals.ts";
import type { Actor, EventsTable } from "./events-table.ts";
import type { CallMetadata, IdempotencyStore } from "./idempotency-store.ts";
import type { LedgerContext } from "./ledger-context.ts";
import { PortalTable, type PortalUser, type Session } from "./portal-table.ts";

/** A new key to be shown; `secret` is null when it was shown before. */
export type KeyToShow =
  | (Omit<IssuedKey, "secret"> & { readonly secret: string | null })
  | (Omit<RotatedKey, "secret"> & { readonly secret: string | null });

export class PortalAccess {
  readonly #storage: DurableObjectStorage;
  readonly #table: PortalTable;
  readonly #events: EventsTable;
  readonly #answers: IdempotencyStore;

  constructor({ storage, events }: LedgerContext, answers: IdempotencyStore) {
    this.#storage = storage;
    this.#table = new PortalTable(storage.sql);
    this.#events = events;
    this.#answers = answers;
  }

  /** Stores a link by its token's digest; `endsAt`: until when it can be used. */
  openLink(linkDigest: string, user: PortalUser, actor: Actor): { readonly endsAt: number } {
    const at = Date.now();
    return this.#storage.transactionSync(() => {
      this.#events.add({ at, actor, action: "portal_link_created", keyId: null });
      return { endsAt: this.#table.addLink(linkDigest, user, at) };
    });
  }

  /** Whether the link can be used. Does not use it up. */
  checkLink(linkDigest: string): { readonly ok: true } | Refusal {
    return this.#table.hasLink(linkDigest, Date.now()) ? { ok: true } : { reason: "link_used" };
  }

  /** Uses up the link and opens a session. Idempotent for the same session. */
  enter(linkDigest: string, sessionDigest: string): Session | Refusal {
    const at = Date.now();
    return this.#storage.transactionSync(() => {
      const isFirst = this.#table.hasLink(linkDigest, at);
      const session = this.#table.useLink(linkDigest, sessionDigest, at);
      if (session === null) return { reason: "link_used" };
      const actor = { name: "key_page", claimed: session.actor };
      if (isFirst) this.#events.add({ at, actor, action: "portal_entered", keyId: null });
      return session;
    });
  }

  /** Ends every session and unused link. Idempotent; an event only if there was one. */
  endAll({ actor }: CallMetadata): { readonly sessions: number; readonly links: number } {
    const at = Date.now();
    return this.#storage.transactionSync(() => {
      const ended = this.#table.endAll(at);
      if (ended.sessions + ended.links > 0)
        this.#events.add({ at, actor, action: "portal_sessions_ended", keyId: null, details: ended });
      return ended;
    });
  }

  session(sessionDigest: string): Session | Refusal {
    const session = this.#table.session(sessionDigest);
    if (session && session.endsAt > Date.now()) return session;
    return { reason: "session_ended", returnUrl: session?.returnUrl ?? null };
  }

  /** Keeps a valid session from ending soon. */
  extend(sessionDigest: string): Session | Refusal {
    const extended = this.#table.extendSession(sessionDigest, Date.now());
    return extended ?? this.session(sessionDigest);
  }

  /** Ends the session. Idempotent. */
  signOut(sessionDigest: string): { readonly ok: true } {
    this.#table.endSession(sessionDigest, Date.now());
    return { ok: true };
  }

  /** The key issued by the call with this `Idempotency-Key`. Its secret is in the first answer and deleted with it. */
  async showOnce(idempotencyKey: string): Promise<KeyToShow | Refusal> {
    const made = await this.#answers.takeSecret(idempotencyKey, Date.now());
    return (made as KeyToShow | null) ?? { reason: "not_found" };
  }
}
