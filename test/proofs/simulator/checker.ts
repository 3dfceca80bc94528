/**
 * Judges a run by its history, in true time.
 *
 * In every run, whatever went wrong: once the first answer to `revoke` has left the ledger nothing passes (G1, G2, G3),
 * nor once a scheduled end and the margin have passed; a receipt is true and never changes; a dead key stays dead;
 * a good key is never called bad; every request ends. In calm runs also: nobody is refused for nothing, nobody
 * waits who need not, the ledger is asked as rarely as promised, and a revocation takes no longer than it must.
 */
import { checkCalmRun } from "./calm-checker.ts";
import { DRIFT } from "./fault-budget.ts";
import { checkLengths } from "./given-leases.ts";
import {
  type History,
  lostEveryPermit,
  type RequestRecord,
  statusOf,
  type Violation,
  wasAccepted,
} from "./history.ts";
import { checkLimits } from "./limit-checker.ts";
import { longestGrantOf } from "./scenario.ts";
import type { World } from "./world.ts";

/** When the doomed key's lives ended. Infinity: never. */
export interface Deaths {
  /** The first answer to `revoke` left the ledger. */
  readonly answeredAt: number;
  /** What the receipt says, where it can be told: not after a restart on a machine with another clock. */
  readonly effectiveAt: number;
  /** A scheduled revocation or an expiry, and the margin, have passed. */
  readonly scheduledAt: number;
}

export function checkRun(world: World): Violation[] {
  const { history, scenario } = world;
  const deaths = findDeaths(world);
  const violations = [...history.violations];
  const report = (rule: string, what: string) => void violations.push({ rule, what });

  for (const request of history.requests) {
    if (request.plan.key === "doomed") checkAfterDeath(request, deaths, report);
    if (request.plan.key === "good" && statusOf(request) === 401) {
      report("401", `request ${request.number}: 401 for a good key`);
    }
    if (request.endedAt === null) report("liveness", `request ${request.number} never ended`);
    if (request.bodyComplete && isTooShort(request))
      report("G3", `request ${request.number}: cut, yet ended as if whole`);
  }
  checkStaysDead(history, report);
  checkReceipts(world, report);
  checkLengths(world, report);
  checkRecovery(world, deaths, report);
  checkLimits(world, report);
  if (scenario.calm) checkCalmRun(world, deaths, report);
  return violations;
}

export type Report = (rule: string, what: string) => void;

function findDeaths({ history, scenario, disk, ledgerClock }: World): Deaths {
  const { marginMs, clockStepMs } = scenario.ledger;
  // A lease given before a restart ends by the clock of the machine that gave it.
  const strayMs = clockStepMs > 0 ? longestGrantOf(scenario.ledger) / (1 - DRIFT) : 0;
  const answers = history.revokeAnswers;
  const row = disk.keys.get("doomed");
  const ends = [row?.revokes_at, row?.expires_at].filter((end) => end !== null && end !== undefined);
  const end = Math.min(...ends);
  const effectiveAt = answers[0]?.receipt.effectiveAt;
  return {
    answeredAt: Math.min(...answers.map(({ leftAt }) => leftAt)),
    effectiveAt:
      effectiveAt === undefined || clockStepMs > 0 || effectiveAt === end
        ? Number.POSITIVE_INFINITY
        : ledgerClock.settlesAt(effectiveAt),
    scheduledAt: end === Number.POSITIVE_INFINITY ? end : ledgerClock.settlesAt(end) + marginMs + strayMs,
  };
}

