/**
 * The table of keys: every statement that changes it, and reads of single rows. `key-listing.ts` has the other reads.
 * Times are Unix milliseconds. Synchronous.
 *
 * Guarantees that a revoked key stays a tombstone: no statement clears `revoked_at` or removes a key that was issued.
 */
import { foldCase, type KeyFilter, MATCHES, matching } from "./key-listing.ts";
import { KEYS_SCHEMA, type KeyRow, type NewKeyRow } from "./keys-schema.ts";
import type { RevocationTiming } from "./lease-book.ts";

/** The columns that have no statement of their own. */
export type ChangeableColumn = "permissions" | "allowed_ips" | "limits" | "expires_at" | "revokes_at";

const REVOKE_AS_SCHEDULED = `UPDATE keys SET revoked_at = revokes_at,
  effective_at = MAX(revokes_at, IFNULL(restriction_effective_at, revokes_at))`;

export class KeysTable {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
    sql.exec(KEYS_SCHEMA);
  }

  /** An issued key, revoked or not. */
  issued(id: string): KeyRow | undefined {
    return this.#sql.exec<KeyRow>("SELECT * FROM keys WHERE id = ? AND state = 'issued'", id).toArray()[0];
  }

  /** The same by its hash. `account`: the account that the key must belong to; null: any. */
  issuedByHash(hash: string, account: string | null): KeyRow | undefined {
    const row = this.byHash(hash);
    return row?.state === "issued" && row.account === (account ?? row.account) ? row : undefined;
  }

  byHash(hash: string): KeyRow | undefined {
    return this.#sql.exec<KeyRow>("SELECT * FROM keys WHERE hash = ?", hash).toArray()[0];
  }

  /** Whether the ledger has a row for this id, issued or not. */
  has(id: string): boolean {
    return this.#sql.exec("SELECT 1 FROM keys WHERE id = ?", id).toArray().length > 0;
  }

  add(key: NewKeyRow): void {
    this.#sql.exec(
      `INSERT INTO keys
         (id, account, name, name_folded, mode, permissions, allowed_ips, limits, labels, hint, hash, created_at,
          created_by, expires_at, began_at, is_imported)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      key.id,
      key.account,
      key.name,
      key.name_folded,
      key.mode,
      key.permissions,
      key.allowed_ips,
      key.limits,
      key.labels,
      key.hint,
      key.hash,
      key.created_at,
      key.created_by,
      key.expires_at,
      key.began_at,
      key.is_imported,
    );
  }

  /** A failed creation is tried again: the time after which it is abandoned starts again. */
  restartCreation(id: string, now: number): void {
    this.#sql.exec("UPDATE keys SET began_at = ? WHERE id = ? AND state = 'creating'", now, id);
  }

  /** Removes a creation that has written no KV record. */
  removeCreation(id: string): void {
    this.#sql.exec("DELETE FROM keys WHERE id = ? AND state = 'creating'", id);
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
    this.#sql.exec("UPDATE keys SET name = ?, name_folded = ? WHERE id = ?", name, foldCase(name), id);
  }

  setLabels(id: string, labels: string): void {
    this.#sql.exec("UPDATE keys SET labels = ? WHERE id = ?", labels, id);
  }

  /** Not `revokes_at: null`: see `cancelRevocation`. */
  change<Column extends ChangeableColumn>(id: string, column: Column, value: KeyRow[Column]): void {
    this.#sql.exec(`UPDATE keys SET ${column} = ? WHERE id = ? AND revoked_at IS NULL`, value, id);
  }

  /** Sets the receipt of the last restriction of the key's terms; null: a later change widened them. */
  setRestriction(id: string, receipt: { readonly at: number; readonly effectiveAt: number } | null): void {
    this.#sql.exec(
      "UPDATE keys SET restricted_at = ?, restriction_effective_at = ? WHERE id = ?",
      receipt?.at ?? null,
      receipt?.effectiveAt ?? null,
      id,
    );
  }

  suspend(id: string, at: number, effectiveAt: number): void {
    this.#sql.exec(
      "UPDATE keys SET suspended_at = ?, suspension_effective_at = ?, resumed_at = NULL WHERE id = ?",
      at,
      effectiveAt,
      id,
    );
  }

  resume(id: string, at: number): void {
    this.#sql.exec("UPDATE keys SET suspended_at = NULL, resumed_at = ? WHERE id = ?", at, id);
  }

  /** Cancels the scheduled revocation of a key that is not revoked; its successor no longer replaces it. */
  cancelRevocation(id: string): void {
    this.#sql.exec(
      "UPDATE keys SET revokes_at = NULL, replaced_by = NULL WHERE id = ? AND revoked_at IS NULL",
      id,
    );
  }

  setSuccessor(id: string, successorId: string): void {
    this.#sql.exec("UPDATE keys SET replaced_by = ? WHERE id = ?", successorId, id);
  }

  /** Revokes the key; returns false when it was revoked already: the first revocation stands. */
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
   * Writes tombstones for at most `limit` keys whose scheduled end has passed; returns their number. Such a key is
   * revoked without a tombstone too. With it, an index skips the key, and a clock that steps back cannot make it valid.
   */
  revokeEnded(now: number, limit: number): number {
    return this.#sql
      .exec(
        `${REVOKE_AS_SCHEDULED} WHERE rowid IN
           (SELECT rowid FROM keys WHERE revoked_at IS NULL AND revokes_at IS NOT NULL AND revokes_at <= ? LIMIT ?)
         RETURNING id`,
        now,
        limit,
      )
      .toArray().length;
  }

  /** The same for one key, if its scheduled end has passed. */
  revokeIfEnded(id: string, now: number): void {
    this.#sql.exec(`${REVOKE_AS_SCHEDULED} WHERE id = ? AND revoked_at IS NULL AND revokes_at <= ?`, id, now);
  }

  /** Revokes at most `limit` matching keys without a tombstone; returns their ids. */
  revokeAll(
    filter: KeyFilter,
    revokedAt: number,
    { effectiveAt, leaseBoundMs }: RevocationTiming,
    limit: number,
  ): string[] {
    return this.#sql
      .exec<{ id: string }>(
        `UPDATE keys SET revoked_at = ?, effective_at = ?, lease_bound_ms = ?
         WHERE rowid IN (SELECT rowid FROM keys
           WHERE state = 'issued' AND revoked_at IS NULL AND ${MATCHES} LIMIT ?) RETURNING id`,
        revokedAt,
        effectiveAt,
        leaseBoundMs,
        ...matching(filter),
        limit,
      )
      .toArray()
      .map(({ id }) => id);
  }

  /** The last use never moves back, even if the clock is behind after a restart. */
  addUsage(id: string, lastUsedAt: number, uses: number): void {
    this.#sql.exec(
      "UPDATE keys SET last_used_at = MAX(?, IFNULL(last_used_at, 0)), use_count = use_count + ? WHERE id = ?",
      lastUsedAt,
      uses,
      id,
    );
  }

  /** Abandons every creation of a matching key; returns their number. */
  abandonCreations(filter: KeyFilter): number {
    return this.#sql
      .exec(
        `UPDATE keys SET state = 'abandoned' WHERE state = 'creating' AND ${MATCHES} RETURNING id`,
        ...matching(filter),
      )
      .toArray().length;
  }

  /** Abandons every creation that began before `before`. */
  abandonOverdue(before: number): void {
    this.#sql.exec("UPDATE keys SET state = 'abandoned' WHERE state = 'creating' AND began_at < ?", before);
  }

  /** Abandoned creations that are not yet removed. */
  abandoned(limit: number): KeyRow[] {
    return this.#sql.exec<KeyRow>("SELECT * FROM keys WHERE state = 'abandoned' LIMIT ?", limit).toArray();
  }

  removeAbandoned(id: string): void {
    this.#sql.exec("DELETE FROM keys WHERE id = ? AND state = 'abandoned'", id);
  }

  hasUnissued(): boolean {
    return this.#sql.exec("SELECT 1 FROM keys WHERE state <> 'issued' LIMIT 1").toArray().length > 0;
  }
}
