/**
 * The public shape of a key's row, with the receipt of its last restriction. Pure; `now` in Unix milliseconds.
 *
 * Guarantees that neither the key's hash nor its secret is in it.
 */
import type { ApiKey, RestrictedKey, RevokedKey } from "../keys/api-key.ts";
import { hasPassed, keyState } from "../keys/key-state.ts";
import { isoTime, isoTimeOrNull } from "../keys/timestamp.ts";
import type { Receipt } from "./key-changes.ts";
import { allowedIpsOf, labelsOf, ownLimitsOf, permissionsOf } from "./key-terms.ts";
import type { KeyRow } from "./keys-schema.ts";

export function toApiKey(row: KeyRow, now: number, isAccountSuspended: boolean): ApiKey {
  const isSuspended = isAccountSuspended || row.suspended_at !== null;
  const { revoked_at: revokedAt, revokes_at: revokesAt, expires_at: expiresAt } = row;
  return {
    id: row.id,
    account: row.account,
    name: row.name,
    mode: row.mode,
    permissions: permissionsOf(row),
    allowed_ips: allowedIpsOf(row),
    limits: ownLimitsOf(row),
    labels: labelsOf(row),
    state: keyState({ revokedAt, revokesAt, expiresAt, isSuspended }, now),
    hint: row.hint,
    created_at: isoTime(row.created_at),
    created_by: row.created_by,
    expires_at: isoTimeOrNull(row.expires_at),
    last_used_at: isoTimeOrNull(row.last_used_at),
    use_count: row.use_count,
    suspended_at: isoTimeOrNull(row.suspended_at),
    revokes_at: isoTimeOrNull(row.revokes_at),
    revoked_at: isoTimeOrNull(revocationOf(row, now)?.at ?? null),
    replaced_by: row.replaced_by,
  };
}

export function withReceipt<Key extends ApiKey>(key: Key, { at, effectiveAt }: Receipt): Key & RestrictedKey {
  return { ...key, effective_at: isoTime(effectiveAt), waited_ms: effectiveAt - at };
}

/** A key that is revoked, or has ended as scheduled, with its receipt. Throws for another key. */
export function revokedKey(row: KeyRow, now: number, isAccountSuspended: boolean): RevokedKey {
  const receipt = revocationOf(row, now);
  if (receipt === null) throw new Error("not revoked");
  return {
    ...withReceipt(toApiKey(row, now, isAccountSuspended), receipt),
    revoked_at: isoTime(receipt.at),
    lease_bound_ms: row.lease_bound_ms ?? receipt.effectiveAt - receipt.at,
  };
}

/**
 * When the key was revoked, or ended as scheduled. No lease reaches past a scheduled end, unless the end was set while
 * a longer lease was in use. null: the key is not revoked.
 */
function revocationOf(row: KeyRow, now: number): Receipt | null {
  const { revoked_at, revokes_at, effective_at, restriction_effective_at } = row;
  const at = revoked_at ?? (hasPassed(revokes_at, now) ? revokes_at : null);
  if (at === null) return null;
  return { at, effectiveAt: effective_at ?? Math.max(at, restriction_effective_at ?? at) };
}
