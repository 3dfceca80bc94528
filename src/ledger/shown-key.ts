/** A key's row as the control plane shows it. Pure: the moment it is now is passed in, as Unix milliseconds. */
import type { KeyObject } from "../keys/key-object.ts";
import type { Permission } from "../policy.ts";
import type { KeyRow } from "./keys-table.ts";

/** A scheduled revocation needs nobody to carry it out: from its moment on the key is revoked. */
export function isRevoked(row: KeyRow, now: number): boolean {
  return row.revoked_at !== null || (row.revokes_at !== null && row.revokes_at <= now);
}

/** The key as the control plane shows it at `now`. */
export function keyObject(row: KeyRow, now: number): KeyObject {
  const endedAt = row.revokes_at !== null && row.revokes_at <= now ? row.revokes_at : null;
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
    revoked_at: isoTimeOrNull(row.revoked_at ?? endedAt),
    effective_at: isoTimeOrNull(row.effective_at ?? endedAt),
  };
}

export function isoTime(unixMs: number): string {
  return new Date(unixMs).toISOString();
}

function isoTimeOrNull(unixMs: number | null): string | null {
  return unixMs === null ? null : isoTime(unixMs);
}
