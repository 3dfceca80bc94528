/**
 * The table of rate-limit permits, and every statement on it: a row is written when more permits are reserved for a holder in
 * a window, or reclaimed. Synchronous.
 */
import type { PermitRecord, PermitStore } from "./permit-windows.ts";

/** The primary key is the row itself: an index of its own would be one more row for each write. */
const SCHEMA = `
  CREATE TABLE IF NOT EXISTS permits (
    number INTEGER PRIMARY KEY,
    ends_at INTEGER NOT NULL,
    bucket TEXT NOT NULL,
    key_id TEXT NOT NULL,
    holder TEXT NOT NULL,
    generation INTEGER NOT NULL,
    reserved INTEGER NOT NULL,
    saved_at INTEGER NOT NULL
  ) STRICT;
`;

type PermitRow = { number: number } & { [name in keyof PermitRecord]: PermitRecord[name] };

export class PermitsTable implements PermitStore {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
    sql.exec(SCHEMA);
  }

  *load(): Iterable<readonly [row: number, record: PermitRecord]> {
    const rows = this.#sql.exec<PermitRow>(
      `SELECT number, ends_at AS endsAt, bucket, key_id AS keyId, holder, generation, reserved, saved_at AS savedAt
       FROM permits`,
    );
    for (const { number, ...record } of rows) yield [number, record];
  }

  save(row: number, record: PermitRecord): void {
    const { endsAt, bucket, keyId, holder, generation, reserved, savedAt } = record;
    this.#sql.exec(
      "INSERT OR REPLACE INTO permits VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
      row,
      endsAt,
      bucket,
      keyId,
      holder,
      generation,
      reserved,
      savedAt,
    );
  }
}
