/** Generates changes of the changing key's terms, in any order, and requests with it around them. */
import type { Random } from "./random.ts";
import { type ControlCall, quickRequest, type RequestPlan, type TermsChange } from "./scenario.ts";

const CHANGES: readonly TermsChange[] = ["suspend", "suspend", "narrow", "narrow", "resume", "widen"];

/** Empty: the terms do not change in this run. */
export function generateTermsChanges(chance: number, until: number, random: Random): readonly ControlCall[] {
  if (!random.chance(chance)) return [];
  const count = random.whole(1, 6);
  return Array.from({ length: count }, () => ({
    at: random.between(0, until),
    method: "terms" as const,
    change: random.pick(CHANGES),
    aheadMs: null,
    persistent: random.chance(0.7),
  }));
}

/** Short requests, some that wait for the origin, and some with a long body. */
export function generateChangingRequests(
  changes: readonly ControlCall[],
  longestMs: number,
  random: Random,
): RequestPlan[] {
  if (changes.length === 0) return [];
  const last = Math.max(...changes.map(({ at }) => at));
  return Array.from({ length: random.whole(3, 10) }, () => {
    const request = quickRequest(random.between(0, last + longestMs), "changing", random.chance(0.6));
    const kind = random.pick(["quick", "waiting", "streaming"] as const);
    return {
      ...request,
      originMs: kind === "waiting" ? random.between(50, 2 * longestMs) : random.between(1, 40),
      bodyMs: kind === "streaming" ? random.between(50, 2.5 * longestMs) : 0,
      bytesEveryMs: random.between(1, 5),
    };
  });
}
