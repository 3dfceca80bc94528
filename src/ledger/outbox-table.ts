/**
 * The outbox: events that are still to be sent, and every statement on it. Synchronous. Times are Unix milliseconds.
 *
 * Guarantees that an event has one message id however often it is sent, and that only the first row of a key is due, so
 * the events of a key arrive in order.
 */

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS outbox (
    number INTEGER PRIMARY KEY,
    message_id TEXT NOT NULL,
    subject TEXT NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    next_at INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX IF NOT EXISTS outbox_by_subject ON outbox (subject, number);
`;

/** A message id of the Standard Webhooks: unique over all ledgers, also after one was restored. */
const NEW_MESSAGE_ID = "'evt_' || lower(hex(randomblob(16)))";

/** The first row of its key, or of the account. */
const IS_FIRST =
  "NOT EXISTS (SELECT 1 FROM outbox AS earlier WHERE earlier.subject = outbox.subject AND earlier.number < outbox.number)";

export interface OutboxRow extends Record<string, SqlStorageValue> {
  /** The event's number. */
  readonly number: number;
  readonly message_id: string;
  readonly attempts: number;
}

export class OutboxTable {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
    sql.exec(SCHEMA);
  }

  /** Adds every event after `number`. */
  addAllAfter(number: number): void {
    this.#sql.exec(
      `INSERT INTO outbox (number, message_id, subject, next_at)
       SELECT number, ${NEW_MESSAGE_ID}, IFNULL(key_id, ''), at FROM events WHERE number > ?`,
      number,
    );
  }

  /** Rows that are due, in the order of their events, without those that are being sent. */
  due(now: number, limit: number, inFlight: readonly number[]): OutboxRow[] {
    return this.#sql
      .exec<OutboxRow>(
        `SELECT number, message_id, attempts FROM outbox
         WHERE next_at <= ? AND ${IS_FIRST} AND number NOT IN (SELECT value FROM json_each(?))
         ORDER BY number LIMIT ?`,
        now,
        JSON.stringify(inFlight),
        limit,
      )
      .toArray();
  }

  /** When the next row is due; null: the outbox is empty, or all of it is being sent. */
  nextAt(inFlight: readonly number[]): number | null {
    return this.#sql
      .exec<{ at: number | null }>(
        `SELECT MIN(next_at) AS at FROM outbox
         WHERE ${IS_FIRST} AND number NOT IN (SELECT value FROM json_each(?))`,
        JSON.stringify(inFlight),
      )
      .one().at;
  }

  remove(number: number): void {
    this.#sql.exec("DELETE FROM outbox WHERE number = ?", number);
  }

  postpone(number: number, nextAt: number): void {
    this.#sql.exec("UPDATE outbox SET attempts = attempts + 1, next_at = ? WHERE number = ?", nextAt, number);
  }

  /** Removes the rows of events from `before` or earlier, with an event for each; returns their number. */
  giveUp(before: number, now: number): number {
    this.#sql.exec(
      `INSERT INTO events (at, actor, action, key_id, details)
       SELECT ?, 'gateway', 'delivery_failed', events.key_id,
         json_object('event', events.number, 'attempts', outbox.attempts)
       FROM outbox JOIN events USING (number) WHERE events.at <= ? ORDER BY number`,
      now,
      before,
    );
    return this.#sql
      .exec(
        "DELETE FROM outbox WHERE number IN (SELECT number FROM events WHERE at <= ?) RETURNING number",
        before,
      )
      .toArray().length;
  }
}
