/**
 * How long leases are: `LEASE_MS`, and longer, step by step, while an account asks for more than its ledger could give.
 *
 * Guarantees a length between the two it was made with. Grants are counted for as long as one lease lasts, in which
 * every isolate asks about twice for each key that it uses: how they are spread over that time makes no difference.
 * Pure: no clock; the simulator runs it too.
 */

/** One object serves about 1,000 calls a second, and has other things to do. */
export const GRANTS_PER_SECOND_MAX = 300;

/** Leases get shorter again when no more than this part of it would come of that, so that they are not longer at once. */
const CALM_SHARE = 2 / 3;

/** How much longer leases get at a time. */
export const STEP = 2;

export class LeaseLength {
  readonly #shortestMs: number;
  readonly #longestMs: number;
  readonly #grantsPerSecondMax: number;
  #ms: number;
  #countedFrom: number;
  #grants = 0;

  constructor(shortestMs: number, longestMs: number, startedAt: number, grantsPerSecondMax: number) {
    this.#shortestMs = shortestMs;
    this.#longestMs = longestMs;
    this.#grantsPerSecondMax = grantsPerSecondMax;
    this.#ms = shortestMs;
    this.#countedFrom = startedAt;
  }

  /** As it was when it was asked for last. */
  get ms(): number {
    return this.#ms;
  }

  /** The length of a lease that is given at `now`. */
  at(now: number): number {
    // A clock that is set back begins the count anew.
    if (now < this.#countedFrom) this.#countFrom(now);
    while (now - this.#countedFrom >= this.#ms && this.#ms > this.#shortestMs) this.#judge();
    if (now - this.#countedFrom >= this.#ms) this.#countFrom(now);
    return this.#ms;
  }

  /** A lease was given at `now`, of the length that was named for that moment. */
  countGrant(now: number): void {
    this.#grants += 1;
    if (this.#ms === this.#longestMs || this.#grants <= this.#grantsIn(this.#ms)) return;
    this.#ms = Math.min(STEP * this.#ms, this.#longestMs);
    this.#countFrom(now);
  }

  /** The time of one lease is over: would as many grants fit into the time of a shorter one? */
  #judge(): void {
    const endedAt = this.#countedFrom + this.#ms;
    const shorterMs = Math.max(this.#shortestMs, Math.ceil(this.#ms / STEP));
    if (this.#grants <= CALM_SHARE * this.#grantsIn(shorterMs)) this.#ms = shorterMs;
    this.#countFrom(endedAt);
  }

  #grantsIn(ms: number): number {
    return (this.#grantsPerSecondMax * ms) / 1000;
  }

  #countFrom(moment: number): void {
    this.#countedFrom = moment;
    this.#grants = 0;
  }
}
