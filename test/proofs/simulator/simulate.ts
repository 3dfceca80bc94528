/**
 * One run: builds what the seed says, lets it happen, and judges it.
 *
 * The same seed always gives the same run, on every machine.
 */
import { checkRun } from "./checker.ts";
import { ControlCaller } from "./control-caller.ts";
import { drawScenario } from "./draw-scenario.ts";
import { History, statusOf, type Violation, wasAccepted } from "./history.ts";
import { checkLeaseBook } from "./lease-book-check.ts";
import { type LeaseRow, LIMITS } from "./ledger-rules.ts";
import { planProbes } from "./probes.ts";
import { Random } from "./random.ts";
import { type Beyond, type KeyName, type Scenario, WITHIN_MARGIN } from "./scenario.ts";
import { SimulatedClock } from "./simulated-clock.ts";
import { SimulatedIsolate } from "./simulated-isolate.ts";
import { SimulatedLedger } from "./simulated-ledger.ts";
import { Disk } from "./simulated-storage.ts";
import { VirtualTime } from "./virtual-time.ts";
import type { World } from "./world.ts";

/** How much happened: a run in which nothing is accepted proves nothing. */
export interface Counts {
  requests: number;
  accepted: number;
  refused: number;
  unavailable: number;
  exhausted: number;
  bodiesCut: number;
  ledgerCalls: number;
  ledgerRestarts: number;
  revocations: number;
  /** Leases that were given for longer than `LEASE_MS`. */
  longerLeases: number;
}

export interface Outcome {
  readonly seed: number;
  readonly violations: readonly Violation[];
  readonly counts: Counts;
}

export interface SimulateOptions {
  readonly beyond?: Beyond;
  readonly trace?: (line: string) => void;
}

export async function simulate(seed: number, options: SimulateOptions = {}): Promise<Outcome> {
  const world = buildWorld(seed, options);
  const { time, random, history } = world;
  planFaults(world);
  for (const call of world.scenario.controlCalls)
    time.at(call.at, () => new ControlCaller(world, call).call());
  planProbes(world);
  try {
    await time.run();
  } catch (error) {
    const what = error instanceof Error ? (error.stack ?? error.message) : String(error);
    history.violations.push({ rule: "exception", what });
  }
  const violations = checkRun(world);
  checkLeaseBook(random, (what) => violations.push({ rule: "lease book", what }));
  return { seed, violations, counts: countsOf(world) };
}

function buildWorld(seed: number, { beyond = WITHIN_MARGIN, trace }: SimulateOptions): World {
  const scenario = drawScenario(seed, beyond);
  const random = new Random(~seed);
  const time = new VirtualTime();
  const timedTrace = trace && ((line: string) => trace(`${time.now.toFixed(2).padStart(10)}  ${line}`));
  const ledgerClock = new SimulatedClock(time, scenario.ledger.rate, scenario.ledgerStartsAt);
  const disk = new Disk(newKeys(scenario), new Map([[LIMITS, JSON.stringify(scenario.limits.limits)]]));
  const ledger = new SimulatedLedger(time, random, ledgerClock, disk, scenario, timedTrace);
  const world: World = {
    time,
    random,
    scenario,
    beyond,
    disk,
    ledgerClock,
    ledger,
    isolates: [],
    history: new History(scenario),
    originsAtWork: new Set(),
    trace: timedTrace,
    leaseMs: scenario.ledger.leaseMs,
  };
  scenario.isolates.forEach(
    (plan, number) => void world.isolates.push(new SimulatedIsolate(world, number, plan)),
  );
  return world;
}

function newKeys({ expiresAfterMs, ledgerStartsAt }: Scenario): ReadonlyMap<KeyName, LeaseRow> {
  const alive = {
    expires_at: null,
    revokes_at: null,
    revoked_at: null,
    effective_at: null,
    lease_bound_ms: null,
  };
  const expires_at = expiresAfterMs === null ? null : ledgerStartsAt + Math.floor(expiresAfterMs);
  return new Map([
    ["good", alive],
    ["doomed", { ...alive, expires_at }],
  ]);
}

/** What befalls the ledger at moments that are planned. */
function planFaults(world: World): void {
  const { time, random, scenario, ledger, ledgerClock } = world;
  const { deploy, gainsAt, restartsAt } = scenario.ledger;
  for (const at of restartsAt) time.at(at, () => ledger.restart(random.chance(0.3)));
  if (gainsAt !== null) time.at(gainsAt, () => ledgerClock.step(scenario.budget.ledgerGainMs));
  if (deploy) {
    time.at(deploy.at, () => {
      world.leaseMs = deploy.leaseMs;
      ledger.deploy(deploy);
    });
  }
}

function countsOf({ history, ledger }: World): Counts {
  const { requests } = history;
  return {
    requests: requests.length,
    accepted: requests.filter(wasAccepted).length,
    refused: requests.filter((request) => statusOf(request) === 401).length,
    unavailable: requests.filter((request) => statusOf(request) === 503).length,
    exhausted: requests.filter((request) => statusOf(request) === 429).length,
    bodiesCut: requests.filter(({ bodyComplete }) => bodyComplete === false).length,
    ledgerCalls: history.calls.length,
    ledgerRestarts: ledger.restarts,
    revocations: Math.min(1, history.revokeAnswers.length),
    longerLeases: history.leases.all.filter(({ ttlMs, shortestMs }) => ttlMs > shortestMs).length,
  };
}
