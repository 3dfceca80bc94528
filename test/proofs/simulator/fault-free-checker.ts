/**
 * Checks the promises for fault-free runs: no message lost, short distances, no restart, no clock that steps.
 */

import { endOnDisk, type KeyEnd, type Report } from "./checker.ts";
import { DRIFT, SLACK_MS } from "./fault-budget.ts";
import { checkFaultFreeLimits } from "./fault-free-limit-checker.ts";
import { type History, lostEveryPermitRace, type RequestRecord, statusOf } from "./history.ts";
import { type IsolatePlan, longestLeaseMsOf, type Scenario } from "./scenario.ts";
import type { World } from "./world.ts";

const NEVER = Number.POSITIVE_INFINITY;

export function checkFaultFreeRun(world: World, keyEnd: KeyEnd, report: Report): void {
  const { history, scenario } = world;
  const endsFrom = Math.min(history.firstRevokeSentAt, scheduledEnd(world));
  for (const request of history.requests) {
    if (request.plan.key === "changing") continue;
    if (request.plan.key === "active") checkAnswer(request, NEVER, NEVER, report);
    else checkAnswer(request, endsFrom, Math.min(keyEnd.answeredAt, keyEnd.scheduledAt), report);
    checkCutInFlight(request, scenario, keyEnd, report);
  }
  const isUninterrupted = scenario.isolates.every(({ restartsAt }) => restartsAt === null);
  const isUnlimited = !scenario.limits.accountLimits && history.tiers.every(({ limits }) => limits === null);
  if (isUninterrupted && isUnlimited) checkNoWaiting(history, scenario, endsFrom, report);
  if (isUninterrupted) checkRenewals(history, scenario, endsFrom, report);
  checkRevocationIsQuick(history, scenario, report);
  checkFaultFreeLimits(world, endsFrom, report);
}

/** The last leases before a scheduled end expire early, by their round trip to the ledger. */
function scheduledEnd(world: World): number {
  const { ledger, isolates, controlCalls } = world.scenario;
  const schedules = controlCalls.filter(({ method }) => method === "schedule");
  // When a schedule is changed, leases have expired early for an end that was then withdrawn.
  if (schedules.length > 1) return 0;
  const maxRoundTripMs = Math.max(...isolates.map(roundTripMs));
  const endsAt = world.ledgerClock.trueTimeOf(endOnDisk(world));
  return endsAt - maxRoundTripMs - 2 * DRIFT * longestLeaseMsOf(ledger);
}

function checkAnswer(request: RequestRecord, endsFrom: number, endedFrom: number, report: Report): void {
  const { number, arrivedAt, endedAt, bodyComplete, refusal } = request;
  if (refusal?.reason === "client_gone" || refusal?.reason === "origin_timeout") return;
  const status = statusOf(request);
  // Interrupted by a restart of its isolate.
  if (endedAt !== null && status === null) return;
  if (arrivedAt > endedFrom) {
    if (status !== 401) report("fault-free", `request ${number}: ${status} for an ended key`);
    return;
  }
  if (endedAt === null || status === 429 || status === 502) return;
  if (lostEveryPermitRace(request)) return;
  if (endedAt < endsFrom) {
    if (status !== 200) report("fault-free", `request ${number}: ${status} for an active key`);
    const clientStayed = request.plan.clientGoneAfterMs === null;
    if (bodyComplete === false && clientStayed)
      report("fault-free", `request ${number}: its body was aborted without a reason`);
  } else if (status !== 200 && status !== 401) {
    report("fault-free", `request ${number}: ${status} while its key ended`);
  }
}

/**
 * Every request in flight with the key has ended when `revoke` answers. The refusal of a request that called the ledger
 * as its lease expired may arrive later, by the part of its round trip that exceeds the margin; near a scheduled end,
 * by the whole round trip.
 */
