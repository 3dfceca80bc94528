/**
 * Checks that a limit is used in full in fault-free runs: permits that one isolate does not need reach another that does.
 */
import type { Bucket } from "../../../src/rate-limits.ts";
import type { Report } from "./checker.ts";
import { DRIFT, SLACK_MS } from "./fault-budget.ts";
import { type PermitDecision, wasRefunded } from "./history.ts";
import { advertisedWindow } from "./limit-checker.ts";
import type { Scenario } from "./scenario.ts";
import type { World } from "./world.ts";

/**
 * A window with more demand than its limit is used in full, except for the permits that a slower isolate may need next.
 * Judged right before the window's edge, where requests start to count in the next window too. `decisions`: all of the
 * run's.
 */
export function checkFullUse(
  { scenario, history, ledgerClock }: World,
  inWindow: readonly PermitDecision[],
  decisions: readonly PermitDecision[],
  endsFrom: number,
  report: Report,
): void {
  const [first] = inWindow;
  if (!first?.allowance) return;
  const { key, bucket, allowance } = first;
  const leaseMs = history.leases.longestMs / (1 - DRIFT) + maxRoundTripMs(scenario);
  const edgeAt = ledgerClock.trueTimeOf(advertisedWindow(first) - edgeMs(bucket, scenario));
  if (key === "ending" && edgeAt > endsFrom) return;
  const refused = inWindow.filter(({ admitted, at }) => !admitted && at < edgeAt);
  if (!refused.some(({ at }) => at < edgeAt - 2.5 * leaseMs)) return;
  if (!refused.some(({ at }) => at > edgeAt - leaseMs / 3)) return;

  const onKey = decisions.filter((decision) => decision.key === key && decision.at < edgeAt);
  const countsToo = (decision: PermitDecision) =>
    decision.admitted &&
    decision.bucket === bucket &&
    advertisedWindow(decision) < advertisedWindow(first) &&
    isAtEdge(decision, scenario);
  let unused = onKey.filter(countsToo).length;
  for (const isolate of new Set(onKey.map((decision) => decision.isolate))) {
    const own = onKey.filter((decision) => decision.isolate === isolate);
    const last = own.at(-1);
    const isRefused =
      last?.admitted === false &&
      last.bucket === bucket &&
      advertisedWindow(last) === advertisedWindow(first);
    unused += isRefused ? 0 : mayHoldUnused(own, bucket, edgeAt, leaseMs, scenario);
  }
  const used = inWindow.filter(
    (decision) => decision.admitted && !wasRefunded(decision, edgeAt - 2 * leaseMs),
  );
  if (used.length < allowance.limit - unused) {
    const reserve = `${unused} may be held unused`;
    report(
      "full use",
      `${used.length} of ${allowance.limit} ${bucket} with ${key} until ${advertisedWindow(first)}; ${reserve}`,
    );
  }
}

/** How many permits an isolate may hold unused: three times its use between two reports, plus the waiting requests. */
function mayHoldUnused(
  own: readonly PermitDecision[],
  bucket: Bucket,
  until: number,
  leaseMs: number,
  scenario: Scenario,
): number {
  const from = until - 4 * leaseMs;
  const late = own.filter(({ at }) => at > from);
  const moments = [from, ...late.map(({ at }) => at), until];
  // An isolate without requests does not report to the ledger, so it may hold all its permits.
  if (moments.some((at, index) => at - (moments[index - 1] ?? at) > leaseMs)) return Number.POSITIVE_INFINITY;
  const most = (ms: number, counts: (decision: PermitDecision) => boolean) =>
    Math.max(
      0,
      ...late.map(
        ({ at }) =>
          late.filter((decision) => decision.at >= at && decision.at <= at + ms && counts(decision)).length,
      ),
    );
  const used = most(leaseMs, (decision) => decision.admitted && decision.bucket === bucket);
  // Requests that wait for the ledger are counted for every bucket.
  return 4 * used + most(maxRoundTripMs(scenario), (decision) => decision.bucket !== bucket);
}

/** Whether the request may count in the next window too. */
export function isAtEdge(decision: PermitDecision, scenario: Scenario): boolean {
  return decision.ledgerAt > advertisedWindow(decision) - edgeMs(decision.bucket, scenario);
}

/** The maximum error of an isolate about the end of a window, on the ledger's clock. */
function edgeMs(bucket: Bucket, scenario: Scenario): number {
  return 0.03 * scenario.limits.windowsMs[bucket] + (1 + DRIFT) * maxRoundTripMs(scenario);
}

/** The longest round trip of any isolate. */
export function maxRoundTripMs({ isolates }: Scenario): number {
  return Math.max(...isolates.map(({ distance }) => 2 * (distance.delayMs + distance.jitterMs) + SLACK_MS));
}
