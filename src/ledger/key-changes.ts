/**
 * Changing a key in place: its name, labels, permissions, addresses, limits and ends.
 *
 * Guarantees that a restriction is answered when no request succeeds any more that the new terms forbid. A change that
 * widens the terms is answered at once, and takes effect with the next lease of each isolate. A repeated change gets
 * the same answer, and writes nothing. A key that is revoked or has expired stays so: only its name and labels can
 * change.
 */

import { hasPassed } from "../keys/key-state.ts";
import { LruCache } from "../keys/lru-cache.ts";
import { unixMsOrNull } from "../keys/timestamp.ts";
import type { Refusal } from "../refusals.ts";
import type { AccountLimits } from "./account-limits.ts";
import type { Actor } from "./events-table.ts";
import type { CallMetadata } from "./idempotency-store.ts";
import { editsOf, type KeyChange, type KeyEdit } from "./key-edits.ts";
import { endsSooner, permissionsOf, policyProblems, tooManyActiveKeys } from "./key-terms.ts";
import type { KeyRow } from "./keys-schema.ts";
import { CLOCK_STEP_MAX_MS, isRevoked } from "./lease-book.ts";
import type { LeaseIssuer } from "./lease-issuer.ts";
import { type LedgerContext, restrict, takeEffect } from "./ledger-context.ts";

/** When a restriction was written, and when it is in effect everywhere. Unix milliseconds. */
export interface Receipt {
  readonly at: number;
  readonly effectiveAt: number;
}

export interface ChangedRow {
  readonly row: KeyRow;
  /** null: the change does not restrict the key. */
  readonly receipt: Receipt | null;
}

/** Keys whose last restriction is in effect, so that a repeated call need not wait again. */
const SETTLED_MAX_KEYS = 1000;

const NOT_TERMS: ReadonlySet<KeyEdit["column"]> = new Set(["name", "labels"]);

export class KeyChanges {
  readonly #context: LedgerContext;
  readonly #leases: LeaseIssuer;
  readonly #limits: AccountLimits;
  /** By key, when its last restriction took effect. */
  readonly #settled = new LruCache<number>(SETTLED_MAX_KEYS);

  constructor(context: LedgerContext, leases: LeaseIssuer, limits: AccountLimits) {
    this.#context = context;
    this.#leases = leases;
    this.#limits = limits;
  }

  /** All of the change with its events, or nothing. */
  async change(keyId: string, change: KeyChange, { actor }: CallMetadata): Promise<ChangedRow | Refusal> {
    const { keys, storage } = this.#context;
    const row = keys.issued(keyId);
    if (!row) return { reason: "not_found" };
    const now = Date.now();
    const refusal = this.#refuse(row, change, now);
    if (refusal) return refusal;

    const edits = editsOf(row, change, {
      tier: this.#limits.tier,
      waitMs: this.#leases.waitMs(keyId, now),
      waitMsForEnd: (end) => this.#leases.waitMsForEnd(keyId, now, end),
    });
    const changesTerms = edits.some(({ column }) => !NOT_TERMS.has(column));
    const waits = edits.map(({ waitMs }) => waitMs).filter((waitMs) => waitMs !== null);
    const write = (receipt: Receipt | null): ChangedRow => {
      for (const edit of edits) this.#write(keyId, edit, now, actor);
      if (changesTerms) keys.setRestriction(keyId, receipt);
      return { row: keys.issued(keyId) ?? row, receipt };
    };
    if (waits.length > 0) {
      const waitMs = Math.max(...waits);
      const effectiveAt = now + waitMs;
      const changed = await restrict(this.#context, waitMs, () => write({ at: now, effectiveAt }));
      this.#settled.set(keyId, effectiveAt);
      return changed;
    }
    if (!changesTerms && touchesTerms(change)) {
      const receipt = receiptOf(row);
      if (receipt) await this.#settle(keyId, receipt, now);
      return storage.transactionSync(() => write(receipt));
    }
    return storage.transactionSync(() => write(null));
  }

  /** The first call may still be waiting, or have been cut short by a restart. */
  async #settle(keyId: string, { effectiveAt }: Receipt, now: number): Promise<void> {
    const isSettled = this.#settled.get(keyId) === effectiveAt;
    if (isSettled || now >= effectiveAt + CLOCK_STEP_MAX_MS) return;
    await takeEffect(this.#context, this.#leases.waitMs(keyId, now));
  }

  #refuse(row: KeyRow, change: KeyChange, now: number): Refusal | null {
    if (!touchesTerms(change)) return null;
    if (isRevoked(row, now)) return { reason: "conflict", text: "The key is revoked" };
    if (hasPassed(row.expires_at, now)) return { reason: "conflict", text: "The key has expired" };
    const tooMany = this.#refuseCount(row, change, now);
    if (tooMany) return tooMany;
    const problems = pastEnds(change, now) ?? this.#policyProblems(row, change);
    return problems && { reason: "invalid_input", details: problems };
  }

  /** A key whose scheduled revocation is cancelled is active again. */
  #refuseCount({ revokes_at }: KeyRow, change: KeyChange, now: number): Refusal | null {
    const { account, listing } = this.#context;
    const { max_active_keys: max } = account.row.policy;
    const becomesActive = change.revokes_at === null && revokes_at !== null;
    if (!becomesActive || max === null || listing.activeCount(now) < max) return null;
    return { reason: "conflict", text: tooManyActiveKeys(max) };
  }

  /** The policy's problems with the changed fields alone: it does not apply to what was decided before. */
  #policyProblems(row: KeyRow, { permissions, expires_at }: KeyChange): Record<string, string> | null {
    const expiresAt = expires_at === undefined ? row.expires_at : unixMsOrNull(expires_at);
    const problems = policyProblems(this.#context.account.row.policy, {
      permissions: permissions ?? permissionsOf(row),
      createdAt: row.created_at,
      expiresAt,
    });
    if (problems === null) return null;
    const isUnchanged = { permissions: permissions === undefined, expires_at: expiresAt === row.expires_at };
    if (isUnchanged.permissions || permissionsOf(row).length === 0) delete problems.permissions;
    if (isUnchanged.expires_at || endsSooner(row.expires_at, expiresAt)) delete problems.expires_at;
    return Object.keys(problems).length > 0 ? problems : null;
  }

  #write(keyId: string, { column, value, action, details }: KeyEdit, now: number, actor: Actor): void {
    const { keys, events } = this.#context;
    if (column === "name") keys.rename(keyId, String(value));
    else if (column === "labels") keys.setLabels(keyId, String(value));
    else if (column === "revokes_at" && value === null) keys.cancelRevocation(keyId);
    else keys.change(keyId, column, value as KeyRow[typeof column]);
    events.add({ at: now, actor, action, keyId, details });
  }
}

function pastEnds({ expires_at, revokes_at }: KeyChange, now: number): Record<string, string> | null {
  const past = Object.entries({ expires_at, revokes_at }).filter(([, end]) =>
    hasPassed(unixMsOrNull(end ?? null), now),
  );
  return past.length === 0
    ? null
    : Object.fromEntries(past.map(([field]) => [field, "must be in the future"]));
}

/** Whether the change has a field beyond name and labels. */
function touchesTerms({ permissions, allowed_ips, limits, expires_at, revokes_at }: KeyChange): boolean {
  return [permissions, allowed_ips, limits, expires_at, revokes_at].some((field) => field !== undefined);
}

function receiptOf({ restricted_at, restriction_effective_at }: KeyRow): Receipt | null {
  if (restricted_at === null || restriction_effective_at === null) return null;
  return { at: restricted_at, effectiveAt: restriction_effective_at };
}
