/**
 * The events of a run, in true time: recorded by the model, judged by the checkers.
 */
import type { Allowance, Bucket, Limits } from "../../../src/rate-limits.ts";
import type { Refusal } from "../../../src/refusals.ts";
import { GrantedPermits } from "./granted-permits.ts";
import { IssuedLeases } from "./issued-leases.ts";
import type { Receipt } from "./ledger-rules.ts";
import type { KeyName, RequestPlan, Scenario } from "./scenario.ts";
import type { TermsChange } from "./terms-changes.ts";

export interface RequestRecord {
  readonly number: number;
  readonly isolate: number;
  readonly plan: RequestPlan;
  readonly arrivedAt: number;
  /** Generation of the isolate's key cache at the start; it changes when the cache is cleared. */
  cacheGeneration: number;
  /** Time until the key's lease was known to be valid or refused. */
  waitedMs: number | null;
  /** Ledger calls made for a permit. */
  permitRequests: number;
  decision: PermitDecision | null;
  forwardedAt: number | null;
  /** null: answered with the origin's 200. */
  refusal: Refusal | null;
  headersAt: number | null;
  lastByteAt: number | null;
  /** Whether the body ended completely for the client; null: there was no body. */
  bodyComplete: boolean | null;
  endedAt: number | null;
  /** Called then. */
  onEnd: (() => void) | null;
}

/** The last decision on a request's permit. */
export interface PermitDecision {
  readonly number: number;
  readonly isolate: number;
  readonly key: KeyName;
  readonly bucket: Bucket;
  readonly holder: string;
  readonly at: number;
  /** The reading of the ledger's clock. */
  readonly ledgerAt: number;
  readonly admitted: boolean;
  /** null: the key had no limits. */
  readonly allowance: Allowance | null;
  /** Permits that its holder had in that window, by the messages exchanged. */
  readonly granted: number;
  /** Whether this request had to renew ahead. */
  readonly ranLow: boolean;
  /** Ledger answers that its holder had received by then. */
  readonly answersReceived: number;
  refundedAt: number | null;
}

/** A tier as written by the ledger; certain from `confirmedAt`, if ever. */
export interface TierChange {
  readonly limits: Limits | null;
  readonly writtenAt: number;
  confirmedAt: number;
}

/** An answer to `revoke`, recorded when it left the ledger. */
export interface RevokeAnswer {
  readonly arrivedAt: number;
  /** The longest that it had to wait, on the slowest clock; 0: the key was idle. */
  readonly longestWaitMs: number;
  readonly leftAt: number;
  readonly receipt: Receipt;
}

/** A scheduled end, as written by the ledger; answered when `answeredAt` is not Infinity. */
export interface ScheduleWrite {
  readonly writtenAt: number;
  answeredAt: number;
}

/** A change of terms, as carried out by the ledger; answered when `answeredAt` is not Infinity. */
export interface TermsRecord {
  readonly change: TermsChange;
  readonly writtenAt: number;
  answeredAt: number;
}

/** A call for a lease. */
export interface LeaseCall {
  readonly isolate: number;
  readonly key: KeyName;
  readonly at: number;
  /** Made for a permit or to hand some back, not to renew the lease. */
  readonly forPermits: boolean;
}

export interface Violation {
  readonly rule: string;
  readonly what: string;
}

export class History {
  readonly requests: RequestRecord[] = [];
  readonly revokeAnswers: RevokeAnswer[] = [];
  /** In the order of the writes. */
  readonly schedules: ScheduleWrite[] = [];
  /** In the order of the writes. */
  readonly terms: TermsRecord[] = [];
  /** Calls made while the lease was still valid, in order to renew it ahead; calls for permits are not among them. */
  readonly renewals: LeaseCall[] = [];
  /** All calls for a lease. */
  readonly calls: LeaseCall[] = [];
  /** In the order of the decisions. */
  readonly decisions: PermitDecision[] = [];
  /** Ledger answers that each holder has received. */
  readonly answersReceived = new Map<string, number>();
  /** Whose isolates have lost their memory. */
  readonly deadHolders = new Set<string>();
  readonly granted = new GrantedPermits((what) => {
    if (this.tiers.length === 1) this.violations.push({ rule: "conservation", what });
  });
  readonly tiers: TierChange[];
  /** Found during the run. */
  readonly violations: Violation[] = [];
  readonly leases: IssuedLeases;
  /** For the ending key. */
  firstRevokeSentAt = Number.POSITIVE_INFINITY;

  constructor({ limits: { limits }, ledger }: Scenario) {
    this.leases = new IssuedLeases(ledger);
    this.tiers = [{ limits, writtenAt: Number.NEGATIVE_INFINITY, confirmedAt: Number.NEGATIVE_INFINITY }];
  }

  open(isolate: number, cacheGeneration: number, plan: RequestPlan, arrivedAt: number): RequestRecord {
    const record: RequestRecord = {
      number: this.requests.length,
      isolate,
      plan,
      arrivedAt,
      cacheGeneration,
      waitedMs: null,
      permitRequests: 0,
      decision: null,
      forwardedAt: null,
      refusal: null,
      headersAt: null,
      lastByteAt: null,
      bodyComplete: null,
      endedAt: null,
      onEnd: null,
    };
    this.requests.push(record);
    return record;
  }
}

/** Whether the permit was refunded by `at`. */
export function wasRefunded({ refundedAt }: PermitDecision, at: number): boolean {
  return refundedAt !== null && refundedAt <= at;
}

/** Ledger calls that a request makes for a permit, at most. */
const PERMIT_REQUESTS_MAX = 3;

/** Whether other requests took the granted permits each time. */
export function lostEveryPermitRace(request: RequestRecord): boolean {
  return statusOf(request) === 503 && request.permitRequests === PERMIT_REQUESTS_MAX;
}

/** Whether the client got a 2xx. */
export function wasAccepted(request: RequestRecord): boolean {
  return request.headersAt !== null && request.refusal === null;
}

export function statusOf(request: RequestRecord): number | null {
  if (request.headersAt === null) return null;
  switch (request.refusal?.reason) {
    case undefined:
      return 200;
    case "revoked":
    case "expired":
    case "suspended":
    case "not_in_ledger":
      return 401;
    case "missing_permission":
    case "address_not_allowed":
      return 403;
    case "ledger_unreachable":
      return 503;
    case "rate_limited":
      return 429;
    case "origin_unreachable":
      return 502;
    case "origin_timeout":
      return 504;
    case "client_gone":
      return 499;
    default:
      return 500;
  }
}