function checkCutInFlight(request: RequestRecord, scenario: Scenario, keyEnd: KeyEnd, report: Report): void {
  const { number, plan, isolate, forwardedAt, endedAt } = request;
  const { answeredAt } = keyEnd;
  if (plan.key === "active" || forwardedAt === null || endedAt === null || forwardedAt > answeredAt) return;
  const { marginMs } = scenario.ledger;
  const tripMs = roundTripMs(scenario.isolates[isolate] as IsolatePlan);
  const beforeMs =
    keyEnd.scheduledAt === NEVER ? marginMs - 2 * DRIFT * longestLeaseMsOf(scenario.ledger) : 0;
  if (endedAt > answeredAt + Math.max(0, tripMs - beforeMs) + SLACK_MS) {
    report("rule 6", `request ${number}: in flight after the end`);
  }
}

function roundTripMs({ distance }: IsolatePlan): number {
  return 2 * (distance.delayMs + distance.jitterMs) + SLACK_MS;
}

/** With half of the lease left it is renewed in the background, so no request waits while requests are frequent, unless it needs a permit. */
function checkNoWaiting(history: History, scenario: Scenario, endsFrom: number, report: Report): void {
  const chains = new Map<string, { readonly since: number; latest: number }>();
  for (const request of history.requests) {
    const { isolate, plan, arrivedAt, waitedMs } = request;
    if (plan.key === "changing" || (plan.key === "ending" && arrivedAt >= endsFrom)) continue;
    const who = `${isolate}/${plan.key}`;
    const tripMs = roundTripMs(scenario.isolates[isolate] as IsolatePlan);
    const oftenMs = scenario.ledger.leaseMs * (0.5 - DRIFT) - tripMs;
    const chain = chains.get(who);
    if (!chain || arrivedAt - chain.latest > oftenMs) {
      chains.set(who, { since: arrivedAt, latest: arrivedAt });
      continue;
    }
    chain.latest = arrivedAt;
    if (arrivedAt > chain.since + tripMs && waitedMs !== 0) {
      report("rule 8", `request ${request.number} waited for the ledger while the lease was valid`);
    }
  }
}

/** At most two renewals per lease for each isolate and key, whatever the number of requests. */
function checkRenewals(history: History, scenario: Scenario, endsFrom: number, report: Report): void {
  if (scenario.expiresAfterMs !== null || scenario.controlCalls.some(({ method }) => method === "schedule"))
    return;
  const halfMs = (scenario.ledger.leaseMs / 2) * (1 - DRIFT) - SLACK_MS;
  const latest = new Map<string, number>();
  for (const { isolate, key, at } of history.renewals) {
    if (key === "changing") continue;
    const who = `${isolate}/${key}`;
    // A request that runs low on permits renews early, which also renews the lease.
    if (
      history.decisions.some(
        (decision) => decision.ranLow && decision.at === at && decision.isolate === isolate,
      )
    )
      continue;
    const before = latest.get(who);
    latest.set(who, at);
    if (before === undefined || (key === "ending" && at >= endsFrom)) continue;
    if (at - before < halfMs)
      report("rule 8", `isolate ${isolate} renewed twice within ${(at - before).toFixed(1)} ms`);
  }
}

/** Idle key: at once. Busy key: after the longest lease, on the slowest clock. */
function checkRevocationIsQuick(history: History, scenario: Scenario, report: Report): void {
  const { confirmMs } = scenario.ledger;
  for (const { arrivedAt, longestWaitMs, leftAt, receipt } of history.revokeAnswers) {
    const lateMs = leftAt - arrivedAt - longestWaitMs;
    if (lateMs > confirmMs + SLACK_MS)
      report("rule 4", `revoke was answered ${lateMs.toFixed(1)} ms later than necessary`);
    const tookMs = leftAt - arrivedAt;
    // A key that has ended as scheduled has a bound of 0, yet leases may be in use if the clock has stepped past its end.
    const boundMs = receipt.boundMs || longestWaitMs;
    if (tookMs > boundMs / (1 - DRIFT) + confirmMs + SLACK_MS)
      report("bound", `revoke took ${tookMs.toFixed(1)} ms, above its bound of ${receipt.boundMs}`);
  }
}
