/**
 * The leases that the ledger granted, and checks of their lengths: never above `LEASE_MAX_MS`, stretched only and always
 * after too many grants, and back at `LEASE_MS` when few are requested.
 */
import { CLOCK_STEP_MAX_MS } from "../../../src/ledger/lease-book.ts";
import { LEASES_IN_USE, type LeasesOnDisk } from "../../../src/ledger/lease-issuer.ts";
import type { Report } from "./checker.ts";
import { DRIFT } from "./fault-budget.ts";
import type { KeyName, Scenario } from "./scenario.ts";
import type { SimulatedLedger } from "./simulated-ledger.ts";
import type { World } from "./world.ts";

interface IssuedLease {
  readonly key: KeyName;
  /** True time. */
  readonly at: number;
  /** The reading of the ledger's clock. */
  readonly ledgerAt: number;
  /** What the ledger read: a pending timer clamps it. */
  readonly readAt: number;
  readonly ttlMs: number;
  /** The ledger instance that granted it, and that instance's settings. */
  readonly generation: number;
  readonly shortestMs: number;
  readonly longestMs: number;
  /** The row on disk that a ledger which starts at that moment reads. */
  readonly onDisk: LeasesOnDisk | undefined;
}

export class IssuedLeases {
  readonly all: IssuedLease[] = [];
  /** Of the leases on the ending key: when the last one was granted, and the longest, on the slowest clock. */
  readonly endingKey = { grantedAt: Number.NEGATIVE_INFINITY, longestMs: 0 };
  longestMs: number;
  readonly #marginMs: number;

  constructor({ leaseMs, marginMs }: Scenario["ledger"]) {
    this.#marginMs = marginMs;
    this.longestMs = leaseMs;
  }

  /** How long a revocation of the ending key that arrives now may take. */
  longestWaitMs(now: number): number {
    const { grantedAt, longestMs } = this.endingKey;
    return now > grantedAt + longestMs + CLOCK_STEP_MAX_MS / (1 - DRIFT) ? 0 : longestMs;
  }

  record(
    { key, ttlMs, at, ledgerAt, readAt }: Pick<IssuedLease, "key" | "ttlMs" | "at" | "ledgerAt" | "readAt">,
    ledger: SimulatedLedger,
  ): void {
    const shortestMs = ledger.settings.leaseMs;
    const longestMs = ledger.settings.leaseMaxMs;
    const onDisk = ledger.metadata(LEASES_IN_USE) as LeasesOnDisk | undefined;
    this.all.push({
      key,
      at,
      ledgerAt,
      readAt,
      ttlMs,
      generation: ledger.restarts,
      shortestMs,
      longestMs,
      onDisk,
    });
    this.longestMs = Math.max(this.longestMs, ttlMs);
    if (key === "ending") {
      this.endingKey.grantedAt = at;
      this.endingKey.longestMs = Math.max(this.endingKey.longestMs, (ttlMs + this.#marginMs) / (1 - DRIFT));
    }
  }
}

export function checkLengths({ history, scenario }: World, report: Report): void {
  const { all } = history.leases;
  for (const { ttlMs, longestMs, at } of all) {
    if (ttlMs > longestMs) report("longest", `a lease of ${ttlMs} ms at ${at.toFixed(1)}, of ${longestMs}`);
  }
  checkCoveredOnDisk(all, scenario.ledger.marginMs, report);
  const { ledger, expiresAfterMs, controlCalls } = scenario;
  // Leases that are cut short by the end of their key do not show the length in force, nor does a clock that stepped.
  if (
    ledger.clockStep === null &&
    expiresAfterMs === null &&
    controlCalls.every(({ method }) => method !== "schedule")
  ) {
    all.forEach((_, index) => {
      checkStep(all, index, ledger.grantsPerSecondMax, report);
    });
  }
}

/** The row on disk covers every lease when it is granted: its length, and its end with a clock step to spare. */
function checkCoveredOnDisk(all: readonly IssuedLease[], marginMs: number, report: Report): void {
  for (const { at, ledgerAt, ttlMs, onDisk } of all) {
    const lastsMs = ttlMs + marginMs;
    if (!onDisk || lastsMs > onDisk.longest_ms || ledgerAt + lastsMs + CLOCK_STEP_MAX_MS > onDisk.until)
      report(
        "restart",
        `a lease of ${lastsMs} ms at ${at.toFixed(1)} (${ledgerAt}) is not covered by ${JSON.stringify(onDisk)}`,
      );
  }
}

/** Compares a lease with the next one from the same ledger instance. */
function checkStep(all: readonly IssuedLease[], index: number, maxPerSecond: number, report: Report): void {
  const [last, next] = [all[index], all[index + 1]];
  if (!last || !next || last.generation !== next.generation) return;
  const { ttlMs, readAt, shortestMs, longestMs } = last;
  const most = (maxPerSecond * ttlMs) / 1000;
  const inLease = all.filter(
    (one, place) =>
      place <= index &&
      one.generation === last.generation &&
      one.ttlMs === ttlMs &&
      one.readAt >= readAt - ttlMs,
  ).length;
  const moment = `at ${next.at.toFixed(1)}`;
  if (next.ttlMs > ttlMs && inLease <= most)
    report("unneeded stretch", `leases of ${next.ttlMs} ms after ${inLease} of ${ttlMs}, ${moment}`);
  // Grants are counted over one lease at a time; any such span lies within two counting periods.
  if (next.ttlMs === ttlMs && ttlMs < longestMs && inLease > 2 * most + 2)
    report("overdue stretch", `leases of ${ttlMs} ms still after ${inLease} of them, ${moment}`);
  const quietMs = 3 * Math.min(2 * ttlMs, longestMs);
  if (next.readAt - readAt > quietMs && next.ttlMs > shortestMs)
    report("shortens again", `a lease of ${next.ttlMs} ms after an idle period, ${moment}`);
}
