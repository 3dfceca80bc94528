/**
 * What is promised for good days: no message lost, nobody far away, no restart, every clock even.
 */
import { checkCalmLimits } from "./calm-limit-checker.ts";
import type { Deaths, Report } from "./checker.ts";
import { ROOMY } from "./draw-limits.ts";
import { DRIFT } from "./fault-budget.ts";
import { type History, lostEveryPermit, type RequestRecord, statusOf, type TierChange } from "./history.ts";
import { type IsolatePlan, longestGrantOf, type Scenario } from "./scenario.ts";
import type { World } from "./world.ts";

/** For timers that round up and tasks that take a moment. */
const SLACK_MS = 10;

const NEVER = Number.POSITIVE_INFINITY;

export function checkCalmRun(world: World, deaths: Deaths, report: Report): void {
  const { history, scenario } = world;
  const dying = Math.min(history.firstRevokeSentAt, scheduledEnd(scenario, deaths));
  for (const request of history.requests) {
    if (request.plan.key === "good") checkAnswer(request, NEVER, NEVER, report);
    else checkAnswer(request, dying, Math.min(deaths.answeredAt, deaths.scheduledAt), report);
    checkCutInFlight(request, scenario, deaths, report);
  }
  if (history.tiers.every(isRoomy)) checkNobodyWaits(history, scenario, dying, report);
  checkRenewals(history, scenario, dying, report);
  checkRevocationIsQuick(history, scenario, report);
  checkCalmLimits(world, dying, report);
}

/** The last leases before a scheduled end run out a little early: by their way to the ledger. */
function scheduledEnd({ ledger, isolates, controlCalls }: Scenario, { scheduledAt }: Deaths): number {
  const schedules = controlCalls.filter(({ method }) => method === "schedule");
  // When a schedule is changed, leases have run out early for an end that then did not come.
  if (schedules.length > 1) return 0;
  const farthestMs = Math.max(...isolates.map(roundTripMs));
  return scheduledAt - ledger.marginMs - farthestMs - 2 * DRIFT * longestGrantOf(ledger);
}

function checkAnswer(request: RequestRecord, dying: number, dead: number, report: Report): void {
  const { number, arrivedAt, endedAt, bodyComplete, refusal } = request;
  if (refusal?.reason === "client_gone" || refusal?.reason === "origin_timeout") return;
  const status = statusOf(request);
  if (arrivedAt > dead) {
    if (status !== 401) report("calm", `request ${number}: ${status} for a dead key`);
    return;
  }
  if (endedAt === null || status === 429 || status === 502) return;
  if (lostEveryPermit(request)) return;
  if (endedAt < dying) {
    if (status !== 200) report("calm", `request ${number}: ${status} for a good key`);
    const clientStayed = request.plan.clientGoneAfterMs === null;
    if (bodyComplete === false && clientStayed)
      report("calm", `request ${number}: its body was cut for nothing`);
  } else if (status !== 200 && status !== 401) {
    report("calm", `request ${number}: ${status} while its key died`);
  }
}

/**
 * Whatever is under way with the key has ended when `revoke` answers. The refusal of a request that asked when its
 * lease ran out may come after that by what its round trip exceeds the margin; near a scheduled end, by all of it.
 */
function checkCutInFlight(request: RequestRecord, scenario: Scenario, deaths: Deaths, report: Report): void {
  const { number, plan, isolate, forwardedAt, endedAt } = request;
  const { answeredAt } = deaths;
  if (plan.key === "good" || forwardedAt === null || endedAt === null || forwardedAt > answeredAt) return;
  const { marginMs } = scenario.ledger;
  const tripMs = roundTripMs(scenario.isolates[isolate] as IsolatePlan);
  const beforeMs = deaths.scheduledAt === NEVER ? marginMs - 2 * DRIFT * longestGrantOf(scenario.ledger) : 0;
  if (endedAt > answeredAt + Math.max(0, tripMs - beforeMs) + SLACK_MS) {
    report("rule 6", `request ${number}: in flight after the end`);
  }
}

function roundTripMs({ distance }: IsolatePlan): number {
  return 2 * (distance.delayMs + distance.jitterMs) + SLACK_MS;
}

/** Where a key's permits are never used up: when they are, its leases are renewed late. */
function isRoomy({ limits }: TierChange): boolean {
  return limits === null || limits.requests === ROOMY;
}

/** With half of the lease left it is renewed in the background: once requests come often, none waits. */
function checkNobodyWaits(history: History, scenario: Scenario, dying: number, report: Report): void {
  const chains = new Map<string, { readonly since: number; latest: number }>();
  for (const request of history.requests) {
    const { isolate, plan, arrivedAt, waitedMs } = request;
    if (plan.key === "doomed" && arrivedAt >= dying) continue;
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
      report("rule 8", `request ${request.number} waited for the ledger, with a warm lease`);
    }
  }
}

/** At most two renewals per lease for each isolate and key, however many requests there are. */
function checkRenewals(history: History, scenario: Scenario, dying: number, report: Report): void {
  if (scenario.expiresAfterMs !== null || scenario.controlCalls.some(({ method }) => method === "schedule"))
    return;
  const halfMs = (scenario.ledger.leaseMs / 2) * (1 - DRIFT) - SLACK_MS;
  const latest = new Map<string, number>();
  for (const { isolate, key, at } of history.renewals) {
    const who = `${isolate}/${key}`;
    // Whoever runs low on permits asks for more, and gets a lease with them.
    if (history.takes.some((take) => take.ranLow && take.at === at && take.isolate === isolate)) continue;
    const before = latest.get(who);
    latest.set(who, at);
    if (before === undefined || (key === "doomed" && at >= dying)) continue;
    if (at - before < halfMs)
      report("rule 8", `isolate ${isolate} renewed twice within ${(at - before).toFixed(1)} ms`);
  }
}

/** An idle key: at once. A busy one: when the latest lease has run out, by the slowest of clocks. */
function checkRevocationIsQuick(history: History, scenario: Scenario, report: Report): void {
  const { confirmMs } = scenario.ledger;
  for (const { arrivedAt, leasesEnd, leftAt, receipt } of history.revokeAnswers) {
    const lateMs = leftAt - Math.max(arrivedAt, leasesEnd);
    if (lateMs > confirmMs + SLACK_MS)
      report("rule 4", `revoke was answered ${lateMs.toFixed(1)} ms later than need be`);
    const tookMs = leftAt - arrivedAt;
    // A scheduled end is give or take the margin.
    const boundMs = receipt.boundMs || scenario.ledger.marginMs;
    if (tookMs > boundMs / (1 - DRIFT) + confirmMs + SLACK_MS)
      report("bound", `revoke took ${tookMs.toFixed(1)} ms, of ${receipt.boundMs} at the most`);
  }
}
