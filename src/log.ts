/**
 * The log: one structured line each, indexed by the platform.
 *
 * Every refusal and every fault has its line, with the reason that the client is not told; of what went
 * well a sample (`LOG_SAMPLE_RATE`). A request that the platform ended with its client has none. Never a
 * key, a hash, a path, a query string or a body: only what this file names.
 */

import type { Refusal } from "./refusals.ts";

/** A refusal outside the API's own path: the control plane, or an address that is nobody's. */
export function logRefusal(requestId: string, method: string, refusal: Refusal): void {
  writeLog({ event: "refused", request_id: requestId, method, reason: refusal.reason });
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

/** Writes one line; `undefined` fields are left out. */
export function writeLog(line: Readonly<Record<string, string | number | undefined>>): void {
  console.log(JSON.stringify(line));
}
