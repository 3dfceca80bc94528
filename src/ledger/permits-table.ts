/**
 * The table of rate-limit permits, and every statement on it: one row per holder and window, written when
 * permits are granted or returned. Synchronous.
 */
import type { PermitRecord, PermitStore, WindowId } from "./permit-book.ts";

/** Ordered by the window's end, so old rows are found without a second index. */
const SCHEMA = `
  CREATE TABLE IF NOT EXISTS permits (
    ends_at INTEGER NOT NULL,
    bucket TEXT NOT NULL,
    key_id TEXT NOT NULL,
    holder TEXT NOT NULL,
    revision INTEGER NOT NULL,
    granted INTEGER NOT NULL,
    PRIMARY KEY (ends_at, bucket, key_id, holder)
  ) STRICT, WITHOUT ROWID;
`;

export class PermitsTable implements PermitStore {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
    sql.exec(SCHEMA);
  }

  load({ endsAt, bucket, keyId }: WindowId): Map<string, PermitRecord> {
    const rows = this.#sql.exec<{ holder: string; revision: number; granted: number }>(
      "SELECT holder, revision, granted FROM permits WHERE ends_at = ? AND bucket = ? AND key_id = ?",
      endsAt,
      bucket,
      keyId,
    );
    return new Map([...rows].map(({ holder, revision, granted }) => [holder, { revision, granted }]));
  }

  save({ endsAt, bucket, keyId }: WindowId, holder: string, { revision, granted }: PermitRecord): void {
    this.#sql.exec(
      "INSERT OR REPLACE INTO permits (ends_at, bucket, key_id, holder, revision, granted) VALUES (?, ?, ?, ?, ?, ?)",
      endsAt,
      bucket,
      keyId,
      holder,
      revision,
      granted,
    );
  }

  deleteEndedBefore(moment: number): void {
    this.#sql.exec("DELETE FROM permits WHERE ends_at < ?", moment);
  }
}
