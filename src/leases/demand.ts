/**
 * The measured rate of requests with one key in one bucket, and the requests that wait for a permit. Pure.
 *
 * A single request, or many at once, are no rate: permits are granted ahead of need only to a key that is used again and
 * again on this isolate.
 */

/** A key that is used less often in a period gets nothing ahead. */
const STEADY_REQUESTS = 1.5;

/** Requests within this share of a period are a burst. */
const BURST_SHARE = 1 / 8;

export class Demand {
  /** As of the last report. */
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

  /** Requests that are expected in the next `ms`: at the rate of the last two periods; in the first one, for no longer than it lasts. */
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

  /** Until there has been no request for `silenceMs`. */
  msUntilSilent(now: number, silenceMs: number): number {
    // A clock that has stepped back starts the time again.
    this.#lastAt = Math.min(this.#lastAt, now);
    return this.waiting > 0 ? silenceMs : this.#lastAt + silenceMs - now;
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
