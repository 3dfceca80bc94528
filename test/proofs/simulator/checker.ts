/**
 * Judges a run by its history, in true time.
 *
 * In every run, whatever the faults: after the first answer to `revoke` has left the ledger no request succeeds (G1, G2,
 * G3), nor after a scheduled end plus the margin; a receipt is correct and never changes; a revoked key stays revoked;
 * an active key never gets 401; every request ends. In fault-free runs also: no unnecessary refusal or wait, no more
 * ledger calls than promised, and no revocation that takes longer than necessary.
 */

import { DRIFT } from "./fault-budget.ts";
import { checkFaultFreeRun } from "./fault-free-checker.ts";
import {
  lostEveryPermitRace,
  type RequestRecord,
  type ScheduleWrite,
  statusOf,
  type Violation,
  wasAccepted,
} from "./history.ts";
import { checkLengths } from "./issued-leases.ts";
import { checkLimits } from "./limit-checker.ts";
import { longestLeaseMsOf } from "./scenario.ts";
import { checkTerms, mayBeSuspended } from "./terms-checker.ts";
import type { World } from "./world.ts";

/** When the ending key ended, in true time. Infinity: never. */
export interface KeyEnd {
  /** The first answer to `revoke` left the ledger. */
  readonly answeredAt: number;
  /** `effective_at` of the receipt. Infinity where true time cannot be derived: after a restart with another clock. */
  readonly effectiveAt: number;
  /** A scheduled revocation or an expiry, plus the margin; when it was set too late for that, once that was answered. */
  readonly scheduledAt: number;
}

export function checkRun(world: World): Violation[] {
  const { history, scenario } = world;
  const keyEnd = findKeyEnd(world);
  const violations = [...history.violations];
  const report = (rule: string, what: string) => void violations.push({ rule, what });

  for (const request of history.requests) {
    if (request.plan.key === "ending") checkAfterEnd(request, keyEnd, report);
    if (request.plan.key === "active" && statusOf(request) === 401 && !mayBeSuspended(world, request)) {
      report("401", `request ${request.number}: 401 for an active key`);
    }
    if (request.endedAt === null) report("liveness", `request ${request.number} never ended`);
    if (request.bodyComplete && isTooShort(request))
      report("G3", `request ${request.number}: aborted, yet ended as if complete`);
  }
  for (const { number, falseSteps } of world.isolates) {
    if (falseSteps > 0)
      report("rule 2", `isolate ${number}: ${falseSteps} steps of its clock that there were not`);
  }
  checkNoRevival(world, report);
  checkReceipts(world, report);
  checkLengths(world, report);
  checkRecovery(world, keyEnd, report);
  checkLimits(world, report);
  checkTerms(world, report);
  if (scenario.faultFree) checkFaultFreeRun(world, keyEnd, report);
  return violations;
}

export type Report = (rule: string, what: string) => void;

function findKeyEnd(world: World): KeyEnd {
  const { history, scenario, ledgerClock } = world;
  const { marginMs, clockStepMs, clockStep } = scenario.ledger;
  const steps = clockStepMs > 0 || clockStep !== null;
  // A lease that was granted before a clock step ends by the clock as it was.
  const otherClockMs = steps ? longestLeaseMsOf(scenario.ledger) / (1 - DRIFT) : 0;
  const answers = history.revokeAnswers;
  const end = endOnDisk(world);
  const effectiveAt = answers[0]?.receipt.effectiveAt;
  return {
    answeredAt: Math.min(...answers.map(({ leftAt }) => leftAt)),
    effectiveAt:
      effectiveAt === undefined || steps || effectiveAt === end
        ? Number.POSITIVE_INFINITY
        : ledgerClock.trueTimeOf(effectiveAt),
    scheduledAt:
      end === Number.POSITIVE_INFINITY
        ? end
        : Math.max(
            ledgerClock.trueTimeOf(end) + marginMs + otherClockMs,
            ...history.schedules.map(inEffectAt),
          ),
  };

  /** Not answered: leases from before it may be in use until the longest of them has ended. */
  function inEffectAt({ writtenAt, answeredAt }: ScheduleWrite): number {
    return Math.min(answeredAt, writtenAt + (longestLeaseMsOf(scenario.ledger) + marginMs) / (1 - DRIFT));
  }
}

/** The scheduled revocation or the expiry, on the ledger's clock. Infinity: neither. */
export function endOnDisk({ disk }: World): number {
  const row = disk.keys.get("ending");
  return Math.min(...[row?.revokes_at, row?.expires_at].filter((end) => end !== null && end !== undefined));
}

