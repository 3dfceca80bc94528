/**
 * The log lines of a request to the API: one when its response headers are sent, one more if its body is aborted later.
 */
import { writeLog } from "../log.ts";
import type { Reason } from "../refusals.ts";
import type { FinishedRequest, RequestReport } from "./request-report.ts";

/** A request to the API. */
export function logRequest({ report, status, reason, totalMs, gatewayMs }: FinishedRequest): void {
  writeLog({
    event: reason === null ? "answered" : "refused",
    ...knownOf(report),
    status,
    reason: reason ?? undefined,
    lease: report.lease ?? undefined,
    origin_status: report.originStatus ?? undefined,
    origin_ms: report.originMs ?? undefined,
    gateway_ms: gatewayMs,
    total_ms: totalMs,
  });
}

/** An answer whose body was cut after its headers had left, so that it never looks complete. */
export function logAborted(report: RequestReport, reason: Reason | "origin_aborted", now: number): void {
  writeLog({
    event: "aborted",
    ...knownOf(report),
    reason,
    origin_status: report.originStatus ?? undefined,
    total_ms: now - report.startedAt,
  });
}

/** Which request it was. */
function knownOf({ requestId, key, method, row }: RequestReport) {
  return {
    request_id: requestId,
    account: key?.record.account,
    key_id: key?.record.id,
    mode: key?.record.mode,
    method,
    route: row?.route,
  };
}
