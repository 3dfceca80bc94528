/**
 * What is known of one request to the API, gathered while it passes through the steps; the log line and the metrics
 * are made from it, and hold nothing else: never a key, a hash, a path, a query string or a body.
 */
import type { CachedKey } from "../leases/key-cache.ts";
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
  /** Whether the request found a lease, found one and renewed it in the background, or waited for the ledger. */
  lease: "hit" | "renewed" | "miss" | null = null;
  /** What it was admitted with, once it was. */
  permit: Admitted | null = null;
  originStatus: number | null = null;
  /** From the fetch until the origin's response headers. */
  originMs: number | null = null;

  constructor(requestId: string, method: string, startedAt: number, isTraced: boolean) {
    this.requestId = requestId;
    this.method = method;
    this.startedAt = startedAt;
    this.isTraced = isTraced;
  }
}

/** A report with its end. */
export interface FinishedRequest {
  readonly report: RequestReport;
  readonly status: number;
  readonly reason: Reason | null;
  /** Until the response headers left, the origin's time included. */
  readonly totalMs: number;
  /** The gateway's own share. */
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
