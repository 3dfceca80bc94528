/**
 * Draws how far leases may get longer and from how many grants on, and the time of many requests that makes them.
 */
import type { Random } from "./random.ts";
import { type KeyName, quickRequest, type RequestPlan } from "./scenario.ts";

/** How many times as long leases may get, and the requests of the time in which they do. */
export interface LongerLeases {
  readonly times: number;
  readonly grantsPerSecondMax: number;
  readonly busy: { readonly from: number; readonly until: number } | null;
}

/** Short ones, that get longer and shorter again within a run. */
export const EAGER_LEASES_MS = [200, 300, 300, 500, 1000, 1000, 100] as const;

/** So many that no run comes near. */
const NEVER = 300;

/** The longest that is drawn: beyond, the margin of the runs would cover little. */
const LONGEST_MS = 5000;

/** `eager`: leases are to get longer. */
export function drawLongerLeases(eager: boolean, leaseMs: number, random: Random): LongerLeases {
  if (!eager) return { times: random.pick([1, 5]), grantsPerSecondMax: NEVER, busy: null };
  const from = random.between(0, 500);
  const busy = random.chance(0.8) ? { from, until: from + random.between(1, 5) * leaseMs } : null;
  // While all are busy each asks about twice per lease for each of two keys.
  const grantsPerLease = random.pick([1, 3, 6, 6, 9, 9]);
  const grantsPerSecondMax = (1000 * grantsPerLease) / leaseMs;
  return { times: random.pick([1.5, 2, 3, 5]), grantsPerSecondMax, busy };
}

/** `LEASE_MAX_MS` for a `LEASE_MS`. */
export function leaseMaxOf(leaseMs: number, { times }: LongerLeases): number {
  return Math.max(leaseMs, Math.min(LONGEST_MS, Math.round(times * leaseMs)));
}

/** Requests that come so often that leases are renewed as soon as they may be, and then, on some isolates, a few more. */
export function drawBusyRequests(
  { busy }: LongerLeases,
  leaseMs: number,
  until: number,
  random: Random,
): RequestPlan[] {
  if (!busy) return [];
  const requests: RequestPlan[] = [];
  const fewUntil = random.chance(0.8) ? until : busy.until;
  const pace = random.pick([1, 2]);
  const onGoodKey = random.pick([0.1, 0.5]);
  for (
    let at = busy.from;
    at < fewUntil;
    at += leaseMs * random.between(0.5, 1.5) * (at < busy.until ? 1 / 6 : pace)
  ) {
    const key: KeyName = random.chance(onGoodKey) ? "good" : "doomed";
    requests.push({ ...quickRequest(at, key), originMs: random.between(1, 40) });
  }
  return requests;
}
