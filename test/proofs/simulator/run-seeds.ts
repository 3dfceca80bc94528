/**
 * Runs a range of seeds, in sequence or spread over the machine's cores, and adds up the results.
 */
import { fork } from "node:child_process";
import type { Violation } from "./history.ts";
import type { ExcessFaults } from "./scenario.ts";
import { type Counts, simulate } from "./simulate.ts";

export interface SeedRange {
  readonly first: number;
  readonly count: number;
  /** Stops at the first seed that fails. */
  readonly stopsAtFailure?: boolean;
  readonly excess?: ExcessFaults;
}

export interface Failure {
  readonly seed: number;
  readonly violations: readonly Violation[];
}

export interface Summary {
  readonly seeds: number;
  readonly counts: Counts;
  readonly failures: readonly Failure[];
}

/** Stops after this many failures: the first ones are enough to debug. */
const FAILURES_MAX = 20;

/** Tells how many seeds have run. */
export type OnProgress = (seeds: number) => void;

/** The process yields to its parent between batches of this size, and reports its progress. */
const SEEDS_AT_ONCE = 200;

/** Runs allocate many short-lived objects. */
const NODE_FLAGS = ["--max-semi-space-size=64"];

export async function runSeeds(
  { first, count, stopsAtFailure, excess }: SeedRange,
  onProgress: OnProgress = () => {},
): Promise<Summary> {
  const counts: Counts = noCounts();
  const failures: Failure[] = [];
  let seeds = 0;
  for (let seed = first; seed < first + count; seed++) {
    const outcome = await simulate(seed, excess ? { excess } : {});
    seeds += 1;
    addCounts(counts, outcome.counts);
    if (outcome.violations.length > 0) {
      failures.push({ seed, violations: outcome.violations });
      if (stopsAtFailure || failures.length === FAILURES_MAX) break;
    }
    if (seeds % SEEDS_AT_ONCE !== 0) continue;
    onProgress(seeds);
    await new Promise((resolve) => setImmediate(resolve));
  }
  return { seeds, counts, failures };
}

/** The same, in child processes. `worker`: `seed-worker.ts`, here or in a mutant's copy. */
export async function runSeedsInProcesses(
  range: SeedRange,
  processes: number,
  worker: URL,
  onProgress: OnProgress = () => {},
): Promise<Summary> {
  const share = Math.ceil(range.count / processes);
  const shares = Array.from({ length: processes }, (_, index) => {
    const first = range.first + index * share;
    return { ...range, first, count: Math.min(share, range.first + range.count - first) };
  });
  const done = shares.map(() => 0);
  const summaries = await Promise.all(
    shares
      .filter(({ count }) => count > 0)
      .map((part, index) =>
        runInProcess(part, worker, (seeds) => {
          done[index] = seeds;
          onProgress(done.reduce((sum, one) => sum + one, 0));
        }),
      ),
  );
  const counts = noCounts();
  for (const summary of summaries) addCounts(counts, summary.counts);
  return {
    seeds: summaries.reduce((sum, { seeds }) => sum + seeds, 0),
    counts,
    failures: summaries.flatMap(({ failures }) => failures),
  };
}

/** A process, not a worker thread: terminating many V8 isolates in one process occasionally crashes V8. */
function runInProcess(range: SeedRange, worker: URL, onProgress: OnProgress): Promise<Summary> {
  return new Promise((resolve, reject) => {
    const child = fork(worker, { execArgv: NODE_FLAGS });
    child.on("message", (message: Summary | number) => {
      if (typeof message === "number") onProgress(message);
      else resolve(message);
    });
    child.once("error", reject);
    child.once("exit", (code, signal) =>
      reject(new Error(`the child process ended without a result: ${signal ?? `exit code ${code}`}`)),
    );
    child.send(range);
  });
}

function noCounts(): Counts {
  return {
    requests: 0,
    accepted: 0,
    refused: 0,
    forbidden: 0,
    unavailable: 0,
    exhausted: 0,
    bodiesCut: 0,
    ledgerCalls: 0,
    ledgerRestarts: 0,
    revocations: 0,
    stretchedLeases: 0,
  };
}

function addCounts(sum: Counts, more: Counts): void {
  for (const name of Object.keys(sum) as (keyof Counts)[]) sum[name] += more[name];
}
