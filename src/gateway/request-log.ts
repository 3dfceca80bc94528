/** The log lines of a request to the API: one with its response headers, another if its body is aborted later. */
import { writeLog } from "../log.ts";
import type { Reason } from "../refusals.ts";
import type { FinishedRequest, RequestReport } from "./request-report.ts";

export function logRequest({ report, status, reason, totalMs, gatewayMs }: FinishedRequest): void {
  writeLog({
    event: reason === null ? "answered" : "refused",
    ...identityOf(report),
    status,
    reason: reason ?? undefined,
    lease: report.lease ?? undefined,
    origin_status: report.originStatus ?? undefined,
    origin_ms: report.originMs ?? undefined,
    gateway_ms: gatewayMs,
    total_ms: totalMs,
  });
}

/** A response body that was aborted after its headers had left. */
export function logAborted(report: RequestReport, reason: Reason | "origin_aborted", now: number): void {
  writeLog({
    event: "aborted",
    ...identityOf(report),
    reason,
    origin_status: report.originStatus ?? undefined,
    total_ms: now - report.startedAt,
  });
}

/** The fields that identify a request. */
export function identityOf({ requestId, key, method, row }: RequestReport) {
  return {
    request_id: requestId,
    account: key?.record?.account,
    key_id: key?.record?.id,
    mode: key?.record?.mode,
    method,
    route: row?.route,
  };
}
