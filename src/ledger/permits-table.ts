/**
 * The table of rate-limit permits, and every statement on it: one row per holder and window, written when more permits
 * are reserved for the holder, or reclaimed. Synchronous.
 */
import type { PermitRecord, PermitStore, WindowId } from "./permit-windows.ts";

/** Ordered by the window's end, so old rows are found without a second index. */
const SCHEMA = `
  CREATE TABLE IF NOT EXISTS permits (
    ends_at INTEGER NOT NULL,
    bucket TEXT NOT NULL,
    key_id TEXT NOT NULL,
    holder TEXT NOT NULL,
    generation INTEGER NOT NULL,
    reserved INTEGER NOT NULL,
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

  load({ endsAt, bucket }: WindowId): PermitRecord[] {
    return this.#sql
      .exec<{ [name in keyof PermitRecord]: PermitRecord[name] }>(
        "SELECT key_id AS keyId, holder, generation, reserved FROM permits WHERE ends_at = ? AND bucket = ?",
        endsAt,
        bucket,
      )
      .toArray();
  }

  save({ endsAt, bucket }: WindowId, record: PermitRecord, at: number): void {
    const { keyId, holder, generation, reserved } = record;
    this.#sql.exec(
      "INSERT OR REPLACE INTO permits VALUES (?, ?, ?, ?, ?, ?, ?)",
      endsAt,
      bucket,
      keyId,
      holder,
      generation,
      reserved,
      at,
    );
  }

  lastSavedAt(): number | null {
    return this.#sql.exec<{ at: number | null }>("SELECT MAX(saved_at) AS at FROM permits").one().at;
  }

  deleteEndedBefore(moment: number): void {
    this.#sql.exec("DELETE FROM permits WHERE ends_at < ?", moment);
  }
}
