/**
 * Suspending and resuming a key: unlike a revocation, a suspension ends.
 *
 * Guarantees that a suspension is answered when no lease on the key is in use, and that a repeated call gets the same
 * answer. A resumption is answered at once, and takes effect with the next lease of each isolate.
 */
import { hasPassed } from "../keys/key-state.ts";
import { isRefusal, type Refusal } from "../refusals.ts";
import type { CallMetadata } from "./idempotency-store.ts";
import type { ChangedRow } from "./key-changes.ts";
import type { KeyRow } from "./keys-schema.ts";
import { isRevoked } from "./lease-book.ts";
import type { LeaseIssuer } from "./lease-issuer.ts";
import { type LedgerContext, restrict } from "./ledger-context.ts";

export class KeySuspension {
  readonly #context: LedgerContext;
  readonly #leases: LeaseIssuer;

  constructor(context: LedgerContext, leases: LeaseIssuer) {
    this.#context = context;
    this.#leases = leases;
  }

  async suspend(
    keyId: string,
    { actor }: CallMetadata,
    reason: string | null,
  ): Promise<ChangedRow | Refusal> {
    const now = Date.now();
    const row = this.#changeable(keyId, now);
    if (isRefusal(row)) return row;
    const { keys, events } = this.#context;
    // A repeated call waits too: the first one may still be waiting, or a restart may have interrupted it.
    const waitMs = this.#leases.waitMs(keyId, now);
    return await restrict(this.#context, waitMs, () => {
      if (row.suspended_at === null) {
        keys.suspend(keyId, now, now + waitMs);
        const details = reason === null ? {} : { reason };
        events.add({ at: now, actor, action: "suspended", keyId, details });
      }
      return suspended(keys.issued(keyId) ?? row);
    });
  }

  resume(keyId: string, { actor }: CallMetadata): ChangedRow | Refusal {
    const now = Date.now();
    const row = this.#changeable(keyId, now);
    if (isRefusal(row)) return row;
    const { keys, events, storage } = this.#context;
    if (row.suspended_at === null)
      return row.resumed_at === null ? NOT_SUSPENDED : resumed(row, row.resumed_at);
    return storage.transactionSync(() => {
      keys.resume(keyId, now);
      events.add({ at: now, actor, action: "resumed", keyId });
      return resumed(keys.issued(keyId) ?? row, now);
    });
  }

  #changeable(keyId: string, now: number): KeyRow | Refusal {
    const row = this.#context.keys.issued(keyId);
    if (!row) return { reason: "not_found" };
    if (isRevoked(row, now)) return { reason: "conflict", text: "The key is revoked" };
    if (hasPassed(row.expires_at, now)) return { reason: "conflict", text: "The key has expired" };
    return row;
  }
}

const NOT_SUSPENDED = { reason: "conflict", text: "The key is not suspended" } as const;

function suspended(row: KeyRow): ChangedRow {
  const at = row.suspended_at ?? 0;
  return { row, receipt: { at, effectiveAt: row.suspension_effective_at ?? at } };
}

function resumed(row: KeyRow, at: number): ChangedRow {
  return { row, receipt: { at, effectiveAt: at } };
}
