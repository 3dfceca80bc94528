/**
 * Repeats ledger calls while the leases that they bring have expired on arrival, for no longer than a limit.
 *
 * Guarantees that a request goes on under a valid lease or with a refusal. How a call is made is its caller's.
 */
import type { Refusal } from "../refusals.ts";
import type { LeaseClock } from "./lease-clock.ts";
import { type LimitedCall, UNREACHABLE } from "./shared-call.ts";

/** The lease that the calls are for. */
interface CalledLease {
  readonly refusal: Refusal | null;
  isValid(): boolean;
}

/** At most `max` calls in `limitMs`. null: the lease is valid now. */
export async function callUntilValid(
  lease: CalledLease,
  clock: LeaseClock,
  max: number,
  limitMs: number,
  call: LimitedCall,
): Promise<Refusal | null> {
  const startedAt = clock.now();
  for (let attempt = 0; attempt < max; attempt++) {
    const leftMs = limitMs - Math.max(0, clock.now() - startedAt);
    if (leftMs <= 0) break;
    const refusal = await call(leftMs);
    if (refusal) return lease.refusal ?? refusal;
    if (lease.isValid()) return null;
  }
  // Another request's call may have been refused meanwhile.
  return lease.refusal ?? UNREACHABLE;
}
