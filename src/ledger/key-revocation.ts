/**
 * Revoking keys, one or all: tombstones and their events, in one durable write.
 *
 * Guarantees that a receipt is true from the start: it says when the last lease expires, and no lease is granted any
 * more. A call answers when that moment has passed. If its caller disconnects or the ledger restarts meanwhile, the
 * revocation stands, and the next call waits for the rest.
 */
import { isoTime } from "../keys/timestamp.ts";
import type { Refusal } from "../refusals.ts";
import type { NewEvent } from "./events-table.ts";
import type { CallMetadata } from "./idempotency-store.ts";
import type { KeyRow } from "./keys-schema.ts";
import type { KeyFilter } from "./keys-table.ts";
import type { LeaseIssuer } from "./lease-issuer.ts";
import { type LedgerContext, restrict } from "./ledger-context.ts";

export interface RevokedCount {
  readonly revoked: number;
  readonly effective_at: string;
}

export class KeyRevocation {
  readonly #context: LedgerContext;
  readonly #leases: LeaseIssuer;

  constructor(context: LedgerContext, leases: LeaseIssuer) {
    this.#context = context;
    this.#leases = leases;
  }

  /** The first revocation stands: a key that is revoked, or has ended as scheduled, keeps its receipt. */
  async revoke(keyId: string, caller: CallMetadata, reason: string | null): Promise<KeyRow | Refusal> {
    const { keys } = this.#context;
    const row = keys.issued(keyId);
    if (!row) return { reason: "not_found" };
    const now = Date.now();
    await restrict(this.#context, this.#leases.waitMs(keyId, now), () => {
      if (row.revoked_at === null) this.#writeTombstone(keyId, now, caller, reason);
    });
    this.#leases.forget(keyId);
    return keys.issued(keyId) ?? row;
  }

  /**
   * Revokes every key that matches, and abandons the creations of such keys. `effective_at` covers all matching keys,
   * also those that were revoked before. `not_found`: the account has neither a key nor an event.
   */
  async revokeAll(filter: KeyFilter, { actor }: CallMetadata): Promise<RevokedCount | Refusal> {
    const { keys, listing, events } = this.#context;
    const now = Date.now();
    const timing = this.#leases.timingForAll(now);
    const details: NewEvent["details"] = { all: true };
    const revoked = await restrict(this.#context, this.#leases.waitMsForAll(now), () => {
      const abandoned = keys.abandonCreations(filter);
      keys.revokeEnded(now);
      const ids = keys.revokeAll(filter, now, timing);
      events.addForEach(ids, { at: now, actor, action: "revoked", details });
      if (abandoned > 0)
        events.add({
          at: now,
          actor,
          action: "creations_abandoned",
          keyId: null,
          details: { count: abandoned },
        });
      return listing.hasAny() || events.hasAny() ? ids.length : null;
    });
    if (revoked === null) return { reason: "not_found" };
    return { revoked, effective_at: isoTime(keys.lastEffectiveAt(filter) ?? now) };
  }

  #writeTombstone(keyId: string, now: number, { actor }: CallMetadata, reason: string | null): void {
    const { keys, events } = this.#context;
    const details: NewEvent["details"] = reason === null ? {} : { reason };
    keys.revokeEnded(now);
    const isNew = keys.revoke(keyId, now, this.#leases.timing(keyId, now));
    if (isNew) events.add({ at: now, actor, action: "revoked", keyId, details });
  }
}
