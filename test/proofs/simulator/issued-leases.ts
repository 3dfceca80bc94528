/**
 * The leases that the ledger granted, and checks of their lengths: never above `LEASE_MAX_MS`, stretched only and always
 * after too many grants, and back at `LEASE_MS` when few are requested.
 */
import type { Report } from "./checker.ts";
import { DRIFT } from "./fault-budget.ts";
import type { KeyName, Scenario } from "./scenario.ts";
import type { SimulatedLedger } from "./simulated-ledger.ts";
import type { World } from "./world.ts";

/** The ledger's persisted row: how long the longest lease can have left. */
const LONGEST_LEASE_MS = "longest_lease_ms";

interface IssuedLease {
  readonly key: KeyName;
  /** True time. */
  readonly at: number;
  /** The reading of the ledger's clock. */
  readonly ledgerAt: number;
  readonly ttlMs: number;
  /** The ledger instance that granted it, and that instance's settings. */
  readonly generation: number;
  readonly shortestMs: number;
  readonly longestMs: number;
  /** The lease length that a ledger started at that moment would assume. */
  readonly assumedMs: number;
}

export class IssuedLeases {
  readonly all: IssuedLease[] = [];
  /** When the last lease on the ending key has expired, on the slowest clock. */
  endingKeyLeasesEnd: number;
  longestMs: number;
  readonly #marginMs: number;

  /** A ledger that starts assumes that one lease is out. */
  constructor({ leaseMs, marginMs }: Scenario["ledger"]) {
    this.#marginMs = marginMs;
    this.longestMs = leaseMs;
    this.endingKeyLeasesEnd = (leaseMs + marginMs) / (1 - DRIFT);
  }

  record(key: KeyName, ttlMs: number, at: number, ledgerAt: number, ledger: SimulatedLedger): void {
    const shortestMs = ledger.settings.leaseMs;
    const longestMs = ledger.settings.leaseMaxMs;
    const assumedMs = Number(ledger.metadata(LONGEST_LEASE_MS));
    this.all.push({
      key,
      at,
      ledgerAt,
      ttlMs,
      generation: ledger.restarts,
      shortestMs,
      longestMs,
      assumedMs,
    });
    this.longestMs = Math.max(this.longestMs, ttlMs);
    if (key === "ending")
      this.endingKeyLeasesEnd = Math.max(
        this.endingKeyLeasesEnd,
        at + (ttlMs + this.#marginMs) / (1 - DRIFT),
      );
  }
}

export function checkLengths({ history, scenario, disk }: World, report: Report): void {
  const { all } = history.leases;
  for (const { ttlMs, longestMs, at } of all) {
    if (ttlMs > longestMs) report("longest", `a lease of ${ttlMs} ms at ${at.toFixed(1)}, of ${longestMs}`);
  }
  checkRestartAssumption(all, scenario.ledger.marginMs, report);
  const { ledger, expiresAfterMs, controlCalls } = scenario;
  // Leases that are cut short by the end of their key do not show the length in force.
  if (expiresAfterMs === null && controlCalls.every(({ method }) => method !== "schedule")) {
    all.forEach((_, index) => {
      checkStep(all, index, ledger.grantsPerSecondMax, report);
    });
  }
  const settledMs = ledger.leaseMs + ledger.marginMs;
  const assumedMs = Number(disk.metadata.get(LONGEST_LEASE_MS));
  // A version with other lengths drops those of its predecessor at the next lease call.
  if (!ledger.deploy && assumedMs > settledMs)
    report(
      "shortens again",
      `the ledger still allows for leases of ${assumedMs} ms at the end, not ${settledMs}`,
    );
}

/** At no moment does a lease have longer left than a restart at that moment would assume. */
function checkRestartAssumption(all: readonly IssuedLease[], marginMs: number, report: Report): void {
  let [generation, latestEnd] = [0, 0];
  for (const lease of all) {
    const end = lease.ledgerAt + lease.ttlMs + marginMs;
    latestEnd = lease.generation === generation ? Math.max(latestEnd, end) : end;
    generation = lease.generation;
    if (latestEnd > lease.ledgerAt + lease.assumedMs)
      report(
        "restart",
        `a lease has ${latestEnd - lease.ledgerAt} ms left at ${lease.at.toFixed(1)}, but a restart would assume ${lease.assumedMs}`,
      );
  }
}

/** Compares a lease with the next one from the same ledger instance. */
function checkStep(all: readonly IssuedLease[], index: number, maxPerSecond: number, report: Report): void {
  const [last, next] = [all[index], all[index + 1]];
  if (!last || !next || last.generation !== next.generation) return;
  const { ttlMs, ledgerAt, shortestMs, longestMs } = last;
  const most = (maxPerSecond * ttlMs) / 1000;
  const inLease = all.filter(
    (one, place) =>
      place <= index &&
      one.generation === last.generation &&
      one.ttlMs === ttlMs &&
      one.ledgerAt >= ledgerAt - ttlMs,
  ).length;
  const moment = `at ${next.at.toFixed(1)}`;
  if (next.ttlMs > ttlMs && inLease <= most)
    report("unneeded stretch", `leases of ${next.ttlMs} ms after ${inLease} of ${ttlMs}, ${moment}`);
  // Grants are counted over one lease at a time; any such span lies within two counting periods.
  if (next.ttlMs === ttlMs && ttlMs < longestMs && inLease > 2 * most + 2)
    report("overdue stretch", `leases of ${ttlMs} ms still after ${inLease} of them, ${moment}`);
  const quietMs = 3 * Math.min(2 * ttlMs, longestMs);
  if (next.ledgerAt - ledgerAt > quietMs && next.ttlMs > shortestMs)
    report("shortens again", `a lease of ${next.ttlMs} ms after an idle period, ${moment}`);
}
