/**
 * Revoking keys, one or all: tombstones and their events, in one durable write.
 *
 * Guarantees that a receipt is true from the start: it says when the last lease given has ended, and no lease is
 * given any more. Whoever calls it waits until then before it answers.
 */
import type { Caller } from "./caller.ts";
import type { EventsTable, NewEvent } from "./events-table.ts";
import type { KeyFilter, KeysTable } from "./keys-table.ts";
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

  /** The first revocation stands: a key that is revoked already, or has ended as scheduled, stays as it is. */
  revoke(keyId: string, { actor }: Caller, reason: string | null): void {
    const now = Date.now();
    const details: NewEvent["details"] = reason === null ? {} : { reason };
    this.#storage.transactionSync(() => {
      this.#keys.buryEnded(now);
      const isNew = this.#keys.revoke(keyId, now, this.#leases.endOf(keyId, now));
      if (isNew) this.#events.add({ at: now, actor, action: "revoked", keyId, details });
    });
  }

  /** Revokes every key that matches; their number, and from when on all of them are dead everywhere. */
  revokeAll(
    filter: KeyFilter,
    { actor }: Caller,
  ): { readonly revoked: number; readonly effectiveAt: number } {
    const now = Date.now();
    const end = this.#leases.endOfAll(now);
    const details: NewEvent["details"] = { all: true };
    return this.#storage.transactionSync(() => {
      // Keys that are being created are given up; those that have ended already are not revoked once more.
      this.#keys.abandonCreations(now + 1);
      this.#keys.buryEnded(now);
      const ids = this.#keys.revokeAll(filter, now, end);
      this.#events.addForEach(ids, { at: now, actor, action: "revoked", details });
      return { revoked: ids.length, effectiveAt: ids.length === 0 ? now : end.at };
    });
  }
}
