/**
 * What happened in a run, in true time: written down by the model, judged by the checker.
 */
import type { Allowance, Bucket, Limits } from "../../../src/rate-limits.ts";
import type { Refusal } from "../../../src/refusals.ts";
import { GivenLeases } from "./given-leases.ts";
import { GrantedPermits } from "./granted-permits.ts";
import type { Receipt } from "./ledger-rules.ts";
import type { KeyName, RequestPlan, Scenario } from "./scenario.ts";

export interface RequestRecord {
  readonly number: number;
  readonly isolate: number;
  readonly plan: RequestPlan;
  readonly arrivedAt: number;
  /** What the isolate remembers when it takes the request up: another number after it has forgotten its keys. */
  memory: number;
  /** How long it waited until it was known whether its key is good. */
  waitedMs: number | null;
  /** How often it had to ask the ledger for a permit. */
  permitAsks: number;
  take: Take | null;
  forwardedAt: number | null;
  /** null: answered with the origin's 200. */
  refusal: Refusal | null;
  headersAt: number | null;
  lastByteAt: number | null;
  /** Whether the client saw the body end as it should; null: there was none. */
  bodyComplete: boolean | null;
  endedAt: number | null;
}

/** What a request was told when it last tried to take a permit. */
export interface Take {
  readonly number: number;
  readonly isolate: number;
  readonly key: KeyName;
  readonly bucket: Bucket;
  readonly holder: string;
  readonly at: number;
  /** What the ledger's clock showed. */
  readonly ledgerAt: number;
  readonly admitted: boolean;
  /** null: the key had no limits. */
  readonly allowance: Allowance | null;
  /** How many its holder had been granted in that window and not given up, by what it and the ledger had said. */
  readonly granted: number;
  /** Whether it was the one to ask for more. */
  readonly ranLow: boolean;
  /** How many answers its holder had heard by then. */
  readonly heard: number;
  givenBackAt: number | null;
}

/** The tier as the ledger wrote it down: for certain from when that was confirmed, if it was. */
export interface TierChange {
  readonly limits: Limits | null;
  readonly writtenAt: number;
  confirmedAt: number;
}

/** An answer to `revoke`, when it left the ledger. */
export interface RevokeAnswer {
  readonly arrivedAt: number;
  /** When the last lease on the key had ended, by the slowest of clocks. */
  readonly leasesEnd: number;
  readonly leftAt: number;
  readonly receipt: Receipt;
}

/** A call for a lease. */
export interface LeaseCall {
  readonly isolate: number;
  readonly key: KeyName;
  readonly at: number;
}

export interface Violation {
  readonly rule: string;
  readonly what: string;
}

export class History {
  readonly requests: RequestRecord[] = [];
  readonly revokeAnswers: RevokeAnswer[] = [];
  /** Those made while the lease was still valid: renewing ahead, though not for want of permits. */
  readonly renewals: LeaseCall[] = [];
  /** All calls for a lease. */
  readonly calls: LeaseCall[] = [];
  /** In the order in which they were taken. */
  readonly takes: Take[] = [];
  /** How many answers of the ledger each holder has heard. */
  readonly heard = new Map<string, number>();
  readonly granted = new GrantedPermits((what) => {
    if (this.tiers.length === 1) this.violations.push({ rule: "conservation", what });
  });
  readonly tiers: TierChange[];
  /** Found while the run was going on. */
  readonly violations: Violation[] = [];
  readonly leases: GivenLeases;
  /** On the doomed key. */
  firstRevokeSentAt = Number.POSITIVE_INFINITY;

  constructor({ limits: { limits }, ledger }: Scenario) {
    this.leases = new GivenLeases(ledger);
    this.tiers = [{ limits, writtenAt: Number.NEGATIVE_INFINITY, confirmedAt: Number.NEGATIVE_INFINITY }];
  }

  open(isolate: number, memory: number, plan: RequestPlan, arrivedAt: number): RequestRecord {
    const record: RequestRecord = {
      number: this.requests.length,
      isolate,
      plan,
      arrivedAt,
      memory,
      waitedMs: null,
      permitAsks: 0,
      take: null,
      forwardedAt: null,
      refusal: null,
      headersAt: null,
      lastByteAt: null,
      bodyComplete: null,
      endedAt: null,
    };
    this.requests.push(record);
    return record;
  }
}

/** By a moment. */
export function wasGivenBack({ givenBackAt }: Take, at: number): boolean {
  return givenBackAt !== null && givenBackAt <= at;
}

/** How often a request asks for a permit. */
const PERMIT_ASKS_MAX = 3;

/** Whether others took, each time, what it had asked for. */
export function lostEveryPermit(request: RequestRecord): boolean {
  return statusOf(request) === 503 && request.permitAsks === PERMIT_ASKS_MAX;
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
    case "not_in_ledger":
      return 401;
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
