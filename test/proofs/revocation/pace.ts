/**
 * How many things may go on at a time: one more as long as the machine keeps up, half as many when it falls
 * behind. A campaign then takes longer on a machine that is busy with something else, instead of failing.
 */

/** What takes a few milliseconds on a machine that keeps up. */
const KEEPS_UP_MS = 100;
const FALLS_BEHIND_MS = 400;
const FIRST_LIMIT = 4;

export class Pace {
  readonly #most: number;
  #limit: number;
  #running = 0;
  #waiting: (() => void)[] = [];

  constructor(most: number) {
    this.#most = most;
    this.#limit = Math.min(FIRST_LIMIT, most);
  }

  async enter(): Promise<void> {
    while (this.#running >= this.#limit) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#running += 1;
  }

  leave(): void {
    this.#running -= 1;
    this.#wake();
  }

  /** `tookMs`: how long something took that is short when the machine keeps up. */
  note(tookMs: number): void {
    if (tookMs < KEEPS_UP_MS) this.#limit = Math.min(this.#most, this.#limit + 1);
    if (tookMs > FALLS_BEHIND_MS) this.#limit = Math.max(1, Math.floor(this.#limit / 2));
    this.#wake();
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}
