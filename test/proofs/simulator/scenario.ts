/**
 * One run's plan: how many isolates and how far away, who asks for what and when, when the key is revoked, and
 * everything that goes wrong. All times are true milliseconds from the start.
 */
import type { Bucket, Limits, WindowsMs } from "../../../src/rate-limits.ts";
import type { FaultBudget } from "./fault-budget.ts";
import type { Distance } from "./network.ts";

export type KeyName = "good" | "doomed";

export interface RequestPlan {
  readonly at: number;
  readonly key: KeyName;
  /** What it counts as. */
  readonly bucket: Bucket;
  /** Until the origin's response headers; an upload takes up most of it. */
  readonly originMs: number;
  /** The origin breaks off instead of answering. */
  readonly originFails: boolean;
  /** 0: a small body, which leaves in one piece with the headers. */
  readonly bodyMs: number;
  /** Bytes of the body leave this often. */
  readonly bytesEveryMs: number;
  /** After it was forwarded; null: stays to the end. */
  readonly clientGoneAfterMs: number | null;
}

export interface ClockFault {
  readonly at: number;
  /** `jump`: beyond what counts as the same clock. */
  readonly kind: "freeze" | "step back" | "jump";
  readonly ms: number;
}

export interface IsolatePlan {
  readonly rate: number;
  readonly distance: Distance;
  readonly requests: readonly RequestPlan[];
  readonly clockFaults: readonly ClockFault[];
  readonly pauseChance: number;
  readonly cutOff: { readonly at: number; readonly ms: number } | null;
  readonly restartsAt: number | null;
  /** When it forgets the keys it knows, leases and all. */
  readonly forgetsAt: number | null;
}

export interface LedgerPlan {
  readonly rate: number;
  readonly leaseMs: number;
  /** What leases may come to when the ledger is asked for more than so many a second. */
  readonly leaseMaxMs: number;
  readonly grantsPerSecondMax: number;
  readonly marginMs: number;
  readonly confirmMs: number;
  readonly startMs: number;
  readonly restartChance: number;
  readonly restartsMax: number;
  /** When it restarts whatever it is doing. */
  readonly restartsAt: readonly number[];
  /** Restarts when the first answer to `revoke` has left. */
  readonly restartsAfterAnswer: boolean;
  /** Each restart may be on a machine whose clock differs by as much. */
  readonly clockStepMs: number;
  /** When its clock is set forward, within the budget. */
  readonly gainsAt: number | null;
  /** A new version with another `LEASE_MS`, and the `LEASE_MAX_MS` that goes with it. */
  readonly deploy: { readonly at: number; readonly leaseMs: number; readonly leaseMaxMs: number } | null;
  readonly calmFrom: number;
}

export interface ControlCall {
  readonly at: number;
  readonly method: "revoke" | "schedule" | "tier";
  /** For `schedule`: how far ahead; null takes the schedule back. */
  readonly aheadMs: number | null;
  /** For `tier`; null: unlimited. */
  readonly limits?: Limits | null;
  /** Calls again until it is answered. */
  readonly persistent: boolean;
}

/** How many requests a key may make in a window. */
export interface LimitPlan {
  readonly windowsMs: WindowsMs;
  /** At the start; null: unlimited. */
  readonly limits: Limits | null;
}

export interface Scenario {
  readonly seed: number;
  /** Nothing goes wrong and nobody is far, so that everything promised for good days can be checked. */
  readonly calm: boolean;
  readonly budget: FaultBudget;
  /** How often a delay is as long as the budget allows. */
  readonly fullDelayChance: number;
  readonly isolates: readonly IsolatePlan[];
  readonly ledger: LedgerPlan;
  /** What the ledger's clock shows at the start: anywhere in a window. */
  readonly ledgerStartsAt: number;
  readonly limits: LimitPlan;
  readonly controlCalls: readonly ControlCall[];
  /** For a key that expires by itself: from the start, on the ledger's clock. */
  readonly expiresAfterMs: number | null;
  readonly ledgerTimeoutMs: number;
  readonly originTimeoutMs: number;
  /** From here on nothing goes wrong any more. */
  readonly calmFrom: number;
}

/** What goes beyond the margin, to show that the guarantee then breaks and that the checker sees it. */
export interface Beyond {
  /** Added to what the margin covers. */
  readonly budgetMs: number;
  /** A clock that is set back while nobody looks, and has caught up when somebody does. */
  readonly unseenJumps: boolean;
}

export const WITHIN_MARGIN: Beyond = { budgetMs: 0, unseenJumps: false };

export const MARGIN_MS = 200;

/** The longest that a lease is given for, by whatever version. */
export function longestGrantOf({ leaseMaxMs, deploy }: LedgerPlan): number {
  const later = deploy ? [deploy.leaseMaxMs] : [];
  return Math.max(leaseMaxMs, ...later);
}

/** A request that is answered at once. */
export function quickRequest(at: number, key: KeyName): RequestPlan {
  return {
    at,
    key,
    bucket: "requests",
    originMs: 1,
    originFails: false,
    bodyMs: 0,
    bytesEveryMs: 1,
    clientGoneAfterMs: null,
  };
}
