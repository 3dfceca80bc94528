/** A key's row in the public shape of a key. Pure; `now` in Unix milliseconds. */
import type { ApiKey, RevokedKey } from "../keys/api-key.ts";
import { isoTime, isoTimeOrNull } from "../keys/timestamp.ts";
import type { Permission } from "../policy.ts";
import type { KeyRow } from "./keys-schema.ts";
import { hasPassed } from "./lease-book.ts";

export function toApiKey(row: KeyRow, now: number): ApiKey {
  const endedAt = hasPassed(row.revokes_at, now) ? row.revokes_at : null;
  const revokedAt = row.revoked_at ?? endedAt;
  const effectiveAt = row.effective_at ?? endedAt;
  return {
    id: row.id,
    account: row.account,
    name: row.name,
    mode: row.mode,
    permissions: JSON.parse(row.permissions) as Permission[],
    hint: row.hint,
    created_at: isoTime(row.created_at),
    expires_at: isoTimeOrNull(row.expires_at),
    last_used_at: isoTimeOrNull(row.last_used_at),
    use_count: row.use_count,
    revokes_at: isoTimeOrNull(row.revokes_at),
    revoked_at: isoTimeOrNull(revokedAt),
    replaced_by: row.replaced_by,
    effective_at: isoTimeOrNull(effectiveAt),
    // No lease reaches past a scheduled end, so there was nothing to wait for.
    lease_bound_ms: row.lease_bound_ms ?? (revokedAt && effectiveAt && effectiveAt - revokedAt),
  };
}

/** The receipt of a revoked key. */
export function revokedKey(key: ApiKey): RevokedKey {
  const { revoked_at, effective_at, lease_bound_ms } = key;
  if (revoked_at === null || effective_at === null || lease_bound_ms === null) throw new Error("not revoked");
  const waited_ms = Date.parse(effective_at) - Date.parse(revoked_at);
  return { ...key, revoked_at, effective_at, lease_bound_ms, waited_ms };
}
