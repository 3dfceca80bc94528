/** Generates the requests of an isolate with the active and the ending key. */
import { type Demand, generateDemandTimes } from "./generate-limits.ts";
import type { Random } from "./random.ts";
import { type KeyName, quickRequest, type RequestPlan } from "./scenario.ts";

export function generateRequests(endsAt: number, longestMs: number, random: Random): RequestPlan[] {
  const until = endsAt + 1.3 * longestMs;
  const moments = Array.from({ length: random.whole(2, 8) }, () => random.between(0, until));
  if (random.chance(0.2)) {
    const everyMs = random.between(20, 60);
    const from = Math.max(0, endsAt - longestMs / 2);
    for (let count = 0; count < 12; count++) moments.push(from + count * everyMs);
  }
  const activeKeyShare = random.pick([0, 0.3]);
  return moments.map((at) =>
    generateRequest(at, random.chance(activeKeyShare) ? "active" : "ending", longestMs, random),
  );
}

function generateRequest(at: number, key: KeyName, longestMs: number, random: Random): RequestPlan {
  const kind = random.pick(["quick", "quick", "waiting", "streaming"] as const);
  const longMs = () => random.between(50, 2.5 * longestMs);
  return {
    at,
    key,
    writes: false,
    outside: false,
    bucket: random.chance(0.15) ? "publish" : "requests",
    originFails: random.chance(0.04),
    originMs: kind === "waiting" ? longMs() : random.between(1, 40),
    bodyMs: kind === "streaming" || random.chance(0.1) ? longMs() : 0,
    bytesEveryMs: random.between(1, 5),
    clientGoneAfterMs: random.chance(0.05) ? random.between(0, longestMs) : null,
  };
}

export function generateDemandRequests(demand: Demand | null, random: Random): RequestPlan[] {
  if (!demand) return [];
  return generateDemandTimes(demand, random).map(({ at, bucket }) => ({
    ...quickRequest(at, demand.key),
    bucket,
    originMs: random.between(1, 40),
    originFails: random.chance(0.04),
  }));
}
