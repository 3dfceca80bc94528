/**
 * `npm run simulate`: runs the lease protocol and rate limits in virtual time, on all cores.
 *
 *   --seeds N    number of runs (20,000)
 *   --first S    first seed (1): several machines may run a part each
 *   --seed S     replays one run and prints its trace
 *   --mutants    breaks one rule at a time instead, and shows that the simulator detects it
 */
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { MUTANTS } from "./mutants.ts";
import { runMutant, type SimulatorMutant } from "./run-mutant.ts";
import { runSeedsInProcesses, type Summary } from "./run-seeds.ts";
import { simulate } from "./simulate.ts";

const PROGRESS_EVERY_S = 10;

const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "20000" },
    first: { type: "string", default: "1" },
    seed: { type: "string" },
    mutants: { type: "boolean", default: false },
  },
});

if (values.seed !== undefined) await replay(wholeNumber(values.seed));
else if (values.mutants) await runMutants();
else await runMany(wholeNumber(values.first), wholeNumber(values.seeds));

function wholeNumber(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new Error(`not an integer: ${text}`);
  return Number(text);
}

function shown(count: number): string {
  return count.toLocaleString("en");
}

async function replay(seed: number): Promise<void> {
  const { violations } = await simulate(seed, { trace: console.log });
  for (const { rule, what } of violations) console.log(`VIOLATED  ${rule}: ${what}`);
  console.log(
    `seed ${seed}: ${violations.length === 0 ? "no violation" : `${violations.length} violations`}`,
  );
  if (violations.length > 0) process.exitCode = 1;
}

async function runMany(first: number, count: number): Promise<void> {
  const startedAt = performance.now();
  const worker = new URL("./seed-worker.ts", import.meta.url);
  const seconds = () => (performance.now() - startedAt) / 1000;
  let printNextAt = PROGRESS_EVERY_S;
  const onProgress = (seeds: number) => {
    if (seconds() < printNextAt) return;
    printNextAt = seconds() + PROGRESS_EVERY_S;
    console.error(
      `${shown(seeds)} of ${shown(count)} seeds (${shown(Math.round(seeds / seconds()))} a second)`,
    );
  };
  const summary = await runSeedsInProcesses({ first, count }, availableParallelism(), worker, onProgress);
  print(summary, seconds());
  if (summary.failures.length > 0) process.exitCode = 1;
}

function print({ seeds, counts, failures }: Summary, seconds: number): void {
  const { requests, accepted, refused, forbidden, exhausted, unavailable, bodiesCut } = counts;
  const { revocations, ledgerCalls, ledgerRestarts, stretchedLeases } = counts;
  console.log(
    `${shown(seeds)} seeds in ${seconds.toFixed(1)} s (${shown(Math.round(seeds / seconds))} a second)`,
  );
  console.log(
    `requests: ${shown(requests)}; accepted ${shown(accepted)}, 401 ${shown(refused)}, 403 ${shown(forbidden)}, 429 ${shown(exhausted)}, 503 ${shown(unavailable)}`,
  );
  console.log(`bodies aborted: ${shown(bodiesCut)}; revocations answered: ${shown(revocations)}`);
  console.log(
    `ledger: ${shown(ledgerCalls)} calls, ${shown(ledgerRestarts)} restarts, ${shown(stretchedLeases)} leases longer than LEASE_MS`,
  );
  for (const { seed, violations } of failures) {
    console.log(`\nseed ${seed} FAILED (replay: npm run simulate -- --seed ${seed})`);
    for (const { rule, what } of violations) console.log(`  ${rule}: ${what}`);
  }
  console.log(failures.length === 0 ? "no violation" : `\n${failures.length} seeds failed`);
}

async function runMutants(): Promise<void> {
  for (const mutant of MUTANTS) {
    const verdict = await verdictOf(mutant).catch((error: Error) => `NOT RUN: ${error.message}`);
    if (!verdict.startsWith("detected")) process.exitCode = 1;
    console.log(`${mutant.name}: ${verdict}`);
  }
}

async function verdictOf(mutant: SimulatorMutant): Promise<string> {
  const { seeds, failures } = await runMutant(mutant);
  const rule = failures[0]?.violations[0]?.rule;
  return rule ? `detected after ${seeds} seeds (${rule})` : `SURVIVED ${seeds} seeds`;
}
