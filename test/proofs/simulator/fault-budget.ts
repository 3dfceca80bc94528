/**
 * The clock and scheduling faults that the simulator may inject: exactly those that `LEASE_MARGIN_MS` covers.
 *
 * A lease of L ms is requested at the true time a. On an isolate whose clock is 1 % slow it ends at
 * a + L / 0.99. The ledger counts L plus the margin M from a or later, on a clock that may be 1 % fast: it
 * answers no sooner than a + (L + M) / 1.01. The difference, less 4 ms for clocks that show whole
 * milliseconds and timers that round up, is the budget that all of these share:
 *
 * - clockLossMs: the isolate's clock freezes or steps back during a lease. Steps back that count as the same
 *   clock (up to 20 ms, `CLOCK_TOLERANCE_MS`) are part of it.
 * - ledgerGainMs: the ledger's clock steps ahead during a lease.
 * - timerLateMs: a timer fires late, while bytes of a body continue to leave.
 * - pauseMs: the isolate is paused, possibly between a check of the lease and its effect.
 * - workMs: JavaScript runs for this long, with a frozen clock, before its effects are visible.
 *
 * For L = 1000 and M = 200 the budget is 174 ms; for L = 5000, 94 ms; from L = 9600, zero.
 *
 * Not part of the budget, because a lease must survive them whatever their size: a clock that steps ahead,
 * and one that steps back by more than 20 ms, provided that it is read soon enough to detect the step.
 */
import type { Random } from "./random.ts";

/** The maximum error of a clock's rate. */
export const DRIFT = 0.01;

const ROUNDING_MS = 4;

/** Tolerance of the checkers, for timers that round up and tasks that take a moment. */
export const SLACK_MS = 10;

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

/** Distributes `totalMs` over the faults: evenly in some runs, on a single one in others. */
export function splitBudget(totalMs: number, random: Random): FaultBudget {
  const evenness = random.pick([1, 1, 8]);
  const shares = [0, 0, 0, 0, 0].map(() => random.next() ** evenness);
  const whole = shares.reduce((sum, share) => sum + share, 0);
  const [clockLossMs = 0, ledgerGainMs = 0, timerLateMs = 0, pauseMs = 0, workMs = 0] = shares.map(
    (share) => (totalMs * share) / whole,
  );
  return { clockLossMs, ledgerGainMs, timerLateMs, pauseMs, workMs };
}
