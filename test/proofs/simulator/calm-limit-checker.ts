/**
 * What rate limits promise for good days: a limit is used to the full, nobody is refused while much of it is left, a
 * response never promises more than is left, and neither a key far from its limit nor an exhausted one costs calls.
 */
import type { Report } from "./checker.ts";
import { ROOMY } from "./draw-limits.ts";
import { DRIFT } from "./fault-budget.ts";
import { type Take, wasGivenBack } from "./history.ts";
import { windowTold } from "./limit-checker.ts";
import type { Scenario } from "./scenario.ts";
import { checkUsedUp, farthestMs, isAtEdge } from "./used-up-checker.ts";
import type { World } from "./world.ts";

/** For timers that round up and tasks that take a moment. */
const SLACK_MS = 10;

/** A newcomer gets this part of what is left of a limit. */
const FIRST_SHARE = 16;

export function checkCalmLimits(world: World, dying: number, report: Report): void {
  const { history, scenario } = world;
  const { limits } = scenario.limits;
  // In a window in which the tier was changed more than one limit applies.
  if (!limits || history.tiers.length > 1) return;
  if (limits.requests === ROOMY) {
    checkNothingIsAsked(world, report);
    return;
  }
  const takes = history.takes.filter(({ key, at }) => key === "good" || at < dying);
  for (const inWindow of windowsOf(takes)) {
    checkPromises(inWindow, world, report);
    checkRefusals(inWindow, scenario, report);
    checkUsedUp(world, inWindow, takes, dying, report);
  }
  checkExhaustedCost(world, takes, dying, report);
}

function windowsOf(takes: readonly Take[]): Take[][] {
  const windows = new Map<string, Take[]>();
  for (const take of takes) {
    const id = `${take.key} ${take.bucket} ${windowTold(take)}`;
    const window = windows.get(id);
    if (window) window.push(take);
    else windows.set(id, [take]);
  }
  return [...windows.values()];
}

/** Permits come with the leases: with many to spare, nobody ever asks for one. */
function checkNothingIsAsked({ history, scenario: { limits } }: World, report: Report): void {
  // Permits are given for two windows at the most.
  if (limits.windowsMs.requests < 1.2 * history.leases.longestMs) return;
  for (const { number, plan, permitAsks, take } of history.requests) {
    if (plan.key !== "good" || plan.bucket !== "requests") continue;
    if (permitAsks > 0 || take?.ranLow)
      report("cost", `request ${number} asked for permits, with many to spare`);
  }
}

/** Whoever answers has heard of the others a lease ago at the most. */
function checkPromises(takes: readonly Take[], { history, scenario }: World, report: Report): void {
  const heardMs = history.leases.longestMs / (1 - DRIFT) + 2 * farthestMs(scenario);
  for (const { at, number, allowance } of takes) {
    if (!allowance) continue;
    const heardOf = takes.filter(
      (other) => other.admitted && other.at < at - heardMs && !wasGivenBack(other, at),
    );
    if (allowance.remaining > allowance.limit - heardOf.length) {
      report(
        "remaining",
        `request ${number}: ${allowance.remaining} promised, ${heardOf.length} of ${allowance.limit} used`,
      );
    }
  }
}

/**
 * Permits that others hold unused are few. Where everybody's first ones are a small part of the limit, nobody is refused
 * before a fourth of it is used.
 */
function checkRefusals(takes: readonly Take[], scenario: Scenario, report: Report): void {
  const { isolates } = scenario;
  for (const take of takes) {
    const { at, number, admitted, allowance } = take;
    if (admitted || !allowance || allowance.limit < FIRST_SHARE * isolates.length) continue;
    // It may be the next window of which nothing is left.
    if (isAtEdge(take, scenario)) continue;
    const used = takes.filter((other) => other.admitted && other.at <= at && !wasGivenBack(other, at)).length;
    if (used < allowance.limit / 4)
      report("refused", `request ${number}: 429 after ${used} of ${allowance.limit}`);
  }
}

/** While all that an isolate says is 429, and nothing is in flight, its lease is renewed as late as can be. */
function checkExhaustedCost(
  { history, scenario }: World,
  takes: readonly Take[],
  dying: number,
  report: Report,
): void {
  const { leaseMs } = scenario.ledger;
  const farMs = farthestMs(scenario);
  const latestMs = Math.max(leaseMs / 2, Math.min(0.9 * leaseMs, leaseMs - 2 * farMs));
  const leastMs = latestMs * (1 - DRIFT) - SLACK_MS;
  const latest = new Map<string, number>();
  for (const { isolate, key, at } of history.calls) {
    const before = latest.get(`${isolate}/${key}`);
    latest.set(`${isolate}/${key}`, at);
    if (
      before === undefined ||
      at - before >= leastMs ||
      (key === "doomed" && (at >= dying || endIsScheduled(scenario)))
    )
      continue;
    const own = history.requests.filter((one) => one.isolate === isolate && one.plan.key === key);
    // Whoever has no permits of the other bucket yet has to ask.
    if (own.some(({ plan }) => plan.bucket === "publish")) continue;
    if (
      own.some(
        ({ forwardedAt, endedAt }) => forwardedAt !== null && forwardedAt <= at && (endedAt ?? at) >= before,
      )
    )
      continue;
    const between = takes.filter(
      (take) => take.isolate === isolate && take.key === key && take.at > before && take.at <= at,
    );
    const [first] = between;
    if (first && first.at > before + farMs && between.every(({ admitted }) => !admitted))
      report(
        "cost",
        `isolate ${isolate} asked for ${key} again after ${(at - before).toFixed(1)} ms, at ${at.toFixed(1)}, with nothing left`,
      );
  }
}

/** Leases run out early for it. */
function endIsScheduled({ expiresAfterMs, controlCalls }: Scenario): boolean {
  return expiresAfterMs !== null || controlCalls.some(({ method }) => method === "schedule");
}
