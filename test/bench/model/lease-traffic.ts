/**
 * How often one key on one isolate asks its ledger, and how many requests wait for that: a formula for requests that
 * arrive by chance, independently of each other. A test holds it to what the Worker's own code does (count-calls.ts).
 *
 * A lease is renewed by the first request that finds half of it spent. So one call is made for every half lease and one
 * gap between two requests; a gap longer than half a lease, or a renewal that takes longer than what was left, makes
 * requests wait, and each that waits asks for itself.
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
  /** Requests that come after the lease has ended, while its renewal is still under way. */
  const overtaken = Math.exp(trip - half) * (1 - Math.exp(-trip) * (1 + trip));
  return {
    callsPerRequest: Math.min(1, (1 + lapsed * trip + overtaken) / (1 + half)),
    waitingShare: Math.min(1, (lapsed * (1 + trip) + overtaken) / (1 + half)),
  };
}

/** As deployed. */
export const LEASE_MS = 1000;
export const LEASE_MAX_MS = 5000;

/** The length that leases settle at, longer step by step as the ledger makes them; `grantsPerSecond`: of the account, by the length of a lease. */
export function settledLeaseMs(grantsPerSecond: (leaseMs: number) => number): number {
  let leaseMs = LEASE_MS;
  while (leaseMs < LEASE_MAX_MS && grantsPerSecond(leaseMs) > GRANTS_PER_SECOND_MAX) {
    leaseMs = Math.min(STEP * leaseMs, LEASE_MAX_MS);
  }
  return leaseMs;
}
