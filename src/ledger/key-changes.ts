/** Changing a key that is not revoked: its name, and the moment of its scheduled revocation. */
import { isoTimeOrNull, unixMsOrNull } from "../keys/timestamp.ts";
import type { Refusal } from "../refusals.ts";
import type { Actor } from "./events-table.ts";
import type { CallMetadata } from "./idempotency-store.ts";
import type { KeyRow } from "./keys-schema.ts";
import { isRevoked } from "./lease-book.ts";
import type { LeaseIssuer } from "./lease-issuer.ts";
import type { LedgerContext } from "./ledger-context.ts";

export interface KeyChange {
  readonly name?: string | undefined;
  /** null cancels a scheduled revocation. */
  readonly revokes_at?: string | null | undefined;
}

export class KeyChanges {
  readonly #context: LedgerContext;
  readonly #leases: LeaseIssuer;

  constructor(context: LedgerContext, leases: LeaseIssuer) {
    this.#context = context;
    this.#leases = leases;
  }

  /**
   * All of the change with its events, or nothing; a repeated call changes nothing. A revoked key can only be renamed.
   */
  change(keyId: string, { name, revokes_at }: KeyChange, { actor }: CallMetadata): KeyRow | Refusal {
    const { storage, keys } = this.#context;
    const row = keys.issued(keyId);
    if (!row) return { reason: "not_found" };
    const now = Date.now();
    if (revokes_at !== undefined && isRevoked(row, now)) return ALREADY_REVOKED;
    return storage.transactionSync(() => {
      if (name !== undefined && name !== row.name) this.#rename(row, name, now, actor);
      if (revokes_at !== undefined) this.#reschedule(row, unixMsOrNull(revokes_at), now, actor);
      return keys.issued(keyId) ?? row;
    });
  }

  #rename({ id, name: from }: KeyRow, to: string, now: number, actor: Actor): void {
    this.#context.keys.rename(id, to);
    this.#context.events.add({ at: now, actor, action: "renamed", keyId: id, details: { from, to } });
  }

  #reschedule(row: KeyRow, requestedEnd: number | null, now: number, actor: Actor): void {
    const { keys, events } = this.#context;
    const end = requestedEnd === null ? null : this.#leases.scheduledEnd(row.id, row, now, requestedEnd);
    if (end === row.revokes_at) return;
    if (end === null) keys.cancelRevocation(row.id);
    else keys.schedule(row.id, end);
    const details = { revokes_at: isoTimeOrNull(end) };
    events.add({ at: now, actor, action: "rescheduled", keyId: row.id, details });
  }
}

const ALREADY_REVOKED = { reason: "conflict", text: "The key is revoked" } as const;
