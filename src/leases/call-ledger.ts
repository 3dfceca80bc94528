/**
 * A call to an account's ledger: the platform's own retries off, a time limit, and a fresh stub for every attempt (a stub
 * stays broken after an error).
 */

import type { Env } from "../env.ts";
import { TimeLimitExceeded, withTimeLimit } from "../keys/time-limit.ts";

export interface LedgerCall {
  readonly limitMs: number;
  /** Whether a call that failed may be made a second time. */
  readonly repeatable: boolean;
}

/** Rejects when the ledger fails, or has not answered within `limitMs` in all. */
export async function callLedger<Ledger, T>(
  namespace: Env["KEY_LEDGER"],
  account: string,
  { limitMs, repeatable }: LedgerCall,
  call: (ledger: Ledger) => Promise<T>,
): Promise<T> {
  const attempt = () => {
    const stub = namespace.getByName(account, { retry: { maxRetries: 0, timeoutMs: limitMs } });
    return call(stub as unknown as Ledger);
  };
  const attempts = async () => {
    try {
      return await attempt();
    } catch (error) {
      if (!repeatable || isOverloaded(error)) throw error;
      return await attempt();
    }
  };
  return await withTimeLimit(attempts(), limitMs);
}

/**
 * Whether the ledger could not be reached, was too slow or is overloaded. Any other error is a fault of this program and
 * must not pass for an outage. The platform marks an exception of the object's own code as `remote`, and its own errors
 * as the other properties; an error of its own without a property is a plain `Error`.
 */
export function isLedgerUnavailable(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (error instanceof TimeLimitExceeded) return true;
  const { retryable, overloaded, durableObjectReset, remote } = error as Error &
    Readonly<Record<string, unknown>>;
  if (retryable === true || overloaded === true || durableObjectReset === true) return true;
  return remote !== true && error.constructor === Error;
}

/** A second call would only add to an object's overload. */
function isOverloaded(error: unknown): boolean {
  return (
    error instanceof TimeLimitExceeded || (error as { overloaded?: boolean } | null)?.overloaded === true
  );
}
