/**
 * Sends the events of the outbox to `EVENTS_URL`.
 *
 * Guarantees that each is sent at least once, or is marked in the event log after three days; that those of one key are
 * sent in order; and that nothing waits for the receiver: changes, leases and the alarm's other work continue while it
 * is slow or down. It has no timer: the alarm ends an attempt that takes too long, and restarts attempts that a restart
 * of the ledger has interrupted. It does not follow a redirect, and does not read the body of an answer.
 */
import { logDeliveryFailure, logException } from "../log.ts";
import type { WebhookSettings } from "../webhook-settings.ts";
import type { EventsTable } from "./events-table.ts";
import type { OutboxRow, OutboxTable } from "./outbox-table.ts";
import { messageBody, signedHeaders } from "./webhook-message.ts";

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;

/** How long a receiver may take. */
const ATTEMPT_LIMIT_MS = 10 * SECOND_MS;
/** An event that is not delivered after this time is given up. */
const GIVEN_UP_AFTER_MS = 72 * HOUR_MS;
/** Between the attempts of one event; the last one repeats. */
const PAUSES_MS = [
  5 * SECOND_MS,
  5 * MINUTE_MS,
  30 * MINUTE_MS,
  2 * HOUR_MS,
  5 * HOUR_MS,
  10 * HOUR_MS,
  14 * HOUR_MS,
  20 * HOUR_MS,
];
/** Spreads the attempts of ledgers that failed at the same time. */
const JITTER = 0.2;

/** Attempts at the same time; few, to leave connections for the ledger's other calls. */
const CONCURRENCY = 2;

/** Consecutive failures after which all deliveries pause, so that a dead receiver is not called once per event. */
const FAILURES_BEFORE_PAUSE = 5;
const PAUSE_MIN_MS = MINUTE_MS;
const PAUSE_MAX_MS = HOUR_MS;

interface Attempt {
  readonly startedAt: number;
  readonly abort: AbortController;
}

/** The status of a refusal, or why there is no status; null: the message was delivered. */
type Failure = { readonly status: number } | { readonly reason: "timeout" | "unreachable" } | null;

export class EventDelivery {
  readonly #outbox: OutboxTable;
  readonly #events: EventsTable;
  readonly #storage: DurableObjectStorage;
  readonly #settings: WebhookSettings;
  readonly #account: () => string;
  readonly #scheduleAlarm: (at: number) => Promise<void>;
  /** By the event's number. */
  readonly #inFlight = new Map<number, Attempt>();
  #failuresInARow = 0;
  #pausedUntil = Number.NEGATIVE_INFINITY;

  constructor(parts: {
    readonly outbox: OutboxTable;
    readonly events: EventsTable;
    readonly storage: DurableObjectStorage;
    readonly settings: WebhookSettings;
    readonly account: () => string;
    readonly scheduleAlarm: (at: number) => Promise<void>;
  }) {
    this.#outbox = parts.outbox;
    this.#events = parts.events;
    this.#storage = parts.storage;
    this.#settings = parts.settings;
    this.#account = parts.account;
    this.#scheduleAlarm = parts.scheduleAlarm;
  }

  /** Starts what is due and ends what takes too long; schedules its next call. Does not wait for the receiver. */
  run(now: number): void {
    for (const { startedAt, abort } of this.#inFlight.values()) {
      if (now - startedAt >= ATTEMPT_LIMIT_MS) abort.abort();
    }
    const free = now < this.#pausedUntil ? 0 : this.#concurrency - this.#inFlight.size;
    const due = free > 0 ? this.#outbox.due(now, free, this.#inFlightNumbers) : [];
    for (const row of due) this.#start(row, now);
    this.#scheduleNext(now);
  }

  /** After a pause a single attempt shows whether the receiver works again. */
  get #concurrency(): number {
    return this.#failuresInARow >= FAILURES_BEFORE_PAUSE ? 1 : CONCURRENCY;
  }

  get #inFlightNumbers(): number[] {
    return [...this.#inFlight.keys()];
  }

  #start(row: OutboxRow, now: number): void {
    const abort = new AbortController();
    this.#inFlight.set(row.number, { startedAt: now, abort });
    this.#attempt(row, now, abort.signal).catch((error: unknown) => logException("", error));
  }

  async #attempt(row: OutboxRow, startedAt: number, signal: AbortSignal): Promise<void> {
    const event = this.#events.get(row.number);
    const body = event && messageBody(this.#account(), event);
    let failure: Failure = null;
    try {
      if (body) failure = await this.#send(row.message_id, body, startedAt, signal);
    } finally {
      this.#inFlight.delete(row.number);
    }
    const now = Date.now();
    if (failure === null) {
      this.#outbox.remove(row.number);
      this.#failuresInARow = 0;
    } else if (event) {
      this.#recordFailure(row, Date.parse(event.at), failure, now);
    }
    this.run(now);
  }

  async #send(messageId: string, body: string, now: number, signal: AbortSignal): Promise<Failure> {
    const { url, secrets } = this.#settings;
    const headers = await signedHeaders(messageId, body, secrets, now);
    try {
      const response = await fetch(url, { method: "POST", headers, body, redirect: "manual", signal });
      response.body?.cancel().catch(() => {});
      return response.ok ? null : { status: response.status };
    } catch {
      return { reason: signal.aborted ? "timeout" : "unreachable" };
    }
  }

  #recordFailure(row: OutboxRow, eventAt: number, failure: NonNullable<Failure>, now: number): void {
    const pauseMs = PAUSES_MS[Math.min(row.attempts, PAUSES_MS.length - 1)] ?? HOUR_MS;
    const isOver = now - eventAt >= GIVEN_UP_AFTER_MS;
    const jitterMs = Math.round(pauseMs * JITTER * Math.random());
    const nextAt = Math.min(now + pauseMs + jitterMs, eventAt + GIVEN_UP_AFTER_MS);
    const givenUp = this.#storage.transactionSync(() => {
      this.#outbox.postpone(row.number, nextAt);
      return isOver ? this.#outbox.giveUp(now - GIVEN_UP_AFTER_MS, now) : 0;
    });
    this.#failuresInARow += 1;
    const pauses = this.#failuresInARow - FAILURES_BEFORE_PAUSE;
    if (pauses >= 0) this.#pausedUntil = now + Math.min(PAUSE_MIN_MS * 2 ** pauses, PAUSE_MAX_MS);
    const account = this.#account();
    logDeliveryFailure({
      account,
      number: row.number,
      attempts: row.attempts + 1,
      ...failure,
      ...(givenUp > 0 && { given_up: givenUp }),
    });
  }

  #scheduleNext(now: number): void {
    const next = this.#outbox.nextAt(this.#inFlightNumbers);
    const times = [...this.#inFlight.values()].map(({ startedAt }) => startedAt + ATTEMPT_LIMIT_MS);
    const isFull = this.#inFlight.size >= this.#concurrency;
    if (next !== null && !isFull) times.push(Math.max(next, this.#pausedUntil, now));
    if (times.length > 0) void this.#scheduleAlarm(Math.min(...times));
  }
}
