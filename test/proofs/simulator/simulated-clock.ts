/**
 * A machine's clock as it really is: a little fast or slow, sometimes standing still, sometimes set.
 *
 * Reads whole milliseconds, as `Date.now()` does.
 */
import type { VirtualTime } from "./virtual-time.ts";

/** From `since` on (true time) the clock read `reading`, and from `runsFrom` on it ran at `rate`. */
interface Stretch {
  readonly since: number;
  readonly runsFrom: number;
  readonly reading: number;
  readonly rate: number;
}

export class SimulatedClock {
  readonly #time: VirtualTime;
  readonly #stretches: Stretch[] = [];
  #latest: Stretch;

  /** `rate`: clock milliseconds per true millisecond. */
  constructor(time: VirtualTime, rate: number, reading: number) {
    this.#time = time;
    this.#latest = this.#begin({ since: time.now, runsFrom: time.now, reading, rate });
  }

  get rate(): number {
    return this.#latest.rate;
  }

  now(): number {
    return Math.floor(this.#reading());
  }

  /** Is set forward or, with less than 0, back. */
  step(ms: number): void {
    const { now } = this.#time;
    this.#begin({ ...this.#latest, since: now, runsFrom: now, reading: this.#reading() + ms });
  }

  /** Stands still for a while, and goes on from there. */
  freeze(ms: number): void {
    const { now } = this.#time;
    this.#begin({ ...this.#latest, since: now, runsFrom: now + ms, reading: this.#reading() });
  }

  changeRate(rate: number): void {
    const { now } = this.#time;
    this.#begin({ since: now, runsFrom: now, reading: this.#reading(), rate });
  }

  /** The true moment from which on the clock shows `reading` or more, for good. */
  settlesAt(reading: number): number {
    let settled = Number.POSITIVE_INFINITY;
    this.#stretches.forEach((stretch, index) => {
      const end = this.#stretches[index + 1]?.since ?? Number.POSITIVE_INFINITY;
      if (stretch.reading >= reading) {
        settled = Math.min(settled, stretch.since);
        return;
      }
      const reached = stretch.runsFrom + (reading - stretch.reading) / stretch.rate;
      settled = reached < end ? reached : Number.POSITIVE_INFINITY;
    });
    return settled;
  }

  #reading(): number {
    const { runsFrom, reading, rate } = this.#latest;
    return reading + rate * Math.max(0, this.#time.now - runsFrom);
  }

  #begin(stretch: Stretch): Stretch {
    this.#latest = stretch;
    this.#stretches.push(stretch);
    return stretch;
  }
}