function checkAfterEnd(request: RequestRecord, keyEnd: KeyEnd, report: Report): void {
  for (const [name, moment] of Object.entries(keyEnd) as [string, number][]) {
    const late = (at: number | null) =>
      at !== null && at > moment ? `${(at - moment).toFixed(2)} ms late` : null;
    const violate = (rule: string, what: string) =>
      report(rule, `request ${request.number}: ${what} (${name})`);

    const arrivedLate = late(request.arrivedAt);
    if (arrivedLate && statusOf(request) === 429)
      violate("401", `429 for an ended key, arrived ${arrivedLate}`);
    if (arrivedLate && request.forwardedAt !== null) violate("G1", `forwarded, arrived ${arrivedLate}`);
    if (!wasAccepted(request)) continue;
    if (arrivedLate) violate("G1", `accepted, arrived ${arrivedLate}`);
    const headersLate = late(request.headersAt);
    if (headersLate) violate("G2", `accepted, headers ${headersLate}`);
    const byteLate = late(request.lastByteAt);
    if (byteLate) violate("G3", `a byte of its body ${byteLate}`);
  }
}

function isTooShort({ plan, headersAt, lastByteAt }: RequestRecord): boolean {
  return headersAt === null || lastByteAt === null || lastByteAt - headersAt < plan.bodyMs - 0.001;
}

/** Once an isolate has refused a key with 401, it accepts no later request with it. */
function checkNoRevival(world: World, report: Report): void {
  const { history } = world;
  const refusedFrom = new Map<string, number>();
  const cacheOf = ({ isolate, cacheGeneration, plan }: RequestRecord) =>
    `${isolate}/${cacheGeneration}/${plan.key}`;
  for (const request of history.requests) {
    // A suspension ends.
    if (request.plan.key === "changing" || mayBeSuspended(world, request)) continue;
    if (request.headersAt === null || statusOf(request) !== 401) continue;
    const cache = cacheOf(request);
    refusedFrom.set(cache, Math.min(refusedFrom.get(cache) ?? Number.POSITIVE_INFINITY, request.headersAt));
  }
  for (const request of history.requests) {
    const endedFrom = refusedFrom.get(cacheOf(request)) ?? Number.POSITIVE_INFINITY;
    if (wasAccepted(request) && request.arrivedAt > endedFrom) {
      report("no revival", `request ${request.number}: accepted after its isolate had refused the key`);
    }
  }
}

function checkReceipts({ history, disk, scenario: { ledger } }: World, report: Report): void {
  for (const { receipt } of history.revokeAnswers) {
    const { waitedMs, boundMs } = receipt;
    if (waitedMs > boundMs || boundMs > longestLeaseMsOf(ledger) + ledger.marginMs)
      report("bound", `revoke took ${waitedMs} ms, above its bound of ${boundMs}`);
  }
  const receipts = new Set(history.revokeAnswers.map(({ receipt }) => JSON.stringify(receipt)));
  if (receipts.size > 1)
    report("receipt", `different answers to one revocation: ${[...receipts].join(", ")}`);
  if (receipts.size > 0 && disk.keys.get("ending")?.revoked_at === null) {
    report("tombstone", "revoke was answered, but the disk has no tombstone");
  }
}

/** After the last fault the gateway recovers without intervention: see `scheduleProbes`. */
function checkRecovery(world: World, keyEnd: KeyEnd, report: Report): void {
  const { history, scenario } = world;
  const last = scenario.ledger.deploy?.leaseMs ?? scenario.ledger.leaseMs;
  const endedFrom = Math.min(keyEnd.answeredAt, keyEnd.scheduledAt);
  for (const request of history.requests) {
    const { distance } = scenario.isolates[request.isolate] ?? {};
    if (request.plan.originFails) continue;
    // Bursts at the edge of a window may come later than the last fault.
    if (!distance || request.arrivedAt < scenario.faultsEndAt + 2 * scenario.ledgerTimeoutMs) continue;
    // A lease that expires before its answer arrives is useless, however often it is requested.
    const tripMs = 2 * (distance.delayMs + distance.jitterMs + scenario.budget.workMs);
    // Permits are on disk before the answer leaves.
    const roundTripMs = tripMs + (history.tiers.some(({ limits }) => limits) ? scenario.ledger.confirmMs : 0);
    if (roundTripMs > 0.9 * Math.min(last, scenario.ledgerTimeoutMs)) continue;
    const status = statusOf(request);
    const isLimited = (status === 429 && request.decision?.allowance) || lostEveryPermitRace(request);
    if (request.plan.key === "active" && status !== 200 && !isLimited && !mayBeSuspended(world, request)) {
      report("recovery", `request ${request.number}: ${status} for an active key after the last fault`);
    }
    if (request.plan.key === "ending" && request.arrivedAt > endedFrom && status !== 401) {
      report("recovery", `request ${request.number}: ${status} for an ended key after the last fault`);
    }
  }
}
