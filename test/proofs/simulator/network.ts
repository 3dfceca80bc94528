/**
 * The network between one machine and the ledger. Messages are delayed, reordered and lost.
 */
import type { Random } from "./random.ts";
import type { VirtualTime } from "./virtual-time.ts";

export interface Distance {
  /** One way, minimum. */
  readonly delayMs: number;
  /** One way, maximum of the random addition. */
  readonly jitterMs: number;
  readonly lossChance: number;
  /** Probability that a message takes seconds. */
  readonly slowChance: number;
}

const SLOW_MAX_MS = 3000;

export class Link {
  readonly #time: VirtualTime;
  readonly #random: Random;
  readonly #distance: Distance;
  readonly #faultsEndAt: number;
  #cutUntil = 0;

  /** Nothing is lost or slow after `faultsEndAt`. */
  constructor(time: VirtualTime, random: Random, distance: Distance, faultsEndAt: number) {
    this.#time = time;
    this.#random = random;
    this.#distance = distance;
    this.#faultsEndAt = faultsEndAt;
  }

  /** Drops every message for `ms`. */
  cut(ms: number): void {
    this.#cutUntil = this.#time.now + ms;
  }

  /** Delivers later, or never. */
  send(deliver: () => void): void {
    const { delayMs, jitterMs, lossChance, slowChance } = this.#distance;
    const random = this.#random;
    let ms = delayMs + jitterMs * random.next();
    if (this.#time.now < this.#faultsEndAt) {
      if (this.#time.now < this.#cutUntil || random.chance(lossChance)) return;
      if (random.chance(slowChance)) ms += random.between(0, SLOW_MAX_MS);
    }
    this.#time.after(ms, deliver);
  }
}
