/**
 * `npm run bench`: measures the gateway against a Worker that checks nothing, against an implementation from the
 * documentation ("usual"), and against proxies outside Workers; writes results.json, the charts, docs/performance.md and
 * the README's figures.
 *
 * `--only TEXT` measures the parts whose names contain the text (`--only list` lists them) and keeps the others' results;
 * `--rounds N` (15), `--round-ms N` (600), `--dry` (writes nothing), `--rewrite` (measures nothing, writes everything again
 * from results.json), `--instructions` (counts instructions instead: instructions.ts). A failed part does not stop the
 * others: it keeps its figures, is named at the end, and the exit code is 1.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { cpus, totalmem } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { buildWorker } from "../support/build-worker.ts";
import { type Bench, startBench } from "./bench.ts";
import { chartsOf } from "./charts.ts";
import type { Results } from "./figures.ts";
import { countInstructions } from "./instructions.ts";
import { chartOf } from "./model/chart.ts";
import { CHART, cpuOf, withModel } from "./model/model-section.ts";
import { type Part, partsOf } from "./parts.ts";
import {
  CHART_DIRECTORY,
  PERFORMANCE_PAGE,
  RESULTS,
  sectionOf,
  withPerformance,
} from "./performance-section.ts";
import { README, REVOCATION_PAGE, withTenFigures } from "./ten-figures.ts";

const { values: flags } = parseArgs({
  options: {
    rounds: { type: "string", default: "15" },
    "round-ms": { type: "string", default: "600" },
    only: { type: "string", default: "" },
    dry: { type: "boolean", default: false },
    rewrite: { type: "boolean", default: false },
    instructions: { type: "boolean", default: false },
    store: { type: "boolean", default: false },
  },
});

const timing = { roundCount: Number(flags.rounds), roundMs: Number(flags["round-ms"]) };
const { parts, close: closeParts } = partsOf();
const wanted = parts.filter(({ name }) => name.includes(flags.only));

// So that child processes end too.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(1));

if (flags.rewrite) {
  write(JSON.parse(readFileSync(RESULTS, "utf8")));
} else if (flags.instructions) {
  const { bundle, remove } = await buildWorker();
  try {
    await countInstructions({ bundle, only: flags.only, store: flags.store });
  } finally {
    await remove();
  }
} else if (wanted.length === 0) {
  process.stdout.write(`${parts.map(({ name }) => name).join("\n")}\n`);
} else {
  const { bundle, remove } = await buildWorker();
  const bench = await startBench(bundle, timing);
  try {
    const results = await measureAll(bench, wanted);
    process.stdout.write(`\n${sectionOf(results)}\n`);
    report(results);
  } finally {
    await closeParts();
    bench.close();
    await remove();
  }
}

async function measureAll(bench: Bench, wanted: readonly Part[]): Promise<Results> {
  const before: Results = JSON.parse(readFileSync(RESULTS, "utf8"));
  let results: Results = { ...before, ...(await surroundings(bench)) };
  for (const [index, { name, measure }] of wanted.entries()) {
    const startedAt = performance.now();
    const { [name]: _, ...failures } = results.failures;
    try {
      const found = await measure(bench, results);
      const measuredOn = { ...results.measuredOn, [name]: new Date().toISOString().slice(0, 10) };
      results = { ...results, ...found, measuredOn, failures };
    } catch (error) {
      results = { ...results, failures: { ...failures, [name]: (error as Error).message } };
    }
    const seconds = Math.round((performance.now() - startedAt) / 1000);
    const outcome = results.failures[name] ?? "measured";
    process.stdout.write(`${index + 1}/${wanted.length} ${name}: ${outcome}, ${seconds} s\n`);
    // Completed measurements are kept whatever happens later.
    write(results);
  }
  return results;
}

async function surroundings(bench: Bench) {
  const requests = ["GET /v1/posts HTTP/1.1\r\nHost: origin\r\n\r\n"];
  const load = { ports: [bench.originPort], requests, connections: 16, expectedStatus: 200 };
  const { answers, elapsedMs } = await bench.put({ ...load, durationMs: 2000 });
  return {
    machine: `${cpus().length} × ${cpus()[0]?.model.trim()}, ${Math.round(totalmem() / 2 ** 30)} GiB, Linux`,
    workerd: workerdVersion(),
    originPerSecond: Math.round(answers / (elapsedMs / 1000)),
  };
}

function workerdVersion(): string {
  const wrangler = createRequire(createRequire(import.meta.url).resolve("wrangler/package.json"));
  return wrangler("workerd/package.json").version;
}

/** Includes the model, which depends on these measurements. */
function write(results: Results): void {
  if (flags.dry) return;
  writeFileSync(RESULTS, `${JSON.stringify(results, null, 1)}\n`);
  for (const [name, svg] of Object.entries(chartsOf(results)))
    writeFileSync(join(CHART_DIRECTORY, name), svg);
  writeFileSync(CHART, chartOf(cpuOf(results)));
  const page = readFileSync(PERFORMANCE_PAGE, "utf8");
  writeFileSync(PERFORMANCE_PAGE, withModel(withPerformance(page, results), results));
  const revocationPage = readFileSync(REVOCATION_PAGE, "utf8");
  writeFileSync(README, withTenFigures(readFileSync(README, "utf8"), results, revocationPage));
}

function report({ failures }: Results): void {
  for (const [name, why] of Object.entries(failures)) process.stderr.write(`not measured: ${name}: ${why}\n`);
  if (Object.keys(failures).length > 0) process.exitCode = 1;
}
