/**
 * `npm run bench -- --instructions`: thousands of instructions for each answer of the gateway and its baselines, and how far
 * the gateway is from the stored counts. Unlike times, counts can be compared between runs, and on a busy machine.
 *
 * `--only TEXT` counts the answers whose names contain the text; `--store` replaces the gateway's stored counts. A count more than
 * 5 % above the stored one is a warning, also in the format of GitHub Actions. It needs valgrind.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Bench, startBench } from "./bench.ts";
import { type Callgrind, startCallgrind } from "./callgrind.ts";
import { type Counts, countTable, type InstructionCounts, warningsOf } from "./instruction-counts.ts";
import { conditional, get, junkKey } from "./scenarios.ts";
import type { RunningWorker } from "./workerd.ts";
import { startGateway, startPlain, startUsual } from "./workers.ts";

const STORED = join(import.meta.dirname, "instructions.json");
const WARM_UP_ANSWERS = 1200;
/** After the first instrumentation, and after a change of the request. */
const SETTLING_ANSWERS = 100;
const COUNTED_ANSWERS = 200;
const COLD_ISOLATES = 5;
const LIMIT_MS = 300_000;

/** No renewal falls among the counted answers, which take about 20 times as long as usually. */
const LONG_LEASES = {
  LEASE_MS: 60_000,
  LEASE_MAX_MS: 60_000,
  LEASE_MARGIN_MS: 10_000,
  LEDGER_TIMEOUT_MS: 30_000,
};

interface Answer {
  readonly name: string;
  /** The Worker that it is compared with. */
  readonly baseline: "bare" | "refusing";
  readonly status: number;
  /** Answers with another status that are expected. */
  readonly othersMax?: number;
  readonly request: (keys: Keys) => string;
}

interface Keys {
  readonly good: string;
  readonly revoked: string;
  readonly limited: string;
}

const forwarded = { baseline: "bare", status: 200 } as const;
const ofPost =
  (post: string) =>
  ({ good }: Keys) =>
    get(good, `/v1/posts/${post}`);

const ANSWERS: readonly Answer[] = [
  { ...forwarded, name: "length, 2 headers", request: ({ good }) => get(good) },
  { ...forwarded, name: "chunked", request: ofPost("chunked") },
  { ...forwarded, name: "gzip, chunked", request: ofPost("gzip") },
  { ...forwarded, name: "8 headers", request: ofPost("headers") },
  { ...forwarded, name: "20 KiB", request: ofPost("medium") },
  {
    ...forwarded,
    name: "not modified",
    status: 304,
    request: ({ good }) => conditional(get(good, "/v1/posts/unchanged")),
  },
  { baseline: "refusing", name: "made-up key", status: 401, request: () => get(junkKey(1)) },
  { baseline: "refusing", name: "revoked key", status: 401, request: ({ revoked }) => get(revoked) },
  {
    baseline: "refusing",
    name: "used-up limit",
    status: 429,
    // One request per minute is admitted, in less than ten minutes.
    othersMax: 10,
    request: ({ limited }) => get(limited),
  },
];
const COLD = "first request of an isolate";

const NO_KEYS: Keys = { good: "", revoked: "", limited: "" };

export interface CountOptions {
  readonly bundle: string;
  readonly only: string;
  readonly store: boolean;
}

export async function countInstructions({ bundle, only, store }: CountOptions): Promise<void> {
  const callgrind = startCallgrind();
  if (callgrind === null) {
    process.stderr.write(
      "counting instructions needs valgrind, which is not installed: apt install valgrind\n",
    );
    process.exitCode = 1;
    return;
  }
  const bench = await startBench(bundle, { roundCount: 1, roundMs: 1 });
  try {
    const counts = await countAll(bench, callgrind, only);
    const stored: InstructionCounts = JSON.parse(readFileSync(STORED, "utf8"));
    process.stdout.write(`\n${countTable(counts, stored)}\n`);
    for (const warning of warningsOf(counts.gateway ?? {}, stored.gateway ?? {})) {
      process.stdout.write(process.env.GITHUB_ACTIONS ? `::warning::${warning}\n` : `${warning}\n`);
    }
    const kept = { gateway: { ...stored.gateway, ...counts.gateway } };
    if (store) writeFileSync(STORED, `${JSON.stringify(kept, null, 2)}\n`);
  } finally {
    bench.close();
    callgrind.close();
  }
}

