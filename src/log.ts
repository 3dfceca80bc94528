/**
 * The log: one structured line each, indexed by the platform.
 *
 * Every refusal and every fault has its line, with the reason that the client is not told; of what went
 * well a sample (`LOG_SAMPLE_RATE`). A request that the platform ended with its client has none. Never a
 * key, a hash, a path, a query string or a body: only what this file names.
 */
import type { Reason, Refusal } from "./refusals.ts";
import type { FinishedRequest, RequestReport } from "./request-report.ts";

/** A request to the API. */
export function logRequest({ report, status, reason, totalMs, gatewayMs }: FinishedRequest): void {
  write({
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
export function logCut(report: RequestReport, reason: Reason | "origin_broke_off", now: number): void {
  write({
    event: "cut",
    ...knownOf(report),
    reason,
    origin_status: report.originStatus ?? undefined,
    total_ms: now - report.startedAt,
  });
}

/** A refusal outside the API's own path: the control plane, or an address that is nobody's. */
export function logRefusal(requestId: string, method: string, refusal: Refusal): void {
  write({ event: "refused", request_id: requestId, method, reason: refusal.reason });
}

/** A setting at the door is missing or malformed; its value is never logged. */
export function logInvalidSetting(requestId: string, setting: string): void {
  console.error(JSON.stringify({ event: "invalid_setting", request_id: requestId, setting }));
}

/** A fault of this program. The stack stays here: no client ever sees an exception's text. */
export function logException(requestId: string, error: unknown): void {
  const stack = error instanceof Error ? error.stack : "not an Error";
  console.error(JSON.stringify({ event: "exception", request_id: requestId, stack }));
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

function write(line: Readonly<Record<string, string | number | undefined>>): void {
  console.log(JSON.stringify(line));
}
