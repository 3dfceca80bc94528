/**
 * The clock that leases are measured on.
 *
 * Guarantees that a step back beyond the tolerance starts a new epoch, which voids every lease of the previous one.
 * Only a reading without pending timers detects a step: while a request has a timer, the platform reads no time later
 * than the timer's, so the reading may be old (see `gateway/request-timers.ts`). It does not detect a clock that jumps
 * ahead.
 */

/**
 * A clock that steps back by no more than this stays in its epoch. The margin that the ledger adds to a lease covers
 * it.
 */
const CLOCK_TOLERANCE_MS = 20;

export class LeaseClock {
  readonly #read: () => number;
  #latest = Number.NEGATIVE_INFINITY;
  #epoch = 0;
  #reportedEpoch = 0;

  constructor(read: () => number) {
    this.#read = read;
  }

  /** Unix milliseconds: the latest reading of any request. Within an epoch it never decreases. */
  now(): number {
    this.#latest = Math.max(this.#latest, this.#read());
    return this.#latest;
  }

  /**
   * The same for a request without pending timers: a reading earlier than the latest one means that the clock stepped
   * back.
   */
  checkForStep(): number {
    const now = this.#read();
    if (now < this.#latest - CLOCK_TOLERANCE_MS) {
      this.#epoch += 1;
      this.#latest = now;
    }
    return this.now();
  }

  /** The number of steps back. A lease of an earlier epoch is void. */
  get epoch(): number {
    return this.#epoch;
  }

  /** The number of steps back since the last call, for the metrics. */
  drainSteps(): number {
    const steps = this.#epoch - this.#reportedEpoch;
    this.#reportedEpoch = this.#epoch;
    return steps;
  }
}
