/**
 * The table of keys, and every statement on it. Times are Unix milliseconds. Synchronous.
 *
 * A revoked key is a tombstone: no statement here clears `revoked_at` or removes a key that was issued.
 */
import type { Mode } from "../policy.ts";
import type { RevocationTiming } from "./lease-book.ts";

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS keys (
    id TEXT PRIMARY KEY,
    account TEXT NOT NULL,
    name TEXT NOT NULL,
    mode TEXT NOT NULL,
    permissions TEXT NOT NULL,
    hint TEXT NOT NULL,
    hash TEXT NOT NULL UNIQUE,
    created_at INTEGER NOT NULL,
    expires_at INTEGER,
    last_used_at INTEGER,
    use_count INTEGER NOT NULL DEFAULT 0,
    revokes_at INTEGER,
    revoked_at INTEGER,
    effective_at INTEGER,
    lease_bound_ms INTEGER,
    state TEXT NOT NULL DEFAULT 'creating',
    began_at INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX IF NOT EXISTS keys_by_age ON keys (created_at DESC, id DESC) WHERE state = 'issued';
  CREATE INDEX IF NOT EXISTS keys_not_revoked ON keys (created_at DESC, id DESC)
    WHERE state = 'issued' AND revoked_at IS NULL;
  CREATE INDEX IF NOT EXISTS keys_scheduled ON keys (revokes_at) WHERE revoked_at IS NULL AND revokes_at IS NOT NULL;
  CREATE INDEX IF NOT EXISTS keys_not_issued ON keys (began_at) WHERE state <> 'issued';
`;

export interface KeyRow extends Record<string, SqlStorageValue> {
  id: string;
  account: string;
  name: string;
  mode: Mode;
  /** JSON array; empty = full access. */
  permissions: string;
  hint: string;
  hash: string;
  created_at: number;
  expires_at: number | null;
  last_used_at: number | null;
  use_count: number;
  /** A scheduled revocation: the key is revoked from then on, without a further write. */
  revokes_at: number | null;
  revoked_at: number | null;
  effective_at: number | null;
  /** The longest that any lease had to run at the revocation; null also for a key that has ended as scheduled. */
  lease_bound_ms: number | null;
  /** `issued`: its KV record is written and its secret may be handed out. `abandoned`: that failed. */
  state: "creating" | "issued" | "abandoned";
  /** When its creation in this ledger began; an imported key was created before. */
  began_at: number;
}

export type NewKeyRow = Pick<
  KeyRow,
  | "id"
  | "account"
  | "name"
  | "mode"
  | "permissions"
  | "hint"
  | "hash"
  | "created_at"
  | "expires_at"
  | "began_at"
>;

/** The last key of a page; the next page begins after it. */
export interface KeyPosition {
  readonly createdAt: number;
  readonly id: string;
}

export interface KeyFilter {
  readonly mode?: Mode | undefined;
  readonly createdBefore?: number | undefined;
}

export class KeysTable {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
    sql.exec(SCHEMA);
  }

  /** An issued key, revoked or not. */
  issued(id: string): KeyRow | undefined {
    return this.#sql.exec<KeyRow>("SELECT * FROM keys WHERE id = ? AND state = 'issued'", id).toArray()[0];
  }

  byHash(hash: string): KeyRow | undefined {
    return this.#sql.exec<KeyRow>("SELECT * FROM keys WHERE hash = ?", hash).toArray()[0];
  }

  /** Newest first, at most `limit`, after a position. */
  page(limit: number, after: KeyPosition | null, includeRevoked: boolean): KeyRow[] {
    return this.#sql
      .exec<KeyRow>(
        `SELECT * FROM keys WHERE state = 'issued' AND (created_at, id) < (?, ?)
         ${includeRevoked ? "" : "AND revoked_at IS NULL"} ORDER BY created_at DESC, id DESC LIMIT ?`,
        after?.createdAt ?? Number.MAX_SAFE_INTEGER,
        after?.id ?? "",
        limit,
      )
      .toArray();
  }

  /** Whether the account has ever had a key. */
  hasAny(): boolean {
    return this.#sql.exec("SELECT 1 FROM keys WHERE state = 'issued' LIMIT 1").toArray().length > 0;
  }

  add(key: NewKeyRow): void {
    this.#sql.exec(
      `INSERT INTO keys (id, account, name, mode, permissions, hint, hash, created_at, expires_at, began_at)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      key.id,
      key.account,
      key.name,
      key.mode,
      key.permissions,
      key.hint,
      key.hash,
      key.created_at,
      key.expires_at,
      key.began_at,
    );
  }

  /** The issued key; undefined when its creation was abandoned meanwhile, or another call issued it. */
  issue(id: string): KeyRow | undefined {
    return this.#sql
      .exec<KeyRow>("UPDATE keys SET state = 'issued' WHERE id = ? AND state = 'creating' RETURNING *", id)
      .toArray()[0];
  }

  /** Undoes `issue` in the same transaction: the key's secret was never handed out. */
  undoIssue(id: string): void {
    this.#sql.exec("UPDATE keys SET state = 'abandoned' WHERE id = ?", id);
  }

  rename(id: string, name: string): void {
    this.#sql.exec("UPDATE keys SET name = ? WHERE id = ?", name, id);
  }

  /** Schedules the revocation of a key that is not revoked; null withdraws it. */
  schedule(id: string, revokesAt: number | null): void {
    this.#sql.exec("UPDATE keys SET revokes_at = ? WHERE id = ? AND revoked_at IS NULL", revokesAt, id);
  }

  /** The first revocation stands: false when the key was revoked already. */
  revoke(id: string, revokedAt: number, { effectiveAt, leaseBoundMs }: RevocationTiming): boolean {
    const changed = this.#sql.exec(
      `UPDATE keys SET revoked_at = ?, effective_at = ?, lease_bound_ms = ?
       WHERE id = ? AND revoked_at IS NULL RETURNING id`,
      revokedAt,
      effectiveAt,
      leaseBoundMs,
      id,
    );
    return changed.toArray().length > 0;
  }

  /**
   * Writes a tombstone for every key whose scheduled end has passed. It is revoked without one too; with it, an index
   * skips the key, and a clock that is behind cannot make it valid again.
   */
  revokeEnded(now: number): void {
    this.#sql.exec(
      `UPDATE keys SET revoked_at = revokes_at, effective_at = revokes_at
       WHERE revoked_at IS NULL AND revokes_at IS NOT NULL AND revokes_at <= ?`,
      now,
    );
  }

  /** Revokes every matching key without a tombstone, in one statement; returns their ids. */
  revokeAll(
    { mode, createdBefore }: KeyFilter,
    revokedAt: number,
    { effectiveAt, leaseBoundMs }: RevocationTiming,
  ): string[] {
    return this.#sql
      .exec<{ id: string }>(
        `UPDATE keys SET revoked_at = ?, effective_at = ?, lease_bound_ms = ?
         WHERE state = 'issued' AND revoked_at IS NULL AND mode LIKE ? AND created_at < ? RETURNING id`,
        revokedAt,
        effectiveAt,
        leaseBoundMs,
        mode ?? "%",
        createdBefore ?? Number.MAX_SAFE_INTEGER,
      )
      .toArray()
      .map(({ id }) => id);
  }

  addUsage(id: string, lastUsedAt: number, uses: number): void {
    this.#sql.exec(
      "UPDATE keys SET last_used_at = ?, use_count = use_count + ? WHERE id = ?",
      lastUsedAt,
      uses,
      id,
    );
  }

  /** Abandons every creation that began before `before`; returns all abandoned ones that are not yet removed. */
  abandonCreations(before: number): { id: string; hash: string }[] {
    this.#sql.exec("UPDATE keys SET state = 'abandoned' WHERE state = 'creating' AND began_at < ?", before);
    return this.#sql
      .exec<{ id: string; hash: string }>("SELECT id, hash FROM keys WHERE state = 'abandoned'")
      .toArray();
  }

  removeAbandoned(id: string): void {
    this.#sql.exec("DELETE FROM keys WHERE id = ? AND state = 'abandoned'", id);
  }

  hasUnissued(): boolean {
    return this.#sql.exec("SELECT 1 FROM keys WHERE state <> 'issued' LIMIT 1").toArray().length > 0;
  }
}
