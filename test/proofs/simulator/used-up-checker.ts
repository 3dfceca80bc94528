/**
 * Whether a limit is used to the full, on good days: whoever needs permits gets those that others do not need.
 */
import type { Bucket } from "../../../src/rate-limits.ts";
import type { Report } from "./checker.ts";
import { DRIFT } from "./fault-budget.ts";
import { type Take, wasGivenBack } from "./history.ts";
import { windowTold } from "./limit-checker.ts";
import type { Scenario } from "./scenario.ts";
import type { World } from "./world.ts";

/** For timers that round up and tasks that take a moment. */
const SLACK_MS = 10;

/**
 * A window with more demand than it allows is used to the full, but for what a slower isolate may need next. Judged
 * right before its edge, where requests begin to count in the next window too. `takes`: all of the run.
 */
export function checkUsedUp(
  { scenario, history, ledgerClock }: World,
  inWindow: readonly Take[],
  takes: readonly Take[],
  dying: number,
  report: Report,
): void {
  const [first] = inWindow;
  if (!first?.allowance) return;
  const { key, bucket, allowance } = first;
  const leaseMs = history.leases.longestMs / (1 - DRIFT) + farthestMs(scenario);
  const edgeAt = ledgerClock.settlesAt(windowTold(first) - edgeMs(bucket, scenario));
  if (key === "doomed" && edgeAt > dying) return;
  const refused = inWindow.filter(({ admitted, at }) => !admitted && at < edgeAt);
  if (!refused.some(({ at }) => at < edgeAt - 2.5 * leaseMs)) return;
  if (!refused.some(({ at }) => at > edgeAt - leaseMs / 3)) return;

  const onKey = takes.filter((take) => take.key === key && take.at < edgeAt);
  const countsToo = (take: Take) =>
    take.admitted &&
    take.bucket === bucket &&
    windowTold(take) < windowTold(first) &&
    isAtEdge(take, scenario);
  let unused = onKey.filter(countsToo).length;
  for (const isolate of new Set(onKey.map((take) => take.isolate))) {
    const own = onKey.filter((take) => take.isolate === isolate);
    const last = own.at(-1);
    const isRefused =
      last?.admitted === false && last.bucket === bucket && windowTold(last) === windowTold(first);
    unused += isRefused ? 0 : mayKeep(own, bucket, edgeAt, leaseMs, scenario);
  }
  const used = inWindow.filter((take) => take.admitted && !wasGivenBack(take, edgeAt - 2 * leaseMs));
  if (used.length < allowance.limit - unused) {
    const keeping = `${unused} may be kept`;
    report(
      "used up",
      `${used.length} of ${allowance.limit} ${bucket} with ${key} until ${windowTold(first)}; ${keeping}`,
    );
  }
}

/** How many permits an isolate may keep for what comes next: thrice what it used between two questions, and what waits. */
function mayKeep(
  own: readonly Take[],
  bucket: Bucket,
  until: number,
  leaseMs: number,
  scenario: Scenario,
): number {
  const from = until - 4 * leaseMs;
  const late = own.filter(({ at }) => at > from);
  const moments = [from, ...late.map(({ at }) => at), until];
  // Having fallen silent, it tells the ledger of nothing that it does not need.
  if (moments.some((at, index) => at - (moments[index - 1] ?? at) > leaseMs)) return Number.POSITIVE_INFINITY;
  const most = (ms: number, counts: (take: Take) => boolean) =>
    Math.max(
      0,
      ...late.map(
        ({ at }) => late.filter((take) => take.at >= at && take.at <= at + ms && counts(take)).length,
      ),
    );
  const used = most(leaseMs, (take) => take.admitted && take.bucket === bucket);
  // Requests that wait for the ledger count in every bucket.
  return 4 * used + most(farthestMs(scenario), (take) => take.bucket !== bucket);
}

/** Whether it may count in the next window too. */
export function isAtEdge(take: Take, scenario: Scenario): boolean {
  return take.ledgerAt > windowTold(take) - edgeMs(take.bucket, scenario);
}

/** By what an isolate may be wrong about the end of a window, on the ledger's clock. */
function edgeMs(bucket: Bucket, scenario: Scenario): number {
  return 0.03 * scenario.limits.windowsMs[bucket] + (1 + DRIFT) * farthestMs(scenario);
}

/** The longest round trip. */
export function farthestMs({ isolates }: Scenario): number {
  return Math.max(...isolates.map(({ distance }) => 2 * (distance.delayMs + distance.jitterMs) + SLACK_MS));
}
