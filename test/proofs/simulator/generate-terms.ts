/** Generates changes of terms, in any order, and requests with the changing key around them. */
import type { Random } from "./random.ts";
import { type ControlCall, quickRequest, type RequestPlan } from "./scenario.ts";
import { TERMS_CHANGES, type TermsChange } from "./terms-changes.ts";

const CHANGES = Object.keys(TERMS_CHANGES) as TermsChange[];
const RESTRICTIONS = CHANGES.filter((change) => TERMS_CHANGES[change].forbids);

/** Restrictions of a run, each of which may be repeated and undone; more restrict than undo. */
const KINDS_MAX = 3;

/**
 * Empty: the terms do not change in this run. `faultFree`: its checks of the other keys do not know suspended accounts.
 */
export function generateTermsChanges(
  chance: number,
  faultFree: boolean,
  until: number,
  random: Random,
): readonly ControlCall[] {
  if (!random.chance(chance)) return [];
  const kinds = Array.from({ length: random.whole(1, KINDS_MAX) }, () => random.pick(RESTRICTIONS)).filter(
    (kind) => !(faultFree && kind === "suspend account"),
  );
  const changes = kinds.flatMap((kind) => [kind, kind, TERMS_CHANGES[kind].undoneBy ?? kind]);
  if (changes.length === 0) return [];
  const count = random.whole(1, 2 * kinds.length + 1);
  return Array.from({ length: count }, () => ({
    at: random.between(0, until),
    method: "terms" as const,
    change: random.pick(changes),
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
    const at = random.between(0, last + longestMs);
    const request = quickRequest(at, "changing", random.chance(0.6), random.chance(0.5));
    const kind = random.pick(["quick", "waiting", "streaming"] as const);
    return {
      ...request,
      originMs: kind === "waiting" ? random.between(50, 2 * longestMs) : random.between(1, 40),
      bodyMs: kind === "streaming" ? random.between(50, 2.5 * longestMs) : 0,
      bytesEveryMs: random.between(1, 5),
    };
  });
}
