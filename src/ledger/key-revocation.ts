/**
 * Revoking a key: its tombstone and its event, in one durable write.
 *
 * Guarantees that the receipt is final: it has the moment at which the last lease expires, and no further lease is
 * granted. A call answers when that moment has passed. If its caller disconnects or the ledger restarts meanwhile, the
 * revocation stands, and the next call waits too.
 */
import type { Refusal } from "../refusals.ts";
import type { NewEvent } from "./events-table.ts";
import type { CallMetadata } from "./idempotency-store.ts";
import type { KeyRow } from "./keys-schema.ts";
import type { LeaseIssuer } from "./lease-issuer.ts";
import { type LedgerContext, restrict } from "./ledger-context.ts";

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

  #writeTombstone(keyId: string, now: number, { actor }: CallMetadata, reason: string | null): void {
    const { keys, events } = this.#context;
    const details: NewEvent["details"] = reason === null ? {} : { reason };
    keys.revokeIfEnded(keyId, now);
    const isNew = keys.revoke(keyId, now, this.#leases.timing(keyId, now));
    if (isNew) events.add({ at: now, actor, action: "revoked", keyId, details });
  }
}
