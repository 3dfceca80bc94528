/** Calls to the ledger until a lease is valid: an answer may expire on its way. */
import { isUnavailable } from "../keys/store-error.ts";
import type { Refusal } from "../refusals.ts";
import type { LeaseClock } from "./lease-clock.ts";
import { type LimitedCall, UNREACHABLE } from "./shared-call.ts";

/** A lease that has expired on arrival is requested again, this many times in all. */
export const CALLS_MAX = 3;

/** Near a scheduled end the answers to the calls of several others may have expired. */
export const WAITS_MAX = 9;

interface AwaitedLease {
  readonly refusal: Refusal | null;
  isValid(): boolean;
}

/** Repeats `call`, at most `max` times within `limitMs`. null: the lease is valid. */
export async function untilValid(
  lease: AwaitedLease,
  clock: LeaseClock,
  { max, limitMs }: { readonly max: number; readonly limitMs: number },
  call: LimitedCall,
): Promise<Refusal | null> {
  const startedAt = clock.now();
  for (let attempt = 0; attempt < max; attempt++) {
    // A clock that has stepped back does not extend the time limit.
    const leftMs = limitMs - Math.max(0, clock.now() - startedAt);
    if (leftMs <= 0) break;
    const refusal = await call(leftMs);
    if (refusal) return lease.refusal ?? refusal;
    if (lease.isValid()) return null;
  }
  // Another request's call may have been refused meanwhile.
  return lease.refusal ?? UNREACHABLE;
}

/** Rethrows an error that is not an outage. */
export function unreachableIfOutage(error: unknown): Refusal {
  if (!isUnavailable(error)) throw error;
  return UNREACHABLE;
}
