/**
 * The table of rate-limit permits, and every statement on it: one row per holder and window, written when
 * permits are granted or returned. Synchronous.
 */
import type { Bucket } from "../rate-limits.ts";
import type { PermitRecord, PermitStore, WindowId } from "./permit-window-book.ts";

/** Ordered by the window's end, so old rows are found without a second index. */
const SCHEMA = `
  CREATE TABLE IF NOT EXISTS permits (
    ends_at INTEGER NOT NULL,
    bucket TEXT NOT NULL,
    key_id TEXT NOT NULL,
    holder TEXT NOT NULL,
    revision INTEGER NOT NULL,
    granted INTEGER NOT NULL,
    saved_at INTEGER NOT NULL,
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

  save(
    { endsAt, bucket, keyId }: WindowId,
    holder: string,
    { revision, granted }: PermitRecord,
    at: number,
  ): void {
    this.#sql.exec(
      "INSERT OR REPLACE INTO permits (ends_at, bucket, key_id, holder, revision, granted, saved_at) VALUES (?, ?, ?, ?, ?, ?, ?)",
      endsAt,
      bucket,
      keyId,
      holder,
      revision,
      granted,
      at,
    );
  }

  totalGranted(endsAt: number, bucket: Bucket): number {
    const { total } = this.#sql
      .exec<{ total: number }>(
        "SELECT COALESCE(SUM(granted), 0) AS total FROM permits WHERE ends_at = ? AND bucket = ?",
        endsAt,
        bucket,
      )
      .one();
    return total;
  }

  lastSavedAt(): number | null {
    return this.#sql.exec<{ at: number | null }>("SELECT MAX(saved_at) AS at FROM permits").one().at;
  }

  deleteEndedBefore(moment: number): void {
    this.#sql.exec("DELETE FROM permits WHERE ends_at < ?", moment);
  }
}
