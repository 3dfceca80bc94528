/**
 * Generates how far leases may be stretched, from which rate of grants, and the load that stretches them.
 */
import type { Random } from "./random.ts";
import { type KeyName, quickRequest, type RequestPlan } from "./scenario.ts";

/** The factor by which leases may be stretched, and the busy period that causes it. */
export interface Stretching {
  readonly times: number;
  readonly grantsPerSecondMax: number;
  readonly busy: { readonly from: number; readonly until: number } | null;
}

/** Short, so that leases are stretched and shortened again within a run. */
export const STRETCHING_LEASES_MS = [200, 300, 300, 500, 1000, 1000, 100] as const;

/** A rate of grants that no run reaches. */
const UNREACHED_RATE = 300;

/** The longest lease generated: above it the margin leaves little budget for faults. */
const LONGEST_MS = 5000;

/** `stretching`: the load is to stretch leases. */
export function generateStretching(stretching: boolean, leaseMs: number, random: Random): Stretching {
  if (!stretching) return { times: random.pick([1, 5]), grantsPerSecondMax: UNREACHED_RATE, busy: null };
  const from = random.between(0, 500);
  const busy = random.chance(0.8) ? { from, until: from + random.between(1, 5) * leaseMs } : null;
  // Under load each isolate renews each of the two keys about twice per lease.
  const grantsPerLease = random.pick([1, 3, 6, 6, 9, 9]);
  const grantsPerSecondMax = (1000 * grantsPerLease) / leaseMs;
  return { times: random.pick([1.5, 2, 3, 5]), grantsPerSecondMax, busy };
}

/** `LEASE_MAX_MS` for a `LEASE_MS`. */
export function leaseMaxOf(leaseMs: number, { times }: Stretching): number {
  return Math.max(leaseMs, Math.min(LONGEST_MS, Math.round(times * leaseMs)));
}

/** Requests frequent enough to renew leases as early as possible; on some isolates followed by occasional ones. */
export function generateBusyRequests(
  { busy }: Stretching,
  leaseMs: number,
  until: number,
  random: Random,
): RequestPlan[] {
  if (!busy) return [];
  const requests: RequestPlan[] = [];
  const occasionalUntil = random.chance(0.8) ? until : busy.until;
  const pace = random.pick([1, 2]);
  const activeKeyShare = random.pick([0.1, 0.5]);
  for (
    let at = busy.from;
    at < occasionalUntil;
    at += leaseMs * random.between(0.5, 1.5) * (at < busy.until ? 1 / 6 : pace)
  ) {
    const key: KeyName = random.chance(activeKeyShare) ? "active" : "ending";
    requests.push({ ...quickRequest(at, key), originMs: random.between(1, 40) });
  }
  return requests;
}
