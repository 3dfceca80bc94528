/**
 * The time that the windows of rate limits are counted on: the ledger's clock, except that it never goes back.
 *
 * Guarantees that a window which has ended never opens again. After a small step back the time stands still until the
 * clock has caught up; after a large one it continues from where it was. Pure.
 */

/** A larger step back would let a window last too long. */
const STANDS_STILL_MAX_MS = 5000;

export class BookTime {
  readonly #lastSavedAt: () => number | null;
  #time: number | null = null;
  #offsetMs = 0;

  /** `lastSavedAt`: the time before a restart, on whatever machine that was. */
  constructor(lastSavedAt: () => number | null) {
    this.#lastSavedAt = lastSavedAt;
  }

  /** When the clock reads `clockMs`. */
  at(clockMs: number): number {
    this.#time ??= this.#lastSavedAt() ?? clockMs;
    const behindMs = this.#time - (clockMs + this.#offsetMs);
    if (behindMs > STANDS_STILL_MAX_MS) this.#offsetMs += behindMs;
    this.#time = Math.max(this.#time, clockMs + this.#offsetMs);
    return this.#time;
  }
}
