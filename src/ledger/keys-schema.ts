/** The columns of the table of keys; its statements are in keys-table.ts. Times are Unix milliseconds. */
import type { Mode } from "../policy.ts";

export const KEYS_SCHEMA = `
  CREATE TABLE IF NOT EXISTS keys (
    id TEXT PRIMARY KEY,
    account TEXT NOT NULL,
    name TEXT NOT NULL,
    name_folded TEXT NOT NULL DEFAULT '',
    mode TEXT NOT NULL,
    permissions TEXT NOT NULL,
    allowed_ips TEXT NOT NULL DEFAULT '[]',
    limits TEXT,
    labels TEXT NOT NULL DEFAULT '{}',
    hint TEXT NOT NULL,
    hash TEXT NOT NULL UNIQUE,
    created_at INTEGER NOT NULL,
    created_by TEXT NOT NULL DEFAULT '',
    expires_at INTEGER,
    last_used_at INTEGER,
    use_count INTEGER NOT NULL DEFAULT 0,
    revokes_at INTEGER,
    revoked_at INTEGER,
    effective_at INTEGER,
    lease_bound_ms INTEGER,
    replaced_by TEXT,
    suspended_at INTEGER,
    suspension_effective_at INTEGER,
    resumed_at INTEGER,
    restricted_at INTEGER,
    restriction_effective_at INTEGER,
    state TEXT NOT NULL DEFAULT 'creating',
    began_at INTEGER NOT NULL,
    is_imported INTEGER NOT NULL DEFAULT 0
  ) STRICT;
  CREATE INDEX IF NOT EXISTS keys_by_age ON keys (created_at DESC, id DESC) WHERE state = 'issued';
  CREATE INDEX IF NOT EXISTS keys_not_revoked ON keys (created_at DESC, id DESC)
    WHERE state = 'issued' AND revoked_at IS NULL;
  CREATE INDEX IF NOT EXISTS keys_scheduled ON keys (revokes_at) WHERE revoked_at IS NULL AND revokes_at IS NOT NULL;
  CREATE INDEX IF NOT EXISTS keys_minted ON keys (began_at) WHERE is_imported = 0;
  CREATE INDEX IF NOT EXISTS keys_not_issued ON keys (began_at) WHERE state <> 'issued';
`;

export interface KeyRow extends Record<string, SqlStorageValue> {
  id: string;
  account: string;
  name: string;
  /** For searches that ignore case: see `foldCase`. */
  name_folded: string;
  mode: Mode;
  /** JSON array; empty = full access. */
  permissions: string;
  /** JSON array of networks; empty = anywhere. */
  allowed_ips: string;
  /** JSON object; null = the tier's. */
  limits: string | null;
  /** JSON object. */
  labels: string;
  hint: string;
  hash: string;
  created_at: number;
  created_by: string;
  expires_at: number | null;
  last_used_at: number | null;
  use_count: number;
  /** A scheduled revocation: the key is revoked from then on, without a further write. */
  revokes_at: number | null;
  revoked_at: number | null;
  effective_at: number | null;
  /**
   * The longest lease that could be in use at the revocation, margin included; null for a key that ended as scheduled.
   */
  lease_bound_ms: number | null;
  /** The id of its successor; null when it has none, or its scheduled revocation was cancelled. */
  replaced_by: string | null;
  /** null: not suspended. */
  suspended_at: number | null;
  suspension_effective_at: number | null;
  /** The end of the last suspension; null while the key is suspended. */
  resumed_at: number | null;
  /** The last restriction of the key's terms; null when a change has widened them since. */
  restricted_at: number | null;
  restriction_effective_at: number | null;
  /** `issued`: its KV record is written and its secret may be handed out. `abandoned`: that failed. */
  state: "creating" | "issued" | "abandoned";
  /** When its creation in this ledger began; an imported key was created before. */
  began_at: number;
  /** 1: imported from its SHA-256, and claimed; 0: minted here. */
  is_imported: 0 | 1;
}

export type NewKeyRow = Pick<
  KeyRow,
  | "id"
  | "account"
  | "name"
  | "name_folded"
  | "mode"
  | "permissions"
  | "allowed_ips"
  | "limits"
  | "labels"
  | "hint"
  | "hash"
  | "created_at"
  | "created_by"
  | "expires_at"
  | "began_at"
  | "is_imported"
>;
