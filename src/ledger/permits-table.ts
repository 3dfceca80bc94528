/**
 * The ledger's table of rate-limit permits, and every statement on it: one row per holder and window, written when
 * permits are granted or given up. Synchronous.
 */
import type { PermitRecord, PermitStore, WindowName } from "./permit-book.ts";

/** Ordered by the window's end, so that old ones are found and removed without an index of their own. */
const SCHEMA = `
  CREATE TABLE IF NOT EXISTS permits (
    ends_at INTEGER NOT NULL,
    bucket TEXT NOT NULL,
    key_id TEXT NOT NULL,
    holder TEXT NOT NULL,
    number INTEGER NOT NULL,
    cap INTEGER NOT NULL,
    PRIMARY KEY (ends_at, bucket, key_id, holder)
  ) STRICT, WITHOUT ROWID;
`;

export class PermitsTable implements PermitStore {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
    sql.exec(SCHEMA);
  }

  load({ endsAt, bucket, keyId }: WindowName): Map<string, PermitRecord> {
    const rows = this.#sql.exec<{ holder: string; number: number; cap: number }>(
      "SELECT holder, number, cap FROM permits WHERE ends_at = ? AND bucket = ? AND key_id = ?",
      endsAt,
      bucket,
      keyId,
    );
    return new Map([...rows].map(({ holder, number, cap }) => [holder, { number, cap }]));
  }

  save({ endsAt, bucket, keyId }: WindowName, holder: string, { number, cap }: PermitRecord): void {
    this.#sql.exec(
      "INSERT OR REPLACE INTO permits (ends_at, bucket, key_id, holder, number, cap) VALUES (?, ?, ?, ?, ?, ?)",
      endsAt,
      bucket,
      keyId,
      holder,
      number,
      cap,
    );
  }

  forgetEndedBefore(moment: number): void {
    this.#sql.exec("DELETE FROM permits WHERE ends_at < ?", moment);
  }
}
