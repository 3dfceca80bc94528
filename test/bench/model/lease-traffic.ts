/**
 * The rate of ledger calls of one key on one isolate, and the share of requests that wait for them: a formula for a Poisson
 * process. A test compares it with the Worker's own code (count-calls.ts).
 *
 * The first request that finds half of a lease used renews it. So there is one call per half lease plus one gap between
 * two requests; a gap longer than half a lease, or a renewal that takes longer than the rest of it, makes requests wait,
 * for a call that they share.
 */
import { GRANTS_PER_SECOND_MAX, STEP } from "../../../src/ledger/lease-length.ts";

export interface LeaseTraffic {
  readonly callsPerRequest: number;
  /** The share of requests that wait for the ledger. */
  readonly waitingShare: number;
}

/** `perSecond`: requests with the key on the isolate. The round trip is at most half of a lease. */
export function leaseTraffic(perSecond: number, leaseMs: number, roundTripMs: number): LeaseTraffic {
  const half = (perSecond * leaseMs) / 2000;
  const trip = (perSecond * roundTripMs) / 1000;
  const lapsed = Math.exp(-half);
  /** Requests that arrive after the lease has expired, while its renewal is in flight. */
  const overtaken = Math.exp(trip - half) * (1 - Math.exp(-trip) * (1 + trip));
  return {
    callsPerRequest: 1 / (1 + half),
    waitingShare: Math.min(1, (lapsed * (1 + trip) + overtaken) / (1 + half)),
  };
}

/** As deployed. */
export const LEASE_MS = 1000;
export const LEASE_MAX_MS = 5000;

/** The lease length at which the ledger's stretching settles; `grantsPerSecond`: of the account, by lease length. */
export function settledLeaseMs(grantsPerSecond: (leaseMs: number) => number): number {
  let leaseMs = LEASE_MS;
  while (leaseMs < LEASE_MAX_MS && grantsPerSecond(leaseMs) > GRANTS_PER_SECOND_MAX) {
    leaseMs = Math.min(STEP * leaseMs, LEASE_MAX_MS);
  }
  return leaseMs;
}
