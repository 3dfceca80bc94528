/**
 * Judges the rate limits of a run.
 *
 * In every run, whatever went wrong: no more are admitted in a window, as the ledger counts it, than the limit that was
 * in force; a lower tier is in force within a lease; no holder uses more than it was granted; what a response promises
 * never grows. Where clocks do no more than drift, the same limit holds in true time.
 */
import type { Report } from "./checker.ts";
import { DRIFT } from "./fault-budget.ts";
import { type RequestRecord, type Take, type TierChange, wasGivenBack } from "./history.ts";
import type { Scenario } from "./scenario.ts";
import type { World } from "./world.ts";

/** Which of a key's windows a request falls into. */
type WindowOf = (take: Take) => number;

export function checkLimits(world: World, report: Report): void {
  const { history, scenario } = world;
  const { takes, tiers } = history;
  checkUnlimited(takes, tiers, leaseSpanMs(world), report);
  checkAdmissions("limit", takes, world, windowTold, report);
  if (clocksOnlyDrift(scenario)) {
    const { windowsMs } = scenario.limits;
    const windowByClock: WindowOf = ({ bucket, ledgerAt }) =>
      (Math.floor(ledgerAt / windowsMs[bucket]) + 1) * windowsMs[bucket];
    checkAdmissions("limit in true time", takes, world, windowByClock, report);
  }
  checkHolders(takes, tiers, report);
  checkGivenBack(history.requests, report);
}

/** When the window ends that a response has told its client of. */
export function windowTold({ allowance }: Take): number {
  return (allowance?.resetsAt ?? 0) * 1000;
}

/** Whether neither a machine's clock was set nor one stood still. */
function clocksOnlyDrift({ isolates, ledger }: Scenario): boolean {
  return (
    ledger.clockStepMs === 0 &&
    ledger.gainsAt === null &&
    isolates.every((isolate) => isolate.clockFaults.length === 0)
  );
}

/** Counts the admissions of each window as they come, without those that were given back by then. */
function checkAdmissions(
  rule: string,
  takes: readonly Take[],
  world: World,
  windowOf: WindowOf,
  report: Report,
): void {
  const { scenario, history } = world;
  const leaseMs = leaseSpanMs(world);
  const windows = new Map<string, Take[]>();
  for (const take of takes) {
    if (!take.admitted || !take.allowance) continue;
    const { key, bucket, at, number } = take;
    const id = `${key} ${bucket} ${windowOf(take)}`;
    const admitted = windows.get(id) ?? [];
    windows.set(id, admitted);
    admitted.push(take);
    const count = admitted.filter((one) => !wasGivenBack(one, at)).length;
    const highest = (from: number) =>
      Math.max(...tiersInForce(history.tiers, from, at).map(({ limits }) => limits?.[bucket] ?? 0));
    if (count > highest(at - leaseMs - scenario.limits.windowsMs[bucket]))
      report(rule, `request ${number} is number ${count} in window ${id}, of ${highest(0)}`);
    else if (count > highest(at - leaseMs) && !mayTakePlace(takes, take, leaseMs))
      report(
        "tier",
        `request ${number} is number ${count} in window ${id}, of ${highest(at - leaseMs)} by now`,
      );
  }
}

/** When a limit was lowered below what was used, nobody comes in but for one whose permit was given back. */
function mayTakePlace(takes: readonly Take[], { key, bucket, at }: Take, leaseMs: number): boolean {
  return takes.some(
    (other) =>
      other.key === key &&
      other.bucket === bucket &&
      other.givenBackAt !== null &&
      Math.abs(at - other.givenBackAt) < leaseMs,
  );
}

function checkUnlimited(
  takes: readonly Take[],
  tiers: readonly TierChange[],
  leaseMs: number,
  report: Report,
): void {
  for (const { admitted, allowance, at, number } of takes) {
    if (!admitted || allowance) continue;
    const inForce = tiersInForce(tiers, at - leaseMs, at);
    if (inForce.every(({ limits }) => limits !== null))
      report("tier", `request ${number}: no limit, though the key has one`);
  }
}

/** By true time: a lease on the slowest clock, and what the margin covers. */
function leaseSpanMs({ history, scenario: { ledger } }: World): number {
  return history.leases.longestMs / (1 - DRIFT) + ledger.marginMs;
}

/** Those that the ledger may have gone by between two moments. */
export function tiersInForce(tiers: readonly TierChange[], from: number, until: number): TierChange[] {
  return tiers.filter(({ writtenAt }, index) => {
    const replacedAt = Math.min(...tiers.slice(index + 1).map(({ confirmedAt }) => confirmedAt));
    return writtenAt <= until && replacedAt >= from;
  });
}

/** One holder in one window. */
interface HolderSoFar {
  readonly used: Take[];
  remaining: number;
  /** How many answers it had heard when a request was last told to ask for more. */
  lowAfter: number | null;
}

function checkHolders(takes: readonly Take[], tiers: readonly TierChange[], report: Report): void {
  const holders = new Map<string, HolderSoFar>();
  for (const take of takes) {
    const { holder, bucket, allowance, at, number, admitted, granted } = take;
    if (!allowance) continue;
    const id = `${holder}, ${bucket} ${windowTold(take)}`;
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
    if (take.ranLow) {
      if (known.lowAfter === take.heard)
        report("cost", `request ${number} asks for more, though another has (${id})`);
      known.lowAfter = take.heard;
    }
    if (!admitted) continue;
    known.used.push(take);
    const used = known.used.filter((one) => !wasGivenBack(one, at)).length;
    // When a tier was lowered, a holder may have used more than it is told afterwards.
    if (tiers.length === 1 && used > granted)
      report("conservation", `request ${number}: ${used} used, of ${granted} granted (${id})`);
  }
}

/** Whom the gateway itself has failed keeps the permit, however late it was. */
function checkGivenBack(requests: readonly RequestRecord[], report: Report): void {
  for (const { number, take, refusal, headersAt } of requests) {
    // Cut short by a restart of its isolate.
    if (headersAt === null) continue;
    const failed = refusal && GATEWAY_FAILURES.has(refusal.reason);
    if (take?.admitted && failed !== (take.givenBackAt !== null) && (failed || take.givenBackAt !== null))
      report(
        "given back",
        `request ${number}: ${refusal?.reason ?? "200"}, given back: ${take.givenBackAt !== null}`,
      );
  }
}

/** What a client is not to pay for. */
const GATEWAY_FAILURES: ReadonlySet<string> = new Set([
  "origin_unreachable",
  "origin_timeout",
  "ledger_unreachable",
]);