async function countAll(bench: Bench, callgrind: Callgrind, only: string): Promise<InstructionCounts> {
  const under = callgrind.command;
  const wanted = ANSWERS.filter(({ name }) => name.includes(only));
  const against = (baseline: Answer["baseline"]) => wanted.filter((answer) => answer.baseline === baseline);
  const warm = (worker: RunningWorker, answers: readonly Answer[], keys = NO_KEYS) =>
    countWarm(bench, callgrind, worker, answers, keys);
  const counts: Record<string, Counts> = {};
  for (const [name, answers] of [
    ["bare", against("bare")],
    ["floor", against("bare")],
    ["refusing", against("refusing")],
  ] as const) {
    if (answers.length === 0) continue;
    counts[name] = await closing(await startPlain(`${name}.js`, bench.originUrl, { under }), (worker) =>
      warm(worker, answers.map(withoutRefusals)),
    );
  }
  const isCold = COLD.includes(only);
  const isolates = isCold ? 1 + COLD_ISOLATES : 1;
  const gateway = await startGateway(bench, { under, isolates, vars: LONG_LEASES });
  const { good, ...found } = await closing(gateway, async () => {
    const keys = await keysOf(gateway);
    const cold = isCold ? { [COLD]: await countCold(bench, callgrind, gateway, keys.good) } : {};
    return { ...keys, counts: { ...(await warm(gateway, wanted, keys)), ...cold } };
  });
  counts.gateway = found.counts;
  if (isCold) {
    const usual = await startUsual(bench.originUrl, [good], { under, isolates });
    counts.usual = { [COLD]: await closing(usual, (worker) => countCold(bench, callgrind, worker, good)) };
  }
  return counts;
}

/** The Worker that only refuses does so with 401. */
function withoutRefusals(answer: Answer): Answer {
  return answer.baseline === "refusing" ? { ...answer, status: 401 } : answer;
}

async function countWarm(
  bench: Bench,
  callgrind: Callgrind,
  { pid, port }: RunningWorker,
  answers: readonly Answer[],
  keys: Keys,
): Promise<Counts> {
  const counts: Record<string, number> = {};
  let warmUpAnswers = WARM_UP_ANSWERS;
  for (const { name, request, status, othersMax = 0 } of answers) {
    const put = async (count: number) => {
      const load = { ports: [port], requests: [request(keys)], connections: 1, expectedStatus: status };
      const { answers, failures } = await bench.put({ ...load, answersMax: count, durationMs: LIMIT_MS });
      if (answers + failures !== count || failures > othersMax) {
        throw new Error(`${name}: ${failures} unexpected answers`);
      }
    };
    await put(warmUpAnswers);
    await callgrind.count(pid, () => put(SETTLING_ANSWERS));
    counts[name] = thousands((await callgrind.count(pid, () => put(COUNTED_ANSWERS))) / COUNTED_ANSWERS);
    warmUpAnswers = SETTLING_ANSWERS;
    process.stdout.write(".");
  }
  return counts;
}

/** Every isolate but the first, which has the ledger. */
async function countCold(
  bench: Bench,
  callgrind: Callgrind,
  { pid, ports }: RunningWorker,
  key: string,
): Promise<number> {
  const count = await callgrind.count(pid, async () => {
    for (const port of ports.slice(1)) {
      const load = { ports: [port], requests: [get(key)], connections: 1, expectedStatus: 200 };
      const { answers } = await bench.put({ ...load, answersMax: 1, durationMs: LIMIT_MS });
      if (answers !== 1) throw new Error("a cold isolate did not answer as expected");
    }
  });
  return thousands(count / (ports.length - 1));
}

async function keysOf({ control, port }: Awaited<ReturnType<typeof startGateway>>): Promise<Keys> {
  const good = (await control.createKey()).secret;
  const revoked = await control.createKey();
  await control.revoke(revoked.account, revoked.id);
  await control.call("PUT", "/accounts/limited", { tier: { requests_per_minute: 1, publish_per_hour: 1 } });
  const limited = (await control.createKey({ account: "limited" })).secret;
  await fetch(`http://127.0.0.1:${port}/v1/posts`, { headers: { Authorization: `Bearer ${limited}` } });
  return { good, revoked: revoked.secret, limited };
}

async function closing<Worker extends RunningWorker, Result>(
  worker: Worker,
  work: (worker: Worker) => Promise<Result>,
): Promise<Result> {
  try {
    return await work(worker);
  } finally {
    await worker.close();
  }
}

function thousands(count: number): number {
  return Math.round(count / 1000);
}
