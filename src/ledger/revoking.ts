/**
 * Revoking keys, one or all: tombstones and their events, in one durable write.
 *
 * Guarantees that a receipt is true from the start: it says when the last lease given has ended, and no lease is
 * given any more. Whoever calls it waits until then before it answers.
 */
import type { Caller } from "./caller.ts";
import type { EventsTable, NewEvent } from "./events-table.ts";
import type { KeyRow, KeysTable } from "./keys-table.ts";
import type { Leases } from "./leases.ts";

export class Revoking {
  readonly #storage: DurableObjectStorage;
  readonly #keys: KeysTable;
  readonly #events: EventsTable;
  readonly #leases: Leases;

  constructor(storage: DurableObjectStorage, keys: KeysTable, events: EventsTable, leases: Leases) {
    this.#storage = storage;
    this.#keys = keys;
    this.#events = events;
    this.#leases = leases;
  }

  /** Revokes keys that have no tombstone; returns from when on all of them are dead everywhere. */
  revoke(
    keys: readonly Pick<KeyRow, "id" | "revokes_at">[],
    { actor }: Caller,
    details: NewEvent["details"] = {},
  ): number {
    const now = Date.now();
    return this.#storage.transactionSync(() => {
      let lastEffectiveAt = now;
      for (const { id, revokes_at } of keys) {
        // A schedule that has passed gets a tombstone too: after a restart elsewhere, that clock may be behind.
        const endedAt = revokes_at !== null && revokes_at <= now ? revokes_at : null;
        const effectiveAt = endedAt ?? this.#leases.notBeforeEnd(id, now);
        lastEffectiveAt = Math.max(lastEffectiveAt, effectiveAt);
        this.#keys.revoke(id, endedAt ?? now, effectiveAt);
        this.#events.add({ at: now, actor, action: "revoked", keyId: id, details });
      }
      return lastEffectiveAt;
    });
  }
}
