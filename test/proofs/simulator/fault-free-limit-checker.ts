/**
 * Checks the rate-limit promises for fault-free runs: a limit is used in full, no request is refused while much of it is
 * left, a response never advertises more than is left, and neither a key far from its limit nor an exhausted one costs
 * extra ledger calls.
 */
import type { Report } from "./checker.ts";
import { DRIFT, SLACK_MS } from "./fault-budget.ts";
import { checkFullUse, isAtEdge, maxRoundTripMs } from "./full-use-checker.ts";
import { AMPLE_LIMIT } from "./generate-limits.ts";
import { type PermitDecision, wasRefunded } from "./history.ts";
import { advertisedWindow } from "./limit-checker.ts";
import type { Scenario } from "./scenario.ts";
import { checkSequentialClient } from "./sequential-client.ts";
import type { World } from "./world.ts";

/** A new holder is granted this fraction of the permits that are left. */
const FIRST_SHARE = 16;

export function checkFaultFreeLimits(world: World, endsFrom: number, report: Report): void {
  const { history, scenario } = world;
  const { limits, accountLimits } = scenario.limits;
  checkSequentialClient(world, report);
  // When the tier changes within a window, more than one limit applies.
  if (!limits || accountLimits || history.tiers.length > 1) return;
  if (limits.requests === AMPLE_LIMIT) {
    checkPermitRequests(world, report);
    return;
  }
  const decisions = history.decisions.filter(({ key, at }) => key === "active" || at < endsFrom);
  for (const inWindow of windowsOf(decisions)) {
    checkAdvertisedRemaining(inWindow, world, report);
    checkRefusals(inWindow, scenario, report);
    checkFullUse(world, inWindow, decisions, endsFrom, report);
  }
  checkExhaustedCost(world, decisions, endsFrom, report);
}

function windowsOf(decisions: readonly PermitDecision[]): PermitDecision[][] {
  const windows = new Map<string, PermitDecision[]>();
  for (const decision of decisions) {
    const id = `${decision.key} ${decision.bucket} ${advertisedWindow(decision)}`;
    const window = windows.get(id);
    if (window) window.push(decision);
    else windows.set(id, [decision]);
  }
  return [...windows.values()];
}

/** Far below the limit, a request waits for two calls at most: one that had begun before, and one that counts it. */
function checkPermitRequests({ history, scenario }: World, report: Report): void {
  // The ledger grants permits for two windows at most.
  if (scenario.limits.windowsMs.requests < 1.2 * history.leases.longestMs) return;
  for (const { number, plan, permitRequests, decision } of history.requests) {
    if (plan.key !== "active" || !decision) continue;
    if (permitRequests > 2)
      report("cost", `request ${number} requested permits ${permitRequests} times while many were left`);
  }
}

/** An isolate's knowledge of other isolates' use is at most a lease old, and the ledger's two: a lease, and the time without requests after it. */
function checkAdvertisedRemaining(
  decisions: readonly PermitDecision[],
  { history, scenario }: World,
  report: Report,
): void {
  const staleMs = 3 * (history.leases.longestMs / (1 - DRIFT) + 2 * maxRoundTripMs(scenario));
  for (const { at, number, allowance } of decisions) {
    if (!allowance) continue;
    const knownUses = decisions.filter(
      (other) => other.admitted && other.at < at - staleMs && !wasRefunded(other, at),
    );
    if (allowance.remaining > allowance.limit - knownUses.length) {
      report(
        "remaining",
        `request ${number}: ${allowance.remaining} advertised, ${knownUses.length} of ${allowance.limit} used`,
      );
    }
  }
}

/**
 * Few permits are stranded unused on other isolates. Where each holder's first grant is a small part of the limit, no
 * request is refused before a quarter of it is used.
 */
function checkRefusals(decisions: readonly PermitDecision[], scenario: Scenario, report: Report): void {
  const { isolates } = scenario;
  for (const decision of decisions) {
    const { at, number, admitted, allowance } = decision;
    if (admitted || !allowance || allowance.limit < FIRST_SHARE * isolates.length) continue;
    // The exhausted window may be the next one.
    if (isAtEdge(decision, scenario)) continue;
    const used = decisions.filter(
      (other) => other.admitted && other.at <= at && !wasRefunded(other, at),
    ).length;
    if (used < allowance.limit / 4)
      report("refused", `request ${number}: 429 after ${used} of ${allowance.limit}`);
  }
}

/** While an isolate answers 429 only, and nothing is in flight, it renews its lease as late as possible. */
function checkExhaustedCost(
  { history, scenario }: World,
  decisions: readonly PermitDecision[],
  endsFrom: number,
  report: Report,
): void {
  const { leaseMs } = scenario.ledger;
  const farMs = maxRoundTripMs(scenario);
  const latestMs = Math.max(leaseMs / 2, Math.min(0.9 * leaseMs, leaseMs - 2 * farMs));
  const leastMs = latestMs * (1 - DRIFT) - SLACK_MS;
  const latest = new Map<string, number>();
  for (const { isolate, key, at, forPermits } of history.calls) {
    if (forPermits) continue;
    const before = latest.get(`${isolate}/${key}`);
    latest.set(`${isolate}/${key}`, at);
    if (
      before === undefined ||
      at - before >= leastMs ||
      (key === "ending" && (at >= endsFrom || endIsScheduled(scenario)))
    )
      continue;
    const own = history.requests.filter((one) => one.isolate === isolate && one.plan.key === key);
    // An isolate without permits for the other bucket has to call the ledger.
    if (own.some(({ plan }) => plan.bucket === "publish")) continue;
    if (
      own.some(
        ({ forwardedAt, endedAt }) => forwardedAt !== null && forwardedAt <= at && (endedAt ?? at) >= before,
      )
    )
      continue;
    const between = decisions.filter(
      (decision) =>
        decision.isolate === isolate && decision.key === key && decision.at > before && decision.at < at,
    );
    const [first] = between;
    if (first && first.at > before + farMs && between.every(({ admitted }) => !admitted))
      report(
        "cost",
        `isolate ${isolate} called the ledger for ${key} again after ${(at - before).toFixed(1)} ms, at ${at.toFixed(1)}, with nothing left`,
      );
  }
}

/** Leases expire early before a scheduled end. */
function endIsScheduled({ expiresAfterMs, controlCalls }: Scenario): boolean {
  return expiresAfterMs !== null || controlCalls.some(({ method }) => method === "schedule");
}
