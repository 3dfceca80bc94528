/**
 * What the simulator may do to clocks and isolates: all that `LEASE_MARGIN_MS` is there to cover, no more.
 *
 * A lease of L ms is asked for at the true moment a. On an isolate whose clock is 1 % slow it ends at
 * a + L / 0.99. The ledger counts from a or later, L and the margin M, on a clock that may be 1 % fast: it
 * answers no sooner than a + (L + M) / 1.01. What lies between, less 4 ms for clocks that show whole
 * milliseconds and timers that round up, may be used up by all of these together:
 *
 * - clockLossMs: the isolate's clock stands still or is set back while a lease lasts. Steps back that the
 *   lease takes for the same clock (up to 20 ms, `CLOCK_TOLERANCE_MS`) are part of it.
 * - ledgerGainMs: the ledger's clock is set forward while a lease lasts.
 * - timerLateMs: a timer fires late, while bytes of a body flow on.
 * - pauseMs: the isolate stands still, between a look at the lease and what follows from it too.
 * - workMs: JavaScript runs for a while, and its clock does not move, before what it did takes effect.
 *
 * For L = 1000 and M = 200 that is 174 ms; for L = 5000, 94 ms; from L = 9600 on, nothing.
 *
 * Not part of it, because the lease is meant to survive it whatever its size: a clock that is set forward,
 * and one that is set back by more than 20 ms, provided that somebody reads it soon enough to notice.
 */
import type { Random } from "./random.ts";

/** The most that a clock is fast or slow. */
export const DRIFT = 0.01;

const ROUNDING_MS = 4;

export interface FaultBudget {
  readonly clockLossMs: number;
  readonly ledgerGainMs: number;
  readonly timerLateMs: number;
  readonly pauseMs: number;
  readonly workMs: number;
}

export function coveredMs(leaseMs: number, marginMs: number): number {
  const ledgerMs = (leaseMs + marginMs) / (1 + DRIFT);
  const isolateMs = leaseMs / (1 - DRIFT);
  return Math.max(0, ledgerMs - isolateMs - ROUNDING_MS);
}

/** Spends `totalMs`, evenly in some runs and on a single fault in others. */
export function splitBudget(totalMs: number, random: Random): FaultBudget {
  const evenness = random.pick([1, 1, 8]);
  const shares = [0, 0, 0, 0, 0].map(() => random.next() ** evenness);
  const whole = shares.reduce((sum, share) => sum + share, 0);
  const [clockLossMs = 0, ledgerGainMs = 0, timerLateMs = 0, pauseMs = 0, workMs = 0] = shares.map(
    (share) => (totalMs * share) / whole,
  );
  return { clockLossMs, ledgerGainMs, timerLateMs, pauseMs, workMs };
}
