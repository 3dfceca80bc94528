/**
 * Checks the rate limits of a run.
 *
 * In every run, whatever the faults: no more requests are admitted in a window, as the ledger counts it, than the limit
 * in force; a lower tier is in force within a lease; no holder uses more than it was granted; the advertised remainder
 * never grows. Where clocks only drift, the same limit holds in true time.
 */
import type { Report } from "./checker.ts";
import { DRIFT } from "./fault-budget.ts";
import { type PermitDecision, type RequestRecord, type TierChange, wasRefunded } from "./history.ts";
import type { Scenario } from "./scenario.ts";
import type { World } from "./world.ts";

/** The window of a key and bucket that a request counts in. */
type WindowOf = (decision: PermitDecision) => number;

export function checkLimits(world: World, report: Report): void {
  const { history, scenario } = world;
  const { decisions, tiers } = history;
  if (!scenario.limits.accountLimits) checkUnlimited(decisions, tiers, leaseSpanMs(world), report);
  checkAdmissions("limit", decisions, world, advertisedWindow, report);
  checkAccount(decisions, scenario, report);
  if (clocksOnlyDrift(scenario)) {
    const { windowsMs } = scenario.limits;
    const windowByClock: WindowOf = ({ bucket, ledgerAt }) =>
      (Math.floor(ledgerAt / windowsMs[bucket]) + 1) * windowsMs[bucket];
    checkAdmissions("limit in true time", decisions, world, windowByClock, report);
  }
  checkHolders(decisions, tiers, report);
  checkRefunds(history.requests, report);
}

/** The end of the window that the response advertises. */
export function advertisedWindow({ allowance }: PermitDecision): number {
  return (allowance?.resetsAt ?? 0) * 1000;
}

/** Whether no machine's clock stepped or froze. */
function clocksOnlyDrift({ isolates, ledger }: Scenario): boolean {
  return (
    ledger.clockStepMs === 0 &&
    ledger.clockStepsAheadAt === null &&
    ledger.clockStep === null &&
    ledger.stall === null &&
    isolates.every((isolate) => isolate.clockFaults.length === 0)
  );
}

/** Counts the admissions of each window in order, without those refunded by then. */
function checkAdmissions(
  rule: string,
  decisions: readonly PermitDecision[],
  world: World,
  windowOf: WindowOf,
  report: Report,
): void {
  const { scenario, history } = world;
  const leaseMs = leaseSpanMs(world);
  // Without a limit of its own a key has an allowance all the same, of its account.
  const none = scenario.limits.accountLimits ? Number.POSITIVE_INFINITY : 0;
  const windows = new Map<string, PermitDecision[]>();
  for (const decision of decisions) {
    if (!decision.admitted || !decision.allowance) continue;
    const { key, bucket, at, number } = decision;
    const id = `${key} ${bucket} ${windowOf(decision)}`;
    const admitted = windows.get(id) ?? [];
    windows.set(id, admitted);
    admitted.push(decision);
    const count = admitted.filter((one) => !wasRefunded(one, at)).length;
    const highest = (from: number) =>
      Math.max(...tiersInForce(history.tiers, from, at).map(({ limits }) => limits?.[bucket] ?? none));
    if (count > highest(at - leaseMs - scenario.limits.windowsMs[bucket]))
      report(rule, `request ${number} is number ${count} in window ${id}, of ${highest(0)}`);
    else if (count > highest(at - leaseMs) && !mayTakePlace(decisions, decision, leaseMs))
      report(
        "tier",
        `request ${number} is number ${count} in window ${id}, of ${highest(at - leaseMs)} by then`,
      );
  }
}

/** All keys of the account together. */
function checkAccount(
  decisions: readonly PermitDecision[],
  { limits: { accountLimits } }: Scenario,
  report: Report,
): void {
  const windows = new Map<string, PermitDecision[]>();
  for (const decision of decisions) {
    if (!accountLimits || !decision.admitted) continue;
    const { bucket, at, number } = decision;
    const id = `${bucket} ${advertisedWindow(decision)}`;
    const admitted = windows.get(id) ?? [];
    windows.set(id, [...admitted, decision]);
    const count = 1 + admitted.filter((one) => !wasRefunded(one, at)).length;
    if (count > accountLimits[bucket])
      report(
        "account limit",
        `request ${number} is number ${count} in window ${id}, of ${accountLimits[bucket]}`,
      );
  }
}

