/**
 * `npm run revocation`: restricts keys in real workerd, checks the promise, and measures how long a restriction takes.
 * Flags: `--restriction NAME` (revoke; repeatable), `--count N` (300 of each), `--parallel N` (12), `--svg FILE`;
 * `--small-bodies` counts instead what clients of small answers get at the moment of a revocation, in `N` revocations of
 * each shape. Exits with 1 on any violation.
 *
 * Half of the restrictions are of busy keys and a quarter of idle ones, for the figures; the rest are of all other
 * situations, for the check.
 *
 * The figures are those of one machine that runs five gateways, the ledger, the clients and the origin, with artificial
 * distances between them. They say nothing about Cloudflare's network.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { cpus } from "node:os";
import { parseArgs } from "node:util";
import { buildWorker } from "../../support/build-worker.ts";
import { startCluster } from "../../support/gateway-cluster.ts";
import { FIVE_DISTANCES_MS, runCampaign, varsOf } from "./campaign.ts";
import { type Violation, violationsIn } from "./checker.ts";
import { type Figures, figuresOf, merged, summary } from "./figures.ts";
import { drawHistograms } from "./histogram.ts";
import type { Case } from "./history.ts";
import { RESTRICTION_NAMES, type RestrictionName } from "./restrictions.ts";
import { casesOf } from "./situations.ts";
import { GATEWAYS, revokeUnderSmallAnswers, SHAPES } from "./small-bodies.ts";

/** A history is checked and dropped after this many, so that memory stays bounded. */
const PER_CAMPAIGN = 300;
const VIOLATIONS_SHOWN = 20;

interface Outcome {
  readonly restriction: RestrictionName;
  readonly busy: Figures;
  /** Empty for a restriction that an idle key cannot have. */
  readonly idle: Figures;
  /** From each answer until the sockets were drained: bytes that leave in that time may go undetected. */
  readonly settlingMs: readonly number[];
  readonly violations: readonly Violation[];
}

const { values: flags } = parseArgs({
  options: {
    restriction: { type: "string", multiple: true, default: ["revoke"] },
    count: { type: "string", default: "300" },
    parallel: { type: "string", default: "12" },
    svg: { type: "string" },
    "small-bodies": { type: "boolean", default: false },
  },
});
const count = Number(flags.count);
const parallel = Number(flags.parallel);
if (!(count > 0 && parallel > 0)) throw new Error("--count and --parallel must be above 0");
const restrictions = flags.restriction.map((name) => {
  const known = RESTRICTION_NAMES.find((one) => one === name);
  if (known === undefined) throw new Error(`--restriction is one of: ${RESTRICTION_NAMES.join(", ")}`);
  return known;
});

const { bundle, remove } = await buildWorker();
try {
  process.exitCode =
    (flags["small-bodies"] ? await countSmallBodies(bundle) : await measure(bundle)) > 0 ? 1 : 0;
} finally {
  await remove();
}

/** Returns the number of broken answers. */
async function countSmallBodies(bundle: string): Promise<number> {
  console.log(machine());
  let broken = 0;
  const cluster = await startCluster({ bundle, gateways: GATEWAYS });
  for (const shape of SHAPES) {
    const answers = await revokeUnderSmallAnswers({ cluster, shape, revocations: count, parallel });
    const { whole, refused, emptyReply, headersAlone, partOfBody, revocationsWithBroken } = answers;
    broken += emptyReply + headersAlone + partOfBody;
    console.log(`${shape}: ${revocationsWithBroken} of ${count} revocations broke an answer`);
    console.log(
      `  ${whole} whole, ${refused} refused; empty ${emptyReply}, headers ${headersAlone}, part ${partOfBody}`,
    );
  }
  await cluster.close();
  return broken;
}

/** Returns the number of violations. */
async function measure(bundle: string): Promise<number> {
  const { LEASE_MS, LEASE_MARGIN_MS } = varsOf(bundle);
  console.log(machine());
  console.log(`LEASE_MS ${LEASE_MS}, LEASE_MARGIN_MS ${LEASE_MARGIN_MS}; five gateways, round trips to the`);
  console.log(`ledger ${FIVE_DISTANCES_MS.join(", ")} ms; calls through the first`);
  const outcomes: Outcome[] = [];
  for (const restriction of restrictions) {
    const outcome = await restrictAll(bundle, restriction);
    printOutcome(outcome);
    outcomes.push(outcome);
  }
  const names = restrictions.map((name) => `--restriction "${name}"`).join(" ");
  console.log(`\nrepeat: npm run revocation -- ${names} --count ${count} --parallel ${parallel}`);
  if (flags.svg !== undefined) {
    writeFileSync(flags.svg, drawing(outcomes, Number(LEASE_MS) + Number(LEASE_MARGIN_MS)));
  }
  return outcomes.reduce((sum, { violations }) => sum + violations.length, 0);
}

