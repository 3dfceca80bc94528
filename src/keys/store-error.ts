/**
 * Tells an outage of KV or of a ledger from a fault of this program.
 *
 * The platform marks its own errors with properties, or throws a plain `Error` without any; an exception of a Durable
 * Object's code arrives as `remote`. Any other error is a fault, which the caller logs with its stack and does not
 * report as an outage.
 */
import { TimeLimitExceeded } from "./time-limit.ts";

/** Errors that the platform throws, without a property, for a fault of the program. */
const MISUSE = /^(?:Cannot perform I\/O|KV \w+ failed: 4(?!29))/;

/** Whether a store could not be reached, was too slow or is overloaded. */
export function isUnavailable(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (error instanceof TimeLimitExceeded) return true;
  const { retryable, overloaded, durableObjectReset, remote } = error as Error &
    Readonly<Record<string, unknown>>;
  if (retryable === true || overloaded === true || durableObjectReset === true) return true;
  return remote !== true && error.constructor === Error && !MISUSE.test(error.message);
}
