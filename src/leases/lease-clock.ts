/**
 * The clock that leases are measured on.
 *
 * Guarantees that it never runs backwards unnoticed: a step back beyond the tolerance starts a new epoch, which voids
 * every lease of the previous one. It does not detect a clock that jumps ahead.
 */

/** A clock that steps back by no more than this stays in its epoch. The margin that the ledger adds to a lease covers it. */
const CLOCK_TOLERANCE_MS = 20;

export class LeaseClock {
  readonly #read: () => number;
  #latest = Number.NEGATIVE_INFINITY;
  #epoch = 0;

  constructor(read: () => number) {
    this.#read = read;
  }

  /** Unix milliseconds; within an epoch it never decreases. */
  now(): number {
    const now = this.#read();
    if (now < this.#latest - CLOCK_TOLERANCE_MS) {
      this.#epoch += 1;
      this.#latest = now;
    } else if (now > this.#latest) {
      this.#latest = now;
    }
    return this.#latest;
  }

  /** Counts the steps back: a lease of an earlier epoch is void. */
  get epoch(): number {
    return this.#epoch;
  }
}