/** Half busy, a quarter idle, the rest in all other situations. */
function mixOf(restriction: RestrictionName): Case[] {
  const cases = casesOf(restriction);
  const [busy, idle] = (["busy", "idle"] as const).map((wanted) =>
    cases.filter(({ situation }) => situation === wanted),
  );
  const others = cases.filter((one) => !busy?.includes(one) && !idle?.includes(one));
  return others.flatMap((other) => [...(busy ?? []), ...(idle ?? []), ...(busy ?? []), other]);
}

async function restrictAll(bundle: string, restriction: RestrictionName): Promise<Outcome> {
  const cases = mixOf(restriction);
  const busy: Figures[] = [];
  const idle: Figures[] = [];
  const settlingMs: number[] = [];
  const violations: Violation[] = [];
  for (let done = 0; done < count; done += PER_CAMPAIGN) {
    const number = Math.min(PER_CAMPAIGN, count - done);
    const onProgress = (finished: number) =>
      process.stderr.isTTY && process.stderr.write(`\r${restriction}: ${done + finished} of ${count}`);
    const history = await runCampaign({ bundle, count: number, cases, parallel, onProgress });
    busy.push(figuresOf(history, { restriction, situation: "busy" }));
    idle.push(figuresOf(history, { restriction, situation: "idle" }));
    settlingMs.push(...history.restrictions.map(({ answeredAt, settledAt }) => settledAt - answeredAt));
    violations.push(...violationsIn(history, cases.slice(0, number)));
  }
  if (process.stderr.isTTY) process.stderr.write("\r");
  return { restriction, busy: merged(busy), idle: merged(idle), settlingMs, violations };
}

function printOutcome({ restriction, busy, idle, settlingMs, violations }: Outcome): void {
  const print = (title: string, cells: readonly string[]) =>
    console.log(title.padEnd(44) + cells.map((cell) => cell.padStart(8)).join(""));
  const row = (title: string, values: readonly number[]) =>
    values.length > 0 && print(title, [...summary(values), String(values.length)]);
  print(`\n${restriction}, milliseconds`, ["p50", "p90", "p99", "max", "n"]);
  row("call to last request accepted, busy key", busy.lastAcceptedMs);
  row("call to last request accepted, idle key", idle.lastAcceptedMs);
  row("call to answer, busy key", busy.answerMs);
  row("call to answer, idle key", idle.answerMs);
  row("answer to all read that had arrived by then", settlingMs);
  console.log(`${count} times ${restriction}, ${violations.length} violations of the promise`);
  for (const { rule, where, what } of violations.slice(0, VIOLATIONS_SHOWN)) {
    console.log(`  ${rule}, ${where}: ${what}`);
  }
}

function drawing(outcomes: readonly Outcome[], boundMs: number): string {
  const titled = (title: string, values: readonly number[]) => {
    const [p50, , p99, max] = summary(values);
    return { title: `${title}: p50 ${p50} ms, p99 ${p99} ms, max ${max} ms (n = ${values.length})`, values };
  };
  const rowsOf = ({ restriction, busy, idle }: Outcome) => [
    { ...titled(`${restriction}, busy key, last request accepted`, busy.lastAcceptedMs), colour: "#d97706" },
    { ...titled(`${restriction}, busy key, answer`, busy.answerMs), colour: "#3b82f6" },
    { ...titled(`${restriction}, idle key, answer`, idle.answerMs), colour: "#16a34a" },
  ];
  return drawHistograms({
    title: "Time until a restricted key is refused, on five gateways 0 to 250 ms from the ledger",
    axes: { time: "milliseconds from the call", count: "calls" },
    rows: outcomes.flatMap(rowsOf).filter(({ values }) => values.length > 0),
    bound: { ms: boundMs, name: "LEASE_MS + LEASE_MARGIN_MS" },
  });
}

function machine(): string {
  const { version } = JSON.parse(
    readFileSync(createRequire(import.meta.url).resolve("workerd/package.json"), "utf8"),
  ) as { version: string };
  const [cpu] = cpus();
  return `${cpus().length} cores (${cpu?.model.trim()}), ${process.platform}, Node ${process.version}, workerd ${version}`;
}
