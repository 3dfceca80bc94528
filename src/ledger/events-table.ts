/**
 * The event log: who did what, when. Synchronous.
 *
 * Guarantees that it is append-only: no statement here changes or removes an event.
 */
import type { LedgerEvent } from "../keys/api-key.ts";
import { isoTime } from "../keys/timestamp.ts";
import { CLOCK_STEP_MAX_MS } from "./lease-book.ts";

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS events (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    actor TEXT NOT NULL,
    claimed_actor TEXT,
    action TEXT NOT NULL,
    key_id TEXT,
    details TEXT NOT NULL
  ) STRICT;
  CREATE INDEX IF NOT EXISTS events_by_key ON events (key_id, number);
`;

type EventRow = {
  number: number;
  at: number;
  actor: string;
  claimed_actor: string | null;
  action: string;
  key_id: string | null;
  details: string;
  key_name: string | null;
  key_hint: string | null;
};

export interface EventFilter {
  readonly keyId?: string | undefined;
  readonly action?: LedgerEvent["action"] | undefined;
  /** Oldest first, from this time on (Unix milliseconds). */
  readonly since?: number | undefined;
}

/** Who did it. */
export interface Actor {
  /** The name of the credential, which no caller can choose. */
  readonly name: string;
  /** What the caller says of itself; null: nothing. */
  readonly claimed: string | null;
}

export interface NewEvent {
  readonly at: number;
  readonly actor: Actor;
  readonly action: LedgerEvent["action"];
  /** null: about the account. */
  readonly keyId: string | null;
  readonly details?: LedgerEvent["details"];
}

/** The actor of events that no call causes. */
export const GATEWAY: Actor = { name: "gateway", claimed: null };

/**
 * Called in the transaction that adds the events after `number`; `keyId` is null for many keys, and for the account.
 */
export type EventObserver = (action: LedgerEvent["action"], number: number, keyId: string | null) => void;

export class EventsTable {
  readonly #sql: SqlStorage;
  #observe: EventObserver = () => {};

  constructor(sql: SqlStorage) {
    this.#sql = sql;
    sql.exec(SCHEMA);
  }

  observeWith(observe: EventObserver): void {
    this.#observe = observe;
  }

  add({ at, actor, action, keyId, details = {} }: NewEvent): void {
    const { number } = this.#sql
      .exec<{ number: number }>(
        `INSERT INTO events (at, actor, claimed_actor, action, key_id, details) VALUES (?, ?, ?, ?, ?, ?)
         RETURNING number`,
        at,
        actor.name,
        actor.claimed,
        action,
        keyId,
        JSON.stringify(details),
      )
      .one();
    this.#observe(action, number - 1, keyId);
  }

  /** Adds the same event for each of these keys, in one statement. A bound value has at most 2 MB: about 60,000 ids. */
  addForEach(keyIds: readonly string[], { at, actor, action, details = {} }: Omit<NewEvent, "keyId">): void {
    if (keyIds.length === 0) return;
    const last = this.#lastNumber();
    this.#sql.exec(
      `INSERT INTO events (at, actor, claimed_actor, action, key_id, details)
       SELECT ?, ?, ?, ?, value, ? FROM json_each(?)`,
      at,
      actor.name,
      actor.claimed,
      action,
      JSON.stringify(details),
      JSON.stringify(keyIds),
    );
    this.#observe(action, last, null);
  }

  get(number: number): LedgerEvent | undefined {
    return this.#sql.exec<EventRow>(`${SELECT} WHERE number = ?`, number).toArray().map(toEvent)[0];
  }

  /** Of these keys, those that have an event of this action. */
  keysWith(action: LedgerEvent["action"], keyIds: readonly string[]): string[] {
    return this.#sql
      .exec<{ key_id: string }>(
        "SELECT DISTINCT key_id FROM events WHERE key_id IN (SELECT value FROM json_each(?)) AND action = ?",
        JSON.stringify(keyIds),
        action,
      )
      .toArray()
      .map(({ key_id }) => key_id);
  }

  hasAny(): boolean {
    return this.#sql.exec("SELECT 1 FROM events LIMIT 1").toArray().length > 0;
  }

  /** At most `limit`: newest first and before the event `position`, or with `since` oldest first and after it. */
  page(limit: number, position: number | null, { keyId, action, since }: EventFilter): LedgerEvent[] {
    const isForward = since !== undefined;
    const earliest = since ? Math.max(position ?? 0, this.#numberBefore(since)) : (position ?? 0);
    const conditions = [
      isForward ? "number > ? AND at >= ?" : "number < ?",
      ...(keyId ? ["key_id = ?"] : []),
      ...(action ? ["action = ?"] : []),
    ];
    return this.#sql
      .exec<EventRow>(
        `${SELECT} WHERE ${conditions.join(" AND ")} ORDER BY number ${isForward ? "ASC" : "DESC"} LIMIT ?`,
        isForward ? earliest : (position ?? Number.MAX_SAFE_INTEGER),
        ...[since, keyId, action].filter((value) => value !== undefined),
        limit,
      )
      .toArray()
      .map(toEvent);
  }

  /**
   * A number that is less than that of every event from `since` on, found by bisection: numbers are in the order of
   * time, unless the clock has stepped back, and an index on time would cost a row with each event.
   */
  #numberBefore(since: number): number {
    const from = since - CLOCK_STEP_MAX_MS;
    let low = 0;
    let high = this.#lastNumber();
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      const [next] = this.#sql
        .exec<{ at: number }>("SELECT at FROM events WHERE number > ? ORDER BY number LIMIT 1", middle)
        .toArray();
      if (next === undefined || next.at >= from) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  #lastNumber(): number {
    return (
      this.#sql.exec<{ number: number | null }>("SELECT MAX(number) AS number FROM events").one().number ?? 0
    );
  }
}

/** With the present name of its key. */
const SELECT = `SELECT events.*, keys.name AS key_name, keys.hint AS key_hint
  FROM events LEFT JOIN keys ON keys.id = events.key_id`;

function toEvent(row: EventRow): LedgerEvent {
  return {
    number: row.number,
    at: isoTime(row.at),
    actor: row.actor,
    claimed_actor: row.claimed_actor,
    action: row.action as LedgerEvent["action"],
    key_id: row.key_id,
    key_name: row.key_name,
    key_hint: row.key_hint,
    details: JSON.parse(row.details) as LedgerEvent["details"],
  };
}
