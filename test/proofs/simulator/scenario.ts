/**
 * The plan of one run: isolates and their distance, requests, control calls, and every fault. All times are true
 * milliseconds from the start.
 */
import type { Bucket, Limits, WindowsMs } from "../../../src/rate-limits.ts";
import type { FaultBudget } from "./fault-budget.ts";
import type { Distance } from "./network.ts";
import type { TermsChange } from "./terms-changes.ts";

/** `changing`: its terms change in any order; it never ends. */
export type KeyName = "active" | "ending" | "changing";

export interface RequestPlan {
  readonly at: number;
  readonly key: KeyName;
  /** Needs the permission that `narrow` takes. */
  readonly writes: boolean;
  /** Its client's address is in no list of addresses. */
  readonly outside: boolean;
  /** The rate limit that it counts against. */
  readonly bucket: Bucket;
  /** Until the origin's response headers; includes the upload. */
  readonly originMs: number;
  /** The origin closes the connection instead of answering. */
  readonly originFails: boolean;
  /** 0: a small body, sent in one piece with the headers. */
  readonly bodyMs: number;
  /** Interval between bytes of the body. */
  readonly bytesEveryMs: number;
  /** Since the forward; null: the client stays connected. */
  readonly clientGoneAfterMs: number | null;
}

export interface ClockFault {
  readonly at: number;
  /** `jump`: a step too large to count as the same clock. */
  readonly kind: "freeze" | "step back" | "jump";
  readonly ms: number;
}

export interface IsolatePlan {
  readonly rate: number;
  readonly distance: Distance;
  readonly requests: readonly RequestPlan[];
  readonly clockFaults: readonly ClockFault[];
  readonly pauseChance: number;
  /** The machine stands still for a while; meanwhile timers become overdue, which clamps the clock of their requests. */
  readonly stall: { readonly at: number; readonly ms: number } | null;
  readonly cutOff: { readonly at: number; readonly ms: number } | null;
  readonly restartsAt: number | null;
  /** When its key cache is cleared, leases included. */
  readonly forgetsAt: number | null;
}

export interface LedgerPlan {
  readonly rate: number;
  readonly leaseMs: number;
  /** The maximum lease, reached when grants exceed `grantsPerSecondMax`. */
  readonly leaseMaxMs: number;
  readonly grantsPerSecondMax: number;
  readonly marginMs: number;
  readonly confirmMs: number;
  readonly startMs: number;
  readonly restartChance: number;
  readonly restartsMax: number;
  /** Unconditional restarts. */
  readonly restartsAt: readonly number[];
  /** Restarts as soon as the first answer to `revoke` has left. */
  readonly restartsAfterAnswer: boolean;
  /** After a restart the clock may differ by up to this much. */
  readonly clockStepMs: number;
  /** When its clock steps ahead, within the budget. */
  readonly clockStepsAheadAt: number | null;
  /** A step of its clock while it runs, either way, which only the wait of a revocation is meant to survive. */
  readonly clockStep: { readonly at: number; readonly ms: number } | null;
  /** It handles nothing for a while; meanwhile timers become overdue, which clamps its clock. */
  readonly stall: { readonly at: number; readonly ms: number } | null;
  /** A new version with another `LEASE_MS` and `LEASE_MAX_MS`. */
  readonly deploy: { readonly at: number; readonly leaseMs: number; readonly leaseMaxMs: number } | null;
  readonly faultsEndAt: number;
}

export interface ControlCall {
  readonly at: number;
  readonly method: "revoke" | "schedule" | "tier" | "terms";
  /** For `terms`. */
  readonly change?: TermsChange;
  /** For `schedule`: how far ahead; null withdraws the schedule. */
  readonly aheadMs: number | null;
  /** For `tier`; null: unlimited. */
  readonly limits?: Limits | null;
  /** Repeats the call until it is answered. */
  readonly persistent: boolean;
}

/** Requests that a key may make in a window. */
export interface LimitPlan {
  readonly windowsMs: WindowsMs;
  /** Of each key, at the start; null: unlimited. */
  readonly limits: Limits | null;
  /** Of all keys together; null: none. */
  readonly accountLimits: Limits | null;
}

/** One client that sends one request after another with the active key, on one isolate after another. */
export interface SequentialClient {
  readonly from: number;
  readonly requests: number;
  /** Between an answer and the next request. */
  readonly pauseMs: number;
  readonly bucket: Bucket;
  /** Requests on one isolate before it goes on to the next; 1: in turn. */
  readonly staysFor: number;
}

export interface Scenario {
  readonly seed: number;
  /** No faults and short distances, so that the promises for normal operation can be checked. */
  readonly faultFree: boolean;
  readonly budget: FaultBudget;
  /** Probability that a delay is as long as the budget allows. */
  readonly fullDelayChance: number;
  readonly isolates: readonly IsolatePlan[];
  readonly ledger: LedgerPlan;
  /** The ledger's clock at the start: anywhere in a window. */
  readonly ledgerStartsAt: number;
  readonly limits: LimitPlan;
  readonly client: SequentialClient | null;
  readonly controlCalls: readonly ControlCall[];
  /** For a key that expires: from the start, on the ledger's clock. */
  readonly expiresAfterMs: number | null;
  readonly ledgerTimeoutMs: number;
  readonly originTimeoutMs: number;
  /** When the last fault has ended. */
  readonly faultsEndAt: number;
}

/** Faults above the margin, which show that the guarantee then breaks and that the checker detects it. */
export interface ExcessFaults {
  /** Added to the budget that the margin covers. */
  readonly budgetMs: number;
  /** A clock that steps back and has caught up before it is read again. */
  readonly undetectedJumps: boolean;
}

export const NO_EXCESS: ExcessFaults = { budgetMs: 0, undetectedJumps: false };

export const MARGIN_MS = 200;

/** The longest lease that any version grants. */
export function longestLeaseMsOf({ leaseMaxMs, deploy }: LedgerPlan): number {
  const later = deploy ? [deploy.leaseMaxMs] : [];
  return Math.max(leaseMaxMs, ...later);
}

/** A request that the origin answers at once. */
export function quickRequest(at: number, key: KeyName, writes = false, outside = false): RequestPlan {
  return {
    at,
    key,
    writes,
    outside,
    bucket: "requests",
    originMs: 1,
    originFails: false,
    bodyMs: 0,
    bytesEveryMs: 1,
    clientGoneAfterMs: null,
  };
}
