/**
 * A machine's clock with realistic faults: drift, freezes and steps.
 *
 * Reads whole milliseconds, like `Date.now()`.
 */
import type { VirtualTime } from "./virtual-time.ts";

/** From true time `since` the clock reads `reading`; from `runsFrom` it advances at `rate`. */
interface ClockSegment {
  readonly since: number;
  readonly runsFrom: number;
  readonly reading: number;
  readonly rate: number;
}

export class SimulatedClock {
  readonly #time: VirtualTime;
  readonly #segments: ClockSegment[] = [];
  #latest: ClockSegment;

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

  /** Steps ahead, or back if `ms` is negative. */
  step(ms: number): void {
    const { now } = this.#time;
    this.#begin({ ...this.#latest, since: now, runsFrom: now, reading: this.#reading() + ms });
  }

  /** Stops for `ms`, then continues from the same reading. */
  freeze(ms: number): void {
    const { now } = this.#time;
    this.#begin({ ...this.#latest, since: now, runsFrom: now + ms, reading: this.#reading() });
  }

  changeRate(rate: number): void {
    const { now } = this.#time;
    this.#begin({ since: now, runsFrom: now, reading: this.#reading(), rate });
  }

  /** The true time from which the clock reads `reading` or later, permanently. */
  trueTimeOf(reading: number): number {
    let settled = Number.POSITIVE_INFINITY;
    this.#segments.forEach((segment, index) => {
      const end = this.#segments[index + 1]?.since ?? Number.POSITIVE_INFINITY;
      if (segment.reading >= reading) {
        settled = Math.min(settled, segment.since);
        return;
      }
      const reached = segment.runsFrom + (reading - segment.reading) / segment.rate;
      settled = reached < end ? reached : Number.POSITIVE_INFINITY;
    });
    return settled;
  }

  #reading(): number {
    const { runsFrom, reading, rate } = this.#latest;
    return reading + rate * Math.max(0, this.#time.now - runsFrom);
  }

  #begin(segment: ClockSegment): ClockSegment {
    this.#latest = segment;
    this.#segments.push(segment);
    return segment;
  }
}
