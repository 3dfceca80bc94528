/**
 * The clock that leases are measured on. Guarantees that it never runs backwards unnoticed: a step back beyond the
 * tolerance starts a new epoch, which voids every lease of the previous one. It does not detect a clock that jumps ahead.
 */

/**
 * How far a clock may step back and still count as the same clock. The margin that the ledger adds to
 * every lease covers it.
 */
const CLOCK_TOLERANCE_MS = 20;

/** The isolate's clock as leases see it: it never runs backwards, and counts the jumps it hides. */
export class LeaseClock {
  readonly #read: () => number;
  #latest = Number.NEGATIVE_INFINITY;
  #jumps = 0;

  constructor(read: () => number) {
    this.#read = read;
  }

  /** Milliseconds; only differences mean anything. */
  now(): number {
    const now = this.#read();
    if (now < this.#latest - CLOCK_TOLERANCE_MS) {
      this.#jumps += 1;
      this.#latest = now;
    } else if (now > this.#latest) {
      this.#latest = now;
    }
    return this.#latest;
  }

  /** Changes when the clock has jumped back: no lease from before is valid after. */
  get epoch(): number {
    return this.#jumps;
  }
}
