/**
 * The facts of one request that its log line and its data point are made from, gathered by the steps.
 *
 * Guarantees that neither contains anything else: no key, hash, path, query string or body.
 */
import type { CachedKey } from "../leases/cached-key.ts";
import type { Admitted } from "../leases/permits.ts";
import type { PolicyRow } from "../policy.ts";
import type { Reason } from "../refusals.ts";

export class RequestReport {
  readonly requestId: string;
  readonly method: string;
  readonly startedAt: number;
  readonly isTraced: boolean;
  key: CachedKey | null = null;
  row: PolicyRow | null = null;
  /** `hit`: a valid lease. `renewed`: renewed in the background. `miss`: the request waited for the ledger. */
  lease: "hit" | "renewed" | "miss" | null = null;
  /** Set once the request is admitted. */
  permit: Admitted | null = null;
  originStatus: number | null = null;
  /** From the fetch to the origin's response headers. */
  originMs: number | null = null;

  constructor(requestId: string, method: string, startedAt: number, isTraced: boolean) {
    this.requestId = requestId;
    this.method = method;
    this.startedAt = startedAt;
    this.isTraced = isTraced;
  }
}

/** The report of a request whose response headers are about to be sent. */
export interface FinishedRequest {
  readonly report: RequestReport;
  readonly status: number;
  readonly reason: Reason | null;
  /** Until the response headers, the origin's time included. */
  readonly totalMs: number;
  /** The gateway's share. */
  readonly gatewayMs: number;
}

export function finishRequest(
  report: RequestReport,
  status: number,
  reason: Reason | null,
  now: number,
): FinishedRequest {
  const totalMs = now - report.startedAt;
  return { report, status, reason, totalMs, gatewayMs: totalMs - (report.originMs ?? 0) };
}
