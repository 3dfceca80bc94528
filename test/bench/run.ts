/**
 * `npm run bench`: measures the gateway against a Worker that checks nothing and against what one would write from
 * the documentation, and writes results.json, the charts and the README's performance section. Flags: `--rounds N`
 * (7), `--round-ms N` (1000), `--dry` (writes nothing).
 *
 * Contestants take turns in every round, so that a noisy machine is unfair to all alike; the figures to trust are
 * ratios within a round, and CPU time rather than throughput.
 */
import { type ChildProcess, fork } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { cpus, totalmem } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { gzipSync } from "node:zlib";
import { buildWorker } from "../support/build-worker.ts";
import { cpuMsOf } from "./cpu.ts";
import { median, type Results, type Round } from "./figures.ts";
import type { Load, LoadResult } from "./load.ts";
import { README, RESULTS, tableOf, withPerformance } from "./performance-section.ts";
import {
  type Contestant,
  JUNK,
  type Keys,
  loadOf,
  QUIET,
  SCENARIOS,
  type Scenario,
  WARM_GET,
} from "./scenarios.ts";
import type { RunningWorker } from "./workerd.ts";
import { type RunningGateway, startGateway, startPlain, startUsual } from "./workers.ts";

/** Leases, connections and the compiler are warm after this. */
const WARM_UP_MS = 400;
const FIRST_WARM_UP_MS = 3000;
const THOUSAND = 1000;

const { values: flags } = parseArgs({
  options: {
    rounds: { type: "string", default: "7" },
    "round-ms": { type: "string", default: "1000" },
    dry: { type: "boolean", default: false },
  },
});
const roundCount = Number(flags.rounds);
const roundMs = Number(flags["round-ms"]);

const { bundle, remove } = await buildWorker();
const bundleGzipBytes = gzipSync(readFileSync(bundle)).length;
const origin = fork(join(import.meta.dirname, "origin.ts"));
const loader = fork(join(import.meta.dirname, "load.ts"));
const originPort = (await answerOf<{ port: number }>(origin)).port;
const originUrl = `http://127.0.0.1:${originPort}`;
const gateway = await startGateway(bundle, originUrl);
const keys = await makeKeys(gateway);
const running: Record<Contestant, RunningWorker> = {
  bare: await startPlain("bare.js", originUrl),
  refusing: await startPlain("refusing.js", originUrl),
  usual: await startUsual(originUrl, keys.one),
  gateway,
};

try {
  const results = await measureAll();
  process.stdout.write(`\n${tableOf(results)}\n`);
  if (!flags.dry) {
    writeFileSync(RESULTS, `${JSON.stringify(results, null, 1)}\n`);
    writeFileSync(README, withPerformance(readFileSync(README, "utf8"), results));
  }
} finally {
  await Promise.all(Object.values(running).map((worker) => worker.close()));
  origin.disconnect();
  loader.disconnect();
  await remove();
}

async function measureAll(): Promise<Results> {
  const request = "GET /v1/posts HTTP/1.1\r\nHost: origin\r\n\r\n";
  const alone = await put({
    port: originPort,
    requests: [request],
    connections: 16,
    expectedStatus: 200,
    durationMs: 2000,
  });
  const scenarios: Record<string, Record<string, Round[]>> = {};
  let capacity = 0;
  let kvReadsOfJunk = 0;
  for (const scenario of SCENARIOS) {
    const readsBefore = await kvReads();
    const rounds = await measure(scenario, capacity * (scenario.shareOfCapacity ?? 0));
    if (scenario.name === JUNK) kvReadsOfJunk = (await kvReads()) - readsBefore;
    if (scenario.name === WARM_GET) capacity = median((rounds.bare ?? []).map(({ perSecond }) => perSecond));
    scenarios[scenario.name] = rounds;
    process.stdout.write(`${scenario.name}\n`);
  }
  return {
    measuredOn: new Date().toISOString().slice(0, 10),
    machine: `${cpus().length} × ${cpus()[0]?.model.trim()}, ${Math.round(totalmem() / 2 ** 30)} GiB, Linux`,
    workerd: workerdVersion(),
    originPerSecond: Math.round(alone.answers / (alone.elapsedMs / 1000)),
    scenarios,
    kvReadsOfJunk,
    bundleGzipBytes,
  };
}

async function measure(scenario: Scenario, rate: number): Promise<Record<string, Round[]>> {
  const rounds: Record<string, Round[]> = {};
  for (const contestant of scenario.contestants)
    await put({ ...load(scenario, contestant), durationMs: FIRST_WARM_UP_MS });
  for (let round = 0; round < roundCount; round++) {
    for (const contestant of scenario.contestants) {
      const { pid } = running[contestant];
      const paced = scenario.name === QUIET ? { rate } : {};
      await put({ ...load(scenario, contestant), ...paced, durationMs: WARM_UP_MS });
      const cpuBefore = cpuMsOf(pid);
      const result = await put({
        ...load(scenario, contestant),
        ...paced,
        durationMs: roundMs * (scenario.roundsLongerBy ?? 1),
      });
      const cpuUs = ((cpuMsOf(pid) - cpuBefore) * 1000) / result.answers;
      if (result.failures > (scenario.othersMax ?? 0))
        throw new Error(`${scenario.name}, ${contestant}: ${result.failures} failures`);
      const perSecond = result.answers / (result.elapsedMs / 1000);
      rounds[contestant] ??= [];
      rounds[contestant].push(rounded({ perSecond, cpuUs, p50Ms: result.p50Ms, p99Ms: result.p99Ms }));
    }
  }
  return rounds;
}

function load(scenario: Scenario, contestant: Contestant) {
  return loadOf(scenario, contestant, keys, running[contestant].port);
}

function rounded(round: Round): Round {
  const short = (value: number) => Number(value.toPrecision(4));
  return {
    perSecond: short(round.perSecond),
    cpuUs: short(round.cpuUs),
    p50Ms: short(round.p50Ms),
    p99Ms: short(round.p99Ms),
  };
}

async function makeKeys({ control, port }: RunningGateway): Promise<Keys> {
  const one = (await control.createKey()).secret;
  const thousand: string[] = [];
  while (thousand.length < THOUSAND) thousand.push((await control.createKey()).secret);
  const dead = await control.createKey();
  await control.revoke(dead.account, dead.id);
  await control.call("PUT", "/accounts/limited", { tier: { requests_per_minute: 1, publish_per_hour: 1 } });
  const limited = (await control.createKey({ account: "limited" })).secret;
  await fetch(`http://127.0.0.1:${port}/v1/posts`, { headers: { Authorization: `Bearer ${limited}` } });
  return { one, thousand, revoked: dead.secret, limited };
}

async function kvReads(): Promise<number> {
  const answer = await fetch(`http://127.0.0.1:${gateway.storesPort}/`);
  return ((await answer.json()) as { reads: number }).reads;
}

function put(work: Load): Promise<LoadResult> {
  loader.send(work);
  return answerOf<LoadResult>(loader);
}

function answerOf<Message>(child: ChildProcess): Promise<Message> {
  return new Promise((resolve) => child.once("message", (message) => resolve(message as Message)));
}

function workerdVersion(): string {
  const wrangler = createRequire(createRequire(import.meta.url).resolve("wrangler/package.json"));
  return wrangler("workerd/package.json").version;
}
