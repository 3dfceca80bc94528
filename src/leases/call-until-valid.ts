/**
 * Repeats ledger calls while the leases that they bring have expired on arrival, for no longer than a limit.
 *
 * Guarantees that a request continues under a valid lease or gets a refusal. It does not know how a call is made.
 */
import type { Refusal } from "../refusals.ts";
import type { LeaseClock } from "./lease-clock.ts";
import { type LimitedCall, UNREACHABLE } from "./shared-call.ts";

/** The lease that the calls renew. */
interface CalledLease {
  readonly refusal: Refusal | null;
  isValid(): boolean;
}

/** Makes at most `max` calls in `limitMs`. Returns null when the lease is valid. */
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
