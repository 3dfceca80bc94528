/**
 * Draws a run's rate limits, and the demand that makes them matter: requests at a high rate over several windows,
 * and crowds around the moments when one window ends and the next begins.
 */
import type { Bucket, Limits } from "../../../src/rate-limits.ts";
import type { Random } from "./random.ts";
import type { ControlCall, KeyName, LimitPlan } from "./scenario.ts";

/** Nobody reaches it, and a newcomer's part of it is more than an isolate needs. */
export const ROOMY = 1000;

/** Whole seconds, since that is how a response names its window. */
const WINDOWS_MS = [1000, 2000, 3000, 3000] as const;

/** More requests with one key than it may make. */
export interface Demand {
  readonly key: KeyName;
  /** All the time, or only when a window ends. */
  readonly kind: "steady" | "edges";
  readonly from: number;
  readonly until: number;
  /** True moments when a window ends. */
  readonly edges: readonly number[];
}

interface Moment {
  readonly at: number;
  readonly bucket: Bucket;
}

/** `crowded`: many more requests are to come than a low limit allows. */
export function drawLimits(crowded: boolean, random: Random): LimitPlan {
  const windowsMs = { requests: random.pick(WINDOWS_MS), publish: random.pick(WINDOWS_MS) };
  const kind = crowded
    ? random.pick(["none", "few", "few", "few"] as const)
    : random.pick(["none", "none", "none", "roomy", "few"] as const);
  if (kind === "none") return { windowsMs, limits: null };
  return { windowsMs, limits: kind === "roomy" ? { requests: ROOMY, publish: ROOMY } : drawFew(random) };
}

/** A tier that is lowered, raised or changes its kind while requests come. */
export function drawTierChanges(
  { limits }: LimitPlan,
  chance: number,
  until: number,
  random: Random,
): ControlCall[] {
  if (limits?.requests === ROOMY || !random.chance(chance)) return [];
  const at = random.between(0, until);
  const change = (at: number, to: Limits | null): ControlCall => ({
    at,
    method: "tier",
    aheadMs: null,
    limits: to,
    persistent: true,
  });
  // There and back again.
  if (limits && random.chance(0.3)) return [change(at, null), change(at + random.between(100, 1000), limits)];
  if (limits && random.chance(0.5)) return [change(at, lowered(limits, random))];
  return [change(at, limits && random.chance(0.3) ? null : drawFew(random))];
}

/** Over two windows at least. */
export function drawDemand(
  { windowsMs }: LimitPlan,
  ledgerStartsAt: number,
  ledgerRate: number,
  random: Random,
): Demand {
  const windowMs = windowsMs.requests;
  const first = windowMs - (ledgerStartsAt % windowMs);
  const edges = [0, 1, 2].map((count) => (first + count * windowMs) / ledgerRate);
  const kind = random.pick(["steady", "edges"] as const);
  const key = random.pick(["good", "good", "doomed"] as const);
  return { key, kind, from: random.between(0, first), until: first + 2 * windowMs, edges };
}

/** When one isolate is asked. */
export function drawDemandMoments(demand: Demand, random: Random): Moment[] {
  const { kind, from, until, edges } = demand;
  const moments = kind === "steady" ? steadyMoments(from, until, random) : [];
  const crowds = kind === "edges" || random.chance(0.3) ? edges : [];
  for (const edge of crowds) {
    // The first one has the isolate ask for a lease, some time ahead.
    for (const ms of [-random.between(100, 900), ...Array.from({ length: 6 }, () => random.between(-30, 30))])
      moments.push({ at: Math.max(0, edge + ms), bucket: "requests" });
  }
  return moments;
}

/** Some are asked often all the time, some at first and then now and then. */
function steadyMoments(from: number, until: number, random: Random): Moment[] {
  const moments: Moment[] = [];
  const calmsDownAt = random.chance(0.5) ? until : random.between(from, until);
  const everyMs = random.pick([25, 50, 100]);
  for (let at = from; at < calmsDownAt; at += everyMs * random.between(0.5, 1.5))
    moments.push({ at, bucket: "requests" });
  const bucket = random.pick(["requests", "publish"] as const);
  for (let at = calmsDownAt; at < until; at += 90 * random.between(0.5, 1.5)) moments.push({ at, bucket });
  return moments;
}

/** So that more than what is used by then may still be left. */
function lowered({ requests, publish }: Limits, random: Random): Limits {
  const part = random.between(0.4, 0.9);
  return { requests: Math.ceil(part * requests), publish: Math.ceil(part * publish) };
}

function drawFew(random: Random): Limits {
  const [least, most] = random.pick([
    [1, 4],
    [2, 15],
    [15, 60],
    [15, 60],
  ] as const);
  return { requests: random.whole(least, most), publish: random.whole(least, most) };
}
