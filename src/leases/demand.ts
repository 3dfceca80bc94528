/**
 * The measured rate of requests with one key in one bucket, and the requests that wait for a permit. Pure.
 *
 * A single request, or a burst, is not a rate: permits are granted ahead only for a key that this isolate uses
 * steadily.
 */

/** A key with fewer requests in a period gets no permits ahead. */
const STEADY_REQUESTS = 1.5;

/** A burst: its requests count as spread over this share of a period. */
const BURST_SHARE = 1 / 8;

export class Demand {
  /** `waiting` in the last report. */
  reportedWaiting = 0;
  #waiting = 0;
  #lastAt = Number.NEGATIVE_INFINITY;
  #from = Number.NEGATIVE_INFINITY;
  #count = 0;
  #countBefore = 0;

  get waiting(): number {
    return this.#waiting;
  }

  /** Counts a request that waits for a permit, until the returned function is called. */
  startWaiting(): () => void {
    this.#waiting += 1;
    let isWaiting = true;
    return () => {
      if (isWaiting) this.#waiting -= 1;
      isWaiting = false;
    };
  }

  /** A request was admitted. */
  record(now: number, periodMs: number): void {
    this.#roll(now, periodMs);
    this.#count += 1;
    this.#lastAt = now;
  }

  /**
   * The number of requests that are expected in the next `ms`, at the rate of this period and the one before. In a
   * first period it predicts no further ahead than it has measured.
   */
  expected(ms: number, now: number, periodMs: number): number {
    this.#roll(now, periodMs);
    const sinceMs = now - this.#from;
    if (this.#countBefore === 0) {
      const perMs = this.#count < 2 ? 0 : this.#count / Math.max(sinceMs, BURST_SHARE * periodMs);
      return perMs * Math.min(ms, sinceMs);
    }
    const perMs = (this.#countBefore + this.#count) / (periodMs + sinceMs);
    return perMs * periodMs < STEADY_REQUESTS ? 0 : perMs * ms;
  }

  /** Milliseconds until there has been no request for `idleTimeoutMs`. */
  msUntilIdle(now: number, idleTimeoutMs: number): number {
    // A clock that has stepped back starts the time again.
    this.#lastAt = Math.min(this.#lastAt, now);
    return this.waiting > 0 ? idleTimeoutMs : this.#lastAt + idleTimeoutMs - now;
  }

  #roll(now: number, periodMs: number): void {
    const passedMs = now - this.#from;
    if (passedMs >= 0 && passedMs < periodMs) return;
    const isNext = passedMs >= periodMs && passedMs < 2 * periodMs;
    this.#countBefore = isNext ? this.#count : 0;
    this.#from = isNext ? this.#from + periodMs : now;
    this.#count = 0;
  }
}
