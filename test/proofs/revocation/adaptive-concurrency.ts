/**
 * Limits concurrency adaptively: one more task while the machine responds fast, half as many when it is slow. A campaign
 * on a busy machine then takes longer instead of failing.
 */

/** The measured operation takes a few milliseconds on an idle machine. */
const KEEPS_UP_MS = 100;
const FALLS_BEHIND_MS = 400;
const FIRST_LIMIT = 4;

export class AdaptiveConcurrency {
  readonly #max: number;
  #limit: number;
  #running = 0;
  #waiting: (() => void)[] = [];

  constructor(max: number) {
    this.#max = max;
    this.#limit = Math.min(FIRST_LIMIT, max);
  }

  async acquire(): Promise<void> {
    while (this.#running >= this.#limit) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#running += 1;
  }

  release(): void {
    this.#running -= 1;
    this.#wake();
  }

  /** `durationMs`: duration of an operation that is short on an idle machine. */
  recordDuration(durationMs: number): void {
    if (durationMs < KEEPS_UP_MS) this.#limit = Math.min(this.#max, this.#limit + 1);
    if (durationMs > FALLS_BEHIND_MS) this.#limit = Math.max(1, Math.floor(this.#limit / 2));
    this.#wake();
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}
