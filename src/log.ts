/**
 * The log: structured lines, which the platform indexes.
 *
 * Guarantees one line for every refusal and every fault, with the reason that the client does not get; of answered
 * requests only a share (`LOG_SAMPLE_RATE`) has one. A request that the platform ended with its client has none. No
 * line contains a key, a hash, a path, a query string or a body.
 */

import type { Refusal } from "./refusals.ts";

/** A refusal outside the gateway: of the control plane, or for an unknown address. */
export function logRefusal(requestId: string, method: string, refusal: Refusal): void {
  writeLog({ event: "refused", request_id: requestId, method, reason: refusal.reason });
}

/** A setting that is missing or malformed; its value is never logged. */
export function logInvalidSetting(requestId: string, setting: string): void {
  console.error(JSON.stringify({ event: "invalid_setting", request_id: requestId, setting }));
}

/** A fault of this program; `identity`: fields of the request. The stack is for the log alone. */
export function logException(requestId: string, error: unknown, identity: LogFields = {}): void {
  const stack = error instanceof Error ? error.stack : "not an Error";
  console.error(JSON.stringify({ event: "exception", request_id: requestId, ...identity, stack }));
}

/**
 * A key event that did not reach `EVENTS_URL`: the status that refused it, or why there was none. `given_up`: how many
 * events of the account are not sent any more.
 */
export function logDeliveryFailure(failure: {
  readonly account: string;
  readonly number: number;
  readonly attempts: number;
  readonly status?: number;
  readonly reason?: string;
  readonly given_up?: number;
}): void {
  console.error(JSON.stringify({ event: "delivery_failed", ...failure }));
}

/** Fields that are `undefined` are left out. */
export type LogFields = Readonly<Record<string, string | number | undefined>>;

export function writeLog(line: LogFields): void {
  console.log(JSON.stringify(line));
}
