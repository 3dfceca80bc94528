/**
 * Generates a run's rate limits, and demand that reaches them: requests at a high rate over several windows, and bursts
 * around the edges of windows.
 */
import { type Bucket, type Limits, WINDOWS_MS } from "../../../src/rate-limits.ts";
import type { Random } from "./random.ts";
import type { ControlCall, KeyName, LimitPlan, SequentialClient } from "./scenario.ts";

/** No run reaches it, and a new holder's first grant is more than an isolate needs. */
export const AMPLE_LIMIT = 1000;

/** The real ones, of which a run sees an edge, or so short that it sees several. Whole seconds: a response names its window in them. */
const SHORT_WINDOWS_MS = [1000, 2000, 3000, 3000] as const;

/** How long requests at a high rate last after the first edge of a window. */
const DEMAND_MAX_MS = 6000;

/** More requests with one key than its limit allows. */
export interface Demand {
  readonly key: KeyName;
  /** `steady`: at a constant rate; `edges`: in bursts at the end of each window. */
  readonly kind: "steady" | "edges";
  readonly from: number;
  readonly until: number;
  /** When a window ends, in true time. */
  readonly edges: readonly number[];
}

interface RequestTime {
  readonly at: number;
  readonly bucket: Bucket;
}

/** `contended`: demand far above a low limit. */
export function generateLimits(contended: boolean, random: Random): LimitPlan {
  const windowsMs = random.chance(0.5)
    ? WINDOWS_MS
    : { requests: random.pick(SHORT_WINDOWS_MS), publish: random.pick(SHORT_WINDOWS_MS) };
  const kind = contended
    ? random.pick(["none", "few", "few", "few"] as const)
    : random.pick(["none", "none", "none", "ample", "few"] as const);
  const accountLimits = contended && random.chance(0.3) ? lowLimits(random) : null;
  if (kind === "none") return { windowsMs, limits: null, accountLimits };
  const limits = kind === "ample" ? { requests: AMPLE_LIMIT, publish: AMPLE_LIMIT } : lowLimits(random);
  return { windowsMs, limits, accountLimits };
}

/** A tier that is lowered, raised or made unlimited while requests arrive. */
export function generateTierChanges(
  { limits }: LimitPlan,
  chance: number,
  until: number,
  random: Random,
): ControlCall[] {
  if (limits?.requests === AMPLE_LIMIT || !random.chance(chance)) return [];
  const at = random.between(0, until);
  const change = (at: number, to: Limits | null): ControlCall => ({
    at,
    method: "tier",
    aheadMs: null,
    limits: to,
    persistent: true,
  });
  // Made unlimited, then limited again.
  if (limits && random.chance(0.3)) return [change(at, null), change(at + random.between(100, 1000), limits)];
  if (limits && random.chance(0.5)) return [change(at, lowered(limits, random))];
  return [change(at, limits && random.chance(0.3) ? null : lowLimits(random))];
}

/** Lasts two windows, if they are short. */
export function generateDemand(
  { windowsMs }: LimitPlan,
  ledgerStartsAt: number,
  ledgerRate: number,
  random: Random,
): Demand {
  const windowMs = windowsMs.requests;
  const first = windowMs - (ledgerStartsAt % windowMs);
  const edges = [0, 1, 2].map((count) => (first + count * windowMs) / ledgerRate);
  const kind = random.pick(["steady", "edges"] as const);
  const key = random.pick(["active", "active", "ending"] as const);
  const until = first + Math.min(2 * windowMs, DEMAND_MAX_MS);
  return { key, kind, from: random.between(0, first), until, edges: edges.filter((at) => at <= until + 100) };
}

/** More requests than the limit, unless its pauses are long. */
export function generateClient(random: Random): SequentialClient {
  return {
    from: random.between(0, 500),
    requests: random.whole(5, 90),
    pauseMs: random.pick([0, 0, 0, 20, 300, 2500]),
    bucket: random.pick(["requests", "requests", "publish"] as const),
    staysFor: random.pick([1, 3, 8, 20]),
  };
}

/** When one isolate receives a request. */
export function generateDemandTimes(demand: Demand, random: Random): RequestTime[] {
  const { kind, from, until, edges } = demand;
  const moments = kind === "steady" ? steadyTimes(from, until, random) : [];
  const bursts = kind === "edges" || random.chance(0.3) ? edges : [];
  for (const edge of bursts) {
    // The first request obtains a lease ahead of the burst.
    for (const ms of [-random.between(100, 900), ...Array.from({ length: 6 }, () => random.between(-30, 30))])
      moments.push({ at: Math.max(0, edge + ms), bucket: "requests" });
  }
  return moments;
}

/** Some isolates are busy throughout, some only at first. */
function steadyTimes(from: number, until: number, random: Random): RequestTime[] {
  const moments: RequestTime[] = [];
  const calmsDownAt = random.chance(0.5) ? until : random.between(from, until);
  const everyMs = random.pick([25, 50, 100]);
  for (let at = from; at < calmsDownAt; at += everyMs * random.between(0.5, 1.5))
    moments.push({ at, bucket: "requests" });
  const bucket = random.pick(["requests", "publish"] as const);
  for (let at = calmsDownAt; at < until; at += 90 * random.between(0.5, 1.5)) moments.push({ at, bucket });
  return moments;
}

/** Only partly, so that some of the lower limit may still be unused. */
function lowered({ requests, publish }: Limits, random: Random): Limits {
  const part = random.between(0.4, 0.9);
  return { requests: Math.ceil(part * requests), publish: Math.ceil(part * publish) };
}

function lowLimits(random: Random): Limits {
  const [least, most] = random.pick([
    [1, 4],
    [2, 15],
    [15, 60],
    [15, 60],
  ] as const);
  return { requests: random.whole(least, most), publish: random.whole(least, most) };
}
