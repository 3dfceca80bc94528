/**
 * Events that time causes: a key will expire soon, has expired, has reached its scheduled revocation, or reaches an
 * age.
 *
 * Guarantees each of them once, also after a restart, and wakes the ledger only when one is due: one row has the moment
 * until which they are written and the moment of the next one. Reminders that were due before the key was created or
 * imported here are not sent.
 */
import { EXPIRES_SOON_MS, ROTATION_AGE_MS } from "../keys/key-state.ts";
import { isoTime } from "../keys/timestamp.ts";
import { type EventsTable, GATEWAY } from "./events-table.ts";
import type { MetadataTable } from "./metadata-table.ts";

const DAY_MS = 86_400_000;
/** A live key is reported when it is due for rotation, and then each period. */
const AGING_PERIOD_MS = 30 * DAY_MS;

/** The row's name in the table of metadata. */
const REMINDERS = "reminders";

interface State {
  /** Every event that was due until then is written. */
  readonly until: number;
  /** null: nothing is due later. */
  readonly next_at: number | null;
}

/** When a key next reaches an age at which it is reported, after the parameter. */
const NEXT_AGING = `created_at + ${ROTATION_AGE_MS} +
  ${AGING_PERIOD_MS} * MAX(0, CAST((? - created_at - ${ROTATION_AGE_MS}) / ${AGING_PERIOD_MS} + 1 AS INTEGER))`;

/** The next reminder of every key and kind. The parameter: the moment after which it is due. */
const REMINDER_TIMES = `
  SELECT id, name, mode, created_at, began_at, expires_at, revokes_at, revoked_at, 'expiring' AS kind,
    expires_at - ${EXPIRES_SOON_MS} AS due FROM keys WHERE state = 'issued' AND expires_at IS NOT NULL
  UNION ALL SELECT id, name, mode, created_at, began_at, expires_at, revokes_at, revoked_at, 'expired', expires_at
    FROM keys WHERE state = 'issued' AND expires_at IS NOT NULL
  UNION ALL SELECT id, name, mode, created_at, began_at, expires_at, revokes_at, revoked_at, 'revoked', revokes_at
    FROM keys WHERE state = 'issued' AND revokes_at IS NOT NULL
  UNION ALL SELECT id, name, mode, created_at, began_at, expires_at, revokes_at, revoked_at, 'aging', ${NEXT_AGING}
    FROM keys WHERE state = 'issued' AND mode = 'live' AND revoked_at IS NULL`;

/** The key is valid until the reminder is due. The tombstone of a scheduled revocation has the scheduled time. */
const IS_DUE = `due > ? AND due > began_at
  AND (revoked_at IS NULL OR (kind = 'revoked' AND revoked_at = revokes_at))
  AND (kind = 'revoked' OR revokes_at IS NULL OR revokes_at > due)
  AND (expires_at IS NULL OR expires_at >= due)`;

type DueRow = {
  id: string;
  name: string;
  kind: "expiring" | "expired" | "revoked" | "aging";
  due: number;
  created_at: number;
  expires_at: number | null;
};

export class KeyReminders {
  readonly #storage: DurableObjectStorage;
  readonly #metadata: MetadataTable;
  readonly #events: EventsTable;
  readonly #scheduleAlarm: (at: number) => Promise<void>;
  #state: State;

  constructor(
    storage: DurableObjectStorage,
    metadata: MetadataTable,
    events: EventsTable,
    scheduleAlarm: (at: number) => Promise<void>,
    now: number,
  ) {
    this.#storage = storage;
    this.#metadata = metadata;
    this.#events = events;
    this.#scheduleAlarm = scheduleAlarm;
    const state = metadata.get(REMINDERS) as State | undefined;
    this.#state = state ?? { until: now, next_at: null };
    if (!state) this.#save({ until: now, next_at: this.#nextAt(now) });
  }

  /** To be called when a key was created or changed: its next reminder may be the ledger's next one. */
  keyChanged(keyId: string): void {
    const { until, next_at } = this.#state;
    const at = this.#nextAt(until, keyId);
    if (at !== null && (next_at === null || at < next_at)) {
      this.#save({ until, next_at: at });
      queueMicrotask(() => void this.#scheduleAlarm(at));
    }
  }

  /** Writes the events that are due, and schedules the next ones. */
  run(now: number): void {
    const { until, next_at } = this.#state;
    if (next_at !== null && next_at <= now) {
      this.#storage.transactionSync(() => {
        for (const row of this.#due(until, now)) this.#write(row, now);
        this.#save({ until: now, next_at: this.#nextAt(now) });
      });
    }
    if (this.#state.next_at !== null) void this.#scheduleAlarm(this.#state.next_at);
  }

  #due(after: number, now: number): DueRow[] {
    return this.#storage.sql
      .exec<DueRow>(
        `SELECT * FROM (${REMINDER_TIMES}) WHERE ${IS_DUE} AND due <= ? ORDER BY due, id`,
        after,
        after,
        now,
      )
      .toArray();
  }

  /** When the first reminder after `after` is due, of one key or of all. */
  #nextAt(after: number, keyId?: string): number | null {
    return this.#storage.sql
      .exec<{ at: number | null }>(
        `SELECT MIN(due) AS at FROM (${REMINDER_TIMES}) WHERE ${IS_DUE} ${keyId ? "AND id = ?" : ""}`,
        after,
        after,
        ...(keyId ? [keyId] : []),
      )
      .one().at;
  }

  #write({ id, name, kind, created_at, expires_at, due }: DueRow, now: number): void {
    const details = {
      expiring: { name, expires_at: expires_at === null ? null : isoTime(expires_at) },
      expired: { name },
      revoked: { reason: "scheduled" },
      aging: { name, age_days: Math.floor((due - created_at) / DAY_MS) },
    }[kind];
    this.#events.add({ at: now, actor: GATEWAY, action: kind, keyId: id, details });
  }

  #save(state: State): void {
    this.#state = state;
    this.#metadata.set(REMINDERS, state);
  }
}
