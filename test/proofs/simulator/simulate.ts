/**
 * One run: builds the world of a seed, runs it, and checks it.
 *
 * The same seed gives the same run on every machine.
 */
import { checkRun } from "./checker.ts";
import { ControlCaller } from "./control-caller.ts";
import { generateScenario } from "./generate-scenario.ts";
import { History, statusOf, type Violation, wasAccepted } from "./history.ts";
import { checkLeaseBook } from "./lease-book-check.ts";
import { type LeaseRow, LIMITS_ROW } from "./ledger-rules.ts";
import { scheduleProbes } from "./probe-requests.ts";
import { Random } from "./random.ts";
import { type ExcessFaults, type KeyName, NO_EXCESS, type Scenario } from "./scenario.ts";
import { startClient } from "./sequential-client.ts";
import { SimulatedClock } from "./simulated-clock.ts";
import { SimulatedIsolate } from "./simulated-isolate.ts";
import { SimulatedLedger } from "./simulated-ledger.ts";
import { Disk } from "./simulated-storage.ts";
import { VirtualTime } from "./virtual-time.ts";
import type { World } from "./world.ts";

/** Activity in a run: a run in which no request is accepted proves nothing. */
export interface Counts {
  requests: number;
  accepted: number;
  refused: number;
  forbidden: number;
  unavailable: number;
  exhausted: number;
  bodiesCut: number;
  ledgerCalls: number;
  ledgerRestarts: number;
  revocations: number;
  /** Leases longer than `LEASE_MS`. */
  stretchedLeases: number;
}

export interface Outcome {
  readonly seed: number;
  readonly violations: readonly Violation[];
  readonly counts: Counts;
}

export interface SimulateOptions {
  readonly excess?: ExcessFaults;
  readonly trace?: (line: string) => void;
}

export async function simulate(seed: number, options: SimulateOptions = {}): Promise<Outcome> {
  const world = buildWorld(seed, options);
  const { time, random, history } = world;
  planFaults(world);
  for (const call of world.scenario.controlCalls)
    time.at(call.at, () => new ControlCaller(world, call).call());
  scheduleProbes(world);
  startClient(world);
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

function buildWorld(seed: number, { excess = NO_EXCESS, trace }: SimulateOptions): World {
  const scenario = generateScenario(seed, excess);
  const random = new Random(~seed);
  const time = new VirtualTime();
  const timedTrace = trace && ((line: string) => trace(`${time.now.toFixed(2).padStart(10)}  ${line}`));
  const ledgerClock = new SimulatedClock(time, scenario.ledger.rate, scenario.ledgerStartsAt);
  const disk = new Disk(newKeys(scenario), new Map([[LIMITS_ROW, scenario.limits.limits]]));
  const ledger = new SimulatedLedger(time, random, ledgerClock, disk, scenario, timedTrace);
  const world: World = {
    time,
    random,
    scenario,
    excess,
    disk,
    ledgerClock,
    ledger,
    isolates: [],
    history: new History(scenario),
    pendingOrigins: new Set(),
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
    suspended_at: null,
    permissions: [],
    allowed_ips: [],
    effective_at: null,
    lease_bound_ms: null,
  };
  const expires_at = expiresAfterMs === null ? null : ledgerStartsAt + Math.floor(expiresAfterMs);
  return new Map([
    ["active", alive],
    ["changing", alive],
    ["ending", { ...alive, expires_at }],
  ]);
}

/** Schedules the ledger's planned faults. */
function planFaults(world: World): void {
  const { time, random, scenario, ledger, ledgerClock } = world;
  const { deploy, clockStepsAheadAt, clockStep, stall, restartsAt } = scenario.ledger;
  for (const at of restartsAt) time.at(at, () => ledger.restart(random.chance(0.3)));
  if (clockStep) time.at(clockStep.at, () => ledgerClock.step(clockStep.ms));
  if (stall) time.at(stall.at, () => ledger.stall(stall.ms));
  if (clockStepsAheadAt !== null)
    time.at(clockStepsAheadAt, () => ledgerClock.step(scenario.budget.ledgerGainMs));
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
    forbidden: requests.filter((request) => statusOf(request) === 403).length,
    unavailable: requests.filter((request) => statusOf(request) === 503).length,
    exhausted: requests.filter((request) => statusOf(request) === 429).length,
    bodiesCut: requests.filter(({ bodyComplete }) => bodyComplete === false).length,
    ledgerCalls: history.calls.length,
    ledgerRestarts: ledger.restarts,
    revocations: Math.min(1, history.revokeAnswers.length),
    stretchedLeases: history.leases.all.filter(({ ttlMs, shortestMs }) => ttlMs > shortestMs).length,
  };
}
