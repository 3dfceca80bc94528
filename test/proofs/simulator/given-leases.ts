/**
 * The leases that the ledger gave, as it gave them, and whether their lengths are what they should be: never beyond
 * `LEASE_MAX_MS`, longer only after too many grants and surely then, and `LEASE_MS` again when few are asked for.
 */
import type { Report } from "./checker.ts";
import { DRIFT } from "./fault-budget.ts";
import type { KeyName, Scenario } from "./scenario.ts";
import type { SimulatedLedger } from "./simulated-ledger.ts";
import type { World } from "./world.ts";

/** What the ledger keeps across restarts: how long the longest lease can have to run. */
const REMEMBERED = "longest_lease_ms";

interface GivenLease {
  readonly key: KeyName;
  /** True time. */
  readonly at: number;
  /** What the ledger's clock showed. */
  readonly ledgerAt: number;
  readonly ttlMs: number;
  /** Which life of the ledger gave it, and what that went by. */
  readonly life: number;
  readonly shortestMs: number;
  readonly longestMs: number;
  /** What a ledger that starts right then would assume to be out. */
  readonly rememberedMs: number;
}

export class GivenLeases {
  readonly all: GivenLease[] = [];
  /** When the last one on the doomed key has ended, by the slowest of clocks. */
  doomedEnd: number;
  longestMs: number;
  readonly #marginMs: number;

  /** At its start the ledger assumes that one is out. */
  constructor({ leaseMs, marginMs }: Scenario["ledger"]) {
    this.#marginMs = marginMs;
    this.longestMs = leaseMs;
    this.doomedEnd = (leaseMs + marginMs) / (1 - DRIFT);
  }

  note(key: KeyName, ttlMs: number, at: number, ledgerAt: number, ledger: SimulatedLedger): void {
    const shortestMs = ledger.settings.leaseMs;
    const longestMs = ledger.settings.leaseMaxMs;
    const rememberedMs = Number(ledger.fact(REMEMBERED));
    this.all.push({ key, at, ledgerAt, ttlMs, life: ledger.restarts, shortestMs, longestMs, rememberedMs });
    this.longestMs = Math.max(this.longestMs, ttlMs);
    if (key === "doomed")
      this.doomedEnd = Math.max(this.doomedEnd, at + (ttlMs + this.#marginMs) / (1 - DRIFT));
  }
}

export function checkLengths({ history, scenario, disk }: World, report: Report): void {
  const { all } = history.leases;
  for (const { ttlMs, longestMs, at } of all) {
    if (ttlMs > longestMs) report("longest", `a lease of ${ttlMs} ms at ${at.toFixed(1)}, of ${longestMs}`);
  }
  checkRemembered(all, scenario.ledger.marginMs, report);
  const { ledger, expiresAfterMs, controlCalls } = scenario;
  // Where the end of a key makes its leases shorter, nothing is to be seen of how long they would be.
  if (expiresAfterMs === null && controlCalls.every(({ method }) => method !== "schedule")) {
    all.forEach((_, index) => {
      checkStep(all, index, ledger.grantsPerSecondMax, report);
    });
  }
  const settledMs = ledger.leaseMs + ledger.marginMs;
  const rememberedMs = Number(disk.facts.get(REMEMBERED));
  // A version with other lengths forgets those of the one before when somebody asks it for a lease.
  if (!ledger.deploy && rememberedMs > settledMs)
    report("quiet again", `leases of ${rememberedMs} ms are allowed for when all is over, not ${settledMs}`);
}

/** At no moment has a lease longer to run than a restart at that moment would have to assume. */
function checkRemembered(all: readonly GivenLease[], marginMs: number, report: Report): void {
  let [life, latestEnd] = [0, 0];
  for (const lease of all) {
    const end = lease.ledgerAt + lease.ttlMs + marginMs;
    latestEnd = lease.life === life ? Math.max(latestEnd, end) : end;
    life = lease.life;
    if (latestEnd > lease.ledgerAt + lease.rememberedMs)
      report(
        "restart",
        `a lease has ${latestEnd - lease.ledgerAt} ms to run at ${lease.at.toFixed(1)}, and a restart would assume ${lease.rememberedMs}`,
      );
  }
}

/** From one lease to the next that the same life of the ledger gave. */
function checkStep(all: readonly GivenLease[], index: number, maxPerSecond: number, report: Report): void {
  const [last, next] = [all[index], all[index + 1]];
  if (!last || !next || last.life !== next.life) return;
  const { ttlMs, ledgerAt, shortestMs, longestMs } = last;
  const most = (maxPerSecond * ttlMs) / 1000;
  const inLease = all.filter(
    (one, place) =>
      place <= index && one.life === last.life && one.ttlMs === ttlMs && one.ledgerAt >= ledgerAt - ttlMs,
  ).length;
  const moment = `at ${next.at.toFixed(1)}`;
  if (next.ttlMs > ttlMs && inLease <= most)
    report("no need", `leases of ${next.ttlMs} ms after ${inLease} of ${ttlMs}, ${moment}`);
  // They are counted for one lease at a time, and two such times hold them all.
  if (next.ttlMs === ttlMs && ttlMs < longestMs && inLease > 2 * most + 2)
    report("too many", `leases of ${ttlMs} ms still after ${inLease} of them, ${moment}`);
  const quietMs = 3 * Math.min(2 * ttlMs, longestMs);
  if (next.ledgerAt - ledgerAt > quietMs && next.ttlMs > shortestMs)
    report("quiet again", `a lease of ${next.ttlMs} ms after nobody had asked for any, ${moment}`);
}
