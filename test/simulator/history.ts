/**
 * What happened in a run, in true time: written down by the model, judged by the checker.
 */
import type { Refusal } from "../../src/refusals.ts";
import type { KeyName, RequestPlan } from "./scenario.ts";

export interface RequestRecord {
  readonly number: number;
  readonly isolate: number;
  readonly plan: RequestPlan;
  readonly arrivedAt: number;
  /** What the isolate remembered then: another number after it has forgotten its keys. */
  readonly memory: number;
  /** How long it waited until it was known whether it may be forwarded. */
  waitedMs: number | null;
  forwardedAt: number | null;
  /** null: answered with the origin's 200. */
  refusal: Refusal | null;
  headersAt: number | null;
  lastByteAt: number | null;
  /** Whether the client saw the body end as it should; null: there was none. */
  bodyComplete: boolean | null;
  endedAt: number | null;
}

/** An answer to `revoke`, when it left the ledger. */
export interface RevokeAnswer {
  readonly arrivedAt: number;
  /** When the ledger had last granted a lease on the key; 0, if it had not: it may have before it started. */
  readonly lastGrantAt: number;
  readonly leftAt: number;
  readonly effectiveAt: number;
}

/** A call to the ledger made while the lease was still valid: renewing ahead. */
export interface Renewal {
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
  readonly renewals: Renewal[] = [];
  /** Found while the run was going on. */
  readonly violations: Violation[] = [];
  ledgerCalls = 0;
  /** On the doomed key. */
  lastGrantAt = 0;
  firstRevokeSentAt = Number.POSITIVE_INFINITY;

  open(isolate: number, memory: number, plan: RequestPlan, arrivedAt: number): RequestRecord {
    const record: RequestRecord = {
      number: this.requests.length,
      isolate,
      plan,
      arrivedAt,
      memory,
      waitedMs: null,
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
    case "origin_timeout":
      return 504;
    case "client_gone":
      return 499;
    default:
      return 500;
  }
}
