/**
 * Waiting for unused permits that other isolates hand back, when the ledger has none left.
 *
 * Guarantees that on one isolate one request of a key waits at a time, and not for longer than it takes an isolate whose
 * requests have stopped to hand back what it holds.
 */
import { IDLE_MAX_MS } from "./protocol.ts";

/** Above the silence that precedes a return: for its way to the ledger. */
const RETURN_TRIP_MS = 700;

/** The ledger is asked again this many times in the silence. */
const POLLS = 8;
const POLL_MIN_MS = 25;

export interface ReturnWait {
  readonly pollMs: number;
  isOver(): boolean;
  end(): void;
}

export class ReturnWaits {
  readonly #now: () => number;
  /** The flag has a time limit: the platform may end the request that waits. */
  #takenUntil = Number.NEGATIVE_INFINITY;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** null: another request waits already. */
  start(leaseMs: number): ReturnWait | null {
    const startedAt = this.#now();
    const silenceMs = Math.min(leaseMs, IDLE_MAX_MS);
    const longestMs = silenceMs + RETURN_TRIP_MS;
    const isTaken = startedAt < this.#takenUntil && startedAt > this.#takenUntil - 2 * longestMs;
    if (isTaken) return null;
    this.#takenUntil = startedAt + longestMs;
    return {
      pollMs: Math.max(POLL_MIN_MS, Math.ceil(silenceMs / POLLS)),
      isOver: () => this.#now() >= startedAt + longestMs || this.#now() < startedAt,
      end: () => {
        this.#takenUntil = Number.NEGATIVE_INFINITY;
      },
    };
  }
}
