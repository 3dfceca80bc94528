/**
 * The length of leases: `LEASE_MS`, stretched step by step while an account requests more leases than its ledger can
 * serve.
 *
 * Guarantees a length between the shortest and the longest. Grants are counted over the length of one lease, in which
 * every isolate calls about twice for each key in use; their distribution within that time makes no difference.
 * Pure: no clock; the simulator runs it too.
 */

/** One object serves about 1,000 calls a second, of all kinds. */
export const GRANTS_PER_SECOND_MAX = 300;

/** Hysteresis: leases get shorter again only when the shorter ones would use at most this share of the limit. */
const CALM_SHARE = 2 / 3;

/** The factor of one step. */
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

  /** As of the last call of `at`. */
  get ms(): number {
    return this.#ms;
  }

  /** The length of a lease that is granted at `now`. */
  at(now: number): number {
    // A clock that is set back restarts the count.
    if (now < this.#countedFrom) this.#countFrom(now);
    while (now - this.#countedFrom >= this.#ms && this.#ms > this.#shortestMs) this.#adjust();
    if (now - this.#countedFrom >= this.#ms) this.#countFrom(now);
    return this.#ms;
  }

  /** A lease was granted at `now`, of the length that `at` returned. */
  countGrant(now: number): void {
    this.#grants += 1;
    if (this.#ms === this.#longestMs || this.#grants <= this.#grantsIn(this.#ms)) return;
    this.#ms = Math.min(STEP * this.#ms, this.#longestMs);
    this.#countFrom(now);
  }

  /** One lease length has passed: shortens when the same number of grants fits into a shorter one. */
  #adjust(): void {
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
