/**
 * The measured rate of requests with one key in one bucket: a weighted count of the last leases. Pure.
 *
 * A single request, or two at once, are no rate: permits are granted ahead of need only to a key that is used again and
 * again on this isolate.
 */
import { IDLE_MAX_MS } from "./protocol.ts";

/** The count decays to a third in as many leases. */
const WEIGHED_LEASES = 3;

/** Requests have stopped after a silence of this many times the usual one, but no less than a part of a lease. */
const SILENT_REQUESTS = 5;
const IDLE_MIN_LEASES = 1 / 4;

export class Demand {
  #count = 0;
  #countedAt = Number.NEGATIVE_INFINITY;
  #admittedAt = Number.NEGATIVE_INFINITY;

  record(now: number, leaseMs: number): void {
    this.#count = this.#countAt(now, leaseMs) + 1;
    this.#countedAt = now;
  }

  /** A request has taken a permit. */
  recordAdmission(now: number): void {
    this.#admittedAt = now;
  }

  /** Requests per millisecond; `waiting`: those that have not been recorded yet. */
  perMs(now: number, leaseMs: number, waiting = 0): number {
    return leaseMs > 0 ? (this.#countAt(now, leaseMs) + waiting) / (WEIGHED_LEASES * leaseMs) : 0;
  }

  /** The same; 0 for a key that is used too seldom: less than once in a lease. */
  steadyPerMs(now: number, leaseMs: number): number {
    const perMs = this.perMs(now, leaseMs);
    return perMs * leaseMs >= 1 ? perMs : 0;
  }

  /** The silence after which requests have stopped. */
  idleMs(now: number, leaseMs: number): number {
    const perMs = this.steadyPerMs(now, leaseMs);
    const usualMs = perMs === 0 ? leaseMs : SILENT_REQUESTS / perMs;
    return Math.min(IDLE_MAX_MS, leaseMs, Math.max(usualMs, IDLE_MIN_LEASES * leaseMs));
  }

  /** Until then, unless a request is admitted. */
  msUntilIdle(now: number, leaseMs: number): number {
    // The clock has stepped back.
    if (now < this.#admittedAt) this.#admittedAt = now;
    return this.idleMs(now, leaseMs) - (now - this.#admittedAt);
  }

  #countAt(now: number, leaseMs: number): number {
    if (this.#count === 0 || leaseMs <= 0) return 0;
    return this.#count * Math.exp(-Math.max(0, now - this.#countedAt) / (WEIGHED_LEASES * leaseMs));
  }
}