function checkAfterDeath(request: RequestRecord, deaths: Deaths, report: Report): void {
  for (const [name, moment] of Object.entries(deaths) as [string, number][]) {
    const late = (at: number | null) =>
      at !== null && at > moment ? `${(at - moment).toFixed(2)} ms late` : null;
    const say = (rule: string, what: string) => report(rule, `request ${request.number}: ${what} (${name})`);

    const arrivedLate = late(request.arrivedAt);
    if (arrivedLate && statusOf(request) === 429) say("401", `429 for a dead key, arrived ${arrivedLate}`);
    if (arrivedLate && request.forwardedAt !== null) say("G1", `forwarded, arrived ${arrivedLate}`);
    if (!wasAccepted(request)) continue;
    if (arrivedLate) say("G1", `accepted, arrived ${arrivedLate}`);
    const headersLate = late(request.headersAt);
    if (headersLate) say("G2", `accepted, headers ${headersLate}`);
    const byteLate = late(request.lastByteAt);
    if (byteLate) say("G3", `a byte of its body ${byteLate}`);
  }
}

function isTooShort({ plan, headersAt, lastByteAt }: RequestRecord): boolean {
  return headersAt === null || lastByteAt === null || lastByteAt - headersAt < plan.bodyMs - 0.001;
}

/** Once an isolate has said that a key is dead, it accepts no later request with it. */
function checkStaysDead(history: History, report: Report): void {
  const deadFrom = new Map<string, number>();
  const memoryOf = ({ isolate, memory, plan }: RequestRecord) => `${isolate}/${memory}/${plan.key}`;
  for (const request of history.requests) {
    if (request.headersAt === null || statusOf(request) !== 401) continue;
    const memory = memoryOf(request);
    deadFrom.set(memory, Math.min(deadFrom.get(memory) ?? Number.POSITIVE_INFINITY, request.headersAt));
  }
  for (const request of history.requests) {
    const dead = deadFrom.get(memoryOf(request)) ?? Number.POSITIVE_INFINITY;
    if (wasAccepted(request) && request.arrivedAt > dead) {
      report("stays dead", `request ${request.number}: accepted after its isolate had refused the key`);
    }
  }
}

function checkReceipts({ history, disk, scenario: { ledger } }: World, report: Report): void {
  for (const { receipt } of history.revokeAnswers) {
    const { waitedMs, boundMs } = receipt;
    if (waitedMs > boundMs || boundMs > longestGrantOf(ledger) + ledger.marginMs)
      report("bound", `revoke took ${waitedMs} ms, of ${boundMs} at the most`);
  }
  const receipts = new Set(history.revokeAnswers.map(({ receipt }) => JSON.stringify(receipt)));
  if (receipts.size > 1) report("receipt", `several answers to one revocation: ${[...receipts].join(", ")}`);
  if (receipts.size > 0 && disk.keys.get("doomed")?.revoked_at === null) {
    report("tombstone", "revoke was answered, and the disk does not know of it");
  }
}

/** After the last fault the gateway serves again without help: see `planProbes`. */
function checkRecovery({ history, scenario }: World, deaths: Deaths, report: Report): void {
  const last = scenario.ledger.deploy?.leaseMs ?? scenario.ledger.leaseMs;
  const dead = Math.min(deaths.answeredAt, deaths.scheduledAt);
  for (const request of history.requests) {
    const { distance } = scenario.isolates[request.isolate] ?? {};
    if (request.plan.originFails) continue;
    // Requests that come in crowds may come until later.
    if (!distance || request.arrivedAt < scenario.calmFrom + 2 * scenario.ledgerTimeoutMs) continue;
    // A grant that runs out on its way home is no use, however often it is asked for.
    const wayMs = 2 * (distance.delayMs + distance.jitterMs + scenario.budget.workMs);
    // Permits are on disk before they are given.
    const roundTripMs = wayMs + (history.tiers.some(({ limits }) => limits) ? scenario.ledger.confirmMs : 0);
    if (roundTripMs > 0.9 * Math.min(last, scenario.ledgerTimeoutMs)) continue;
    const status = statusOf(request);
    const isLimited = (status === 429 && request.take?.allowance) || lostEveryPermit(request);
    if (request.plan.key === "good" && status !== 200 && !isLimited) {
      report("recovery", `request ${request.number}: ${status} for a good key after the last fault`);
    }
    if (request.plan.key === "doomed" && request.arrivedAt > dead && status !== 401) {
      report("recovery", `request ${request.number}: ${status} for a dead key after the last fault`);
    }
  }
}
