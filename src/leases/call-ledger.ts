/**
 * A call to the ledger with a locator, without the platform's own retries.
 *
 * Guarantees a time limit for all attempts together, and a fresh stub for each: a stub stays broken after an error. A
 * call that fails or is too late may have been carried out nevertheless.
 */

import type { Env } from "../env.ts";
import { isUnavailable } from "../keys/store-error.ts";
import { type Schedule, TimeLimitExceeded, withTimeLimit } from "../keys/time-limit.ts";
import type { LedgerLocation } from "../ledger-locations.ts";

export interface LedgerCall {
  readonly limitMs: number;
  /** Whether a call that failed may be made a second time. */
  readonly repeatable: boolean;
  /** Where the platform creates the object at the first call to it; null: near the caller. */
  readonly locationHint?: LedgerLocation | null;
  /** Sets the timer of the limit; `setTimeout` if absent. */
  readonly schedule?: Schedule;
}

/** Rejects when the ledger fails, or has not answered within `limitMs` in all. */
export async function callLedger<Ledger, T>(
  namespace: Env["KEY_LEDGER"],
  locator: string,
  { limitMs, repeatable, locationHint = null, schedule }: LedgerCall,
  call: (ledger: Ledger) => Promise<T>,
): Promise<T> {
  const attempt = () => {
    const stub = namespace.getByName(locator, {
      retry: { maxRetries: 0, timeoutMs: limitMs },
      ...(locationHint && { locationHint }),
    });
    return call(stub as unknown as Ledger);
  };
  const attempts = async () => {
    try {
      return await attempt();
    } catch (error) {
      if (!repeatable || !mayRepeat(error)) throw error;
      return await attempt();
    }
  };
  return await withTimeLimit(attempts(), limitMs, schedule);
}

/** Whether a second attempt may help; it would only add to the load of a slow or overloaded object. */
function mayRepeat(error: unknown): boolean {
  if (error instanceof TimeLimitExceeded || (error as { overloaded?: boolean }).overloaded === true)
    return false;
  return isUnavailable(error);
}