/** After a limit was lowered below its use, only a request that takes the place of a refunded one is admitted. */
function mayTakePlace(
  decisions: readonly PermitDecision[],
  { key, bucket, at }: PermitDecision,
  leaseMs: number,
): boolean {
  return decisions.some(
    (other) =>
      other.key === key &&
      other.bucket === bucket &&
      other.refundedAt !== null &&
      Math.abs(at - other.refundedAt) < leaseMs,
  );
}

function checkUnlimited(
  decisions: readonly PermitDecision[],
  tiers: readonly TierChange[],
  leaseMs: number,
  report: Report,
): void {
  for (const { admitted, allowance, at, number } of decisions) {
    if (!admitted || allowance) continue;
    const inForce = tiersInForce(tiers, at - leaseMs, at);
    if (inForce.every(({ limits }) => limits !== null))
      report("tier", `request ${number}: no limit, though the key has one`);
  }
}

/** In true time: a lease on the slowest clock, plus the margin. */
function leaseSpanMs({ history, scenario: { ledger } }: World): number {
  return history.leases.longestMs / (1 - DRIFT) + ledger.marginMs;
}

/** The tiers that the ledger may have applied between two moments. */
export function tiersInForce(tiers: readonly TierChange[], from: number, until: number): TierChange[] {
  return tiers.filter(({ writtenAt }, index) => {
    const replacedAt = Math.min(...tiers.slice(index + 1).map(({ confirmedAt }) => confirmedAt));
    return writtenAt <= until && replacedAt >= from;
  });
}

/** One holder in one window. */
interface HolderSoFar {
  readonly used: PermitDecision[];
  remaining: number;
  /** Answers received when a request was last made to renew ahead. */
  lowAfter: number | null;
}

function checkHolders(
  decisions: readonly PermitDecision[],
  tiers: readonly TierChange[],
  report: Report,
): void {
  const holders = new Map<string, HolderSoFar>();
  for (const decision of decisions) {
    const { holder, bucket, allowance, at, number, admitted, granted } = decision;
    if (!allowance) continue;
    const id = `${holder}, ${bucket} ${advertisedWindow(decision)}`;
    const known: HolderSoFar = holders.get(id) ?? {
      used: [],
      remaining: Number.POSITIVE_INFINITY,
      lowAfter: null,
    };
    holders.set(id, known);
    const { remaining, limit } = allowance;
    if (remaining < 0 || remaining > Math.min(known.remaining, limit))
      report(
        "remaining",
        `request ${number}: ${remaining} of ${limit} remain, after ${known.remaining} (${id})`,
      );
    known.remaining = remaining;
    if (decision.ranLow) {
      if (known.lowAfter === decision.answersReceived)
        report("cost", `request ${number} renews ahead, though another request already does (${id})`);
      known.lowAfter = decision.answersReceived;
    }
    if (!admitted) continue;
    known.used.push(decision);
    const used = known.used.filter((one) => !wasRefunded(one, at)).length;
    // After a tier was lowered, a holder may have used more than it is granted afterwards.
    if (tiers.length === 1 && used > granted)
      report("conservation", `request ${number}: ${used} used, of ${granted} granted (${id})`);
  }
}

/** A request that the gateway itself fails is refunded, however late; no other request is. */
function checkRefunds(requests: readonly RequestRecord[], report: Report): void {
  for (const { number, decision, refusal, headersAt } of requests) {
    // Interrupted by a restart of its isolate.
    if (headersAt === null) continue;
    const failed = refusal && GATEWAY_FAILURES.has(refusal.reason);
    if (
      decision?.admitted &&
      failed !== (decision.refundedAt !== null) &&
      (failed || decision.refundedAt !== null)
    )
      report(
        "refund",
        `request ${number}: ${refusal?.reason ?? "200"}, refunded: ${decision.refundedAt !== null}`,
      );
  }
}

/** Failures of the gateway, which do not count against the client's limit. */
const GATEWAY_FAILURES: ReadonlySet<string> = new Set([
  "origin_unreachable",
  "origin_timeout",
  "ledger_unreachable",
]);
