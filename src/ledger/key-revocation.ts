/**
 * Revoking keys, one or all: tombstones and their events, in one durable write.
 *
 * Guarantees that a receipt is true from the start: it says when the last lease given has ended, and no lease is
 * given any more. Whoever calls it waits until then before it answers.
 */
import type { CallMetadata } from "./call-metadata.ts";
import type { EventsTable, NewEvent } from "./events-table.ts";
import type { KeyFilter, KeysTable } from "./keys-table.ts";
import type { LeaseIssuer } from "./lease-issuer.ts";

export class KeyRevocation {
  readonly #storage: DurableObjectStorage;
  readonly #keys: KeysTable;
  readonly #events: EventsTable;
  readonly #leases: LeaseIssuer;

  constructor(storage: DurableObjectStorage, keys: KeysTable, events: EventsTable, leases: LeaseIssuer) {
    this.#storage = storage;
    this.#keys = keys;
    this.#events = events;
    this.#leases = leases;
  }

  /** The first revocation stands: a key that is revoked already, or has ended as scheduled, stays as it is. */
  revoke(keyId: string, { actor }: CallMetadata, reason: string | null): void {
    const now = Date.now();
    const details: NewEvent["details"] = reason === null ? {} : { reason };
    this.#storage.transactionSync(() => {
      this.#keys.revokeEnded(now);
      const isNew = this.#keys.revoke(keyId, now, this.#leases.effectiveAt(keyId, now));
      if (isNew) this.#events.add({ at: now, actor, action: "revoked", keyId, details });
    });
  }

  /** Revokes every key that matches; their number, and from when on all of them are dead everywhere. */
  revokeAll(
    filter: KeyFilter,
    { actor }: CallMetadata,
  ): { readonly revoked: number; readonly effectiveAt: number } {
    const now = Date.now();
    const end = this.#leases.effectiveAtForAll(now);
    const details: NewEvent["details"] = { all: true };
    return this.#storage.transactionSync(() => {
      // Keys that are being created are given up; those that have ended already are not revoked once more.
      this.#keys.abandonCreations(now + 1);
      this.#keys.revokeEnded(now);
      const ids = this.#keys.revokeAll(filter, now, end);
      this.#events.addForEach(ids, { at: now, actor, action: "revoked", details });
      return { revoked: ids.length, effectiveAt: ids.length === 0 ? now : end.at };
    });
  }
}
