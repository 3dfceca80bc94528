/**
 * The way between one machine and the ledger. Messages take their time, overtake each other and get lost.
 */
import type { Random } from "./random.ts";
import type { VirtualTime } from "./virtual-time.ts";

export interface Distance {
  /** One way, at least. */
  readonly delayMs: number;
  /** What chance adds to it, at most. */
  readonly jitterMs: number;
  readonly lossChance: number;
  /** A message that takes seconds. */
  readonly slowChance: number;
}

const SLOW_MAX_MS = 3000;

export class Link {
  readonly #time: VirtualTime;
  readonly #random: Random;
  readonly #distance: Distance;
  readonly #calmFrom: number;
  #cutUntil = 0;

  /** From `calmFrom` on nothing is lost or slow. */
  constructor(time: VirtualTime, random: Random, distance: Distance, calmFrom: number) {
    this.#time = time;
    this.#random = random;
    this.#distance = distance;
    this.#calmFrom = calmFrom;
  }

  /** Nothing gets through for a while. */
  cut(ms: number): void {
    this.#cutUntil = this.#time.now + ms;
  }

  /** Delivers after a while, or never. */
  send(deliver: () => void): void {
    const { delayMs, jitterMs, lossChance, slowChance } = this.#distance;
    const random = this.#random;
    let ms = delayMs + jitterMs * random.next();
    if (this.#time.now < this.#calmFrom) {
      if (this.#time.now < this.#cutUntil || random.chance(lossChance)) return;
      if (random.chance(slowChance)) ms += random.between(0, SLOW_MAX_MS);
    }
    this.#time.after(ms, deliver);
  }
}
