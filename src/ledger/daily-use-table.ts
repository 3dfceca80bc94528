/**
 * The table of requests per key and UTC day, for the last 30 days. Synchronous. Times are Unix milliseconds.
 *
 * A row has the key's `use_count` before the first use of the day, so a key costs one write a day and at most 30 rows:
 * the row of a day replaces that of 30 days before. Not exact: uses around midnight can count for the next day.
 */

const USAGE_DAYS = 30;
const DAY_MS = 86_400_000;

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS daily_use (
    key_id TEXT NOT NULL,
    slot INTEGER NOT NULL,
    day INTEGER NOT NULL,
    uses_before INTEGER NOT NULL,
    PRIMARY KEY (key_id, slot)
  ) STRICT, WITHOUT ROWID;
`;

type DayRow = { day: number; uses_before: number };

export class DailyUseTable {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
    sql.exec(SCHEMA);
  }

  /** To be called before uses are added to the key. Writes a row for the first uses of a day only. */
  beginDay(keyId: string, usedAt: number): void {
    const day = dayOf(usedAt);
    this.#sql.exec(
      `INSERT INTO daily_use (key_id, slot, day, uses_before) SELECT id, ?, ?, use_count FROM keys WHERE id = ?
       ON CONFLICT (key_id, slot) DO UPDATE SET day = excluded.day, uses_before = excluded.uses_before
       WHERE excluded.day > day`,
      day % USAGE_DAYS,
      day,
      keyId,
    );
  }

  /** Oldest first, days without a request too. `useCount`: all uses of the key so far. */
  requestsPerDay(keyId: string, useCount: number, now: number): { date: string; requests: number }[] {
    const today = dayOf(now);
    const rows = this.#sql
      .exec<DayRow>("SELECT day, uses_before FROM daily_use WHERE key_id = ? ORDER BY day", keyId)
      .toArray();
    const requests = new Map(
      rows.map(({ day, uses_before }, i) => [day, (rows[i + 1]?.uses_before ?? useCount) - uses_before]),
    );
    return Array.from({ length: USAGE_DAYS }, (_, i) => {
      const day = today - USAGE_DAYS + 1 + i;
      return { date: new Date(day * DAY_MS).toISOString().slice(0, 10), requests: requests.get(day) ?? 0 };
    });
  }
}

function dayOf(unixMs: number): number {
  return Math.floor(unixMs / DAY_MS);
}
