/**
 * `npm run revocation`: revokes keys in real workerd, checks the promise, and measures how long revocation takes.
 * Flags: `--revocations N` (300), `--parallel N` (12), `--svg FILE`; `--small-bodies` counts instead what clients of small
 * answers get at the moment of a revocation, in `N` revocations of each shape. Exits with 1 on any violation.
 *
 * Half of the revocations are of busy keys and a quarter of idle ones, for the figures; the rest are of all other
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
import { FIVE_DISTANCES_MS, runCampaign, varsOf } from "./campaign.ts";
import { type Violation, violationsIn } from "./checker.ts";
import { type Figures, figuresOf, merged, summary } from "./figures.ts";
import { drawHistograms } from "./histogram.ts";
import { SITUATIONS, type Situation } from "./history.ts";
import { revokeUnderSmallAnswers, SHAPES } from "./small-bodies.ts";

/** A history is checked and dropped after this many, so that memory stays bounded. */
const PER_CAMPAIGN = 300;
const VIOLATIONS_SHOWN = 20;

const MIX: readonly Situation[] = SITUATIONS.filter((other) => other !== "busy" && other !== "idle").flatMap(
  (other) => ["busy", "idle", "busy", other] as const,
);

interface Outcome {
  readonly busy: Figures;
  readonly idle: Figures;
  /** From each answer until the sockets were drained: bytes that leave in that time may go undetected. */
  readonly settlingMs: readonly number[];
  readonly violations: readonly Violation[];
}

const { values: flags } = parseArgs({
  options: {
    revocations: { type: "string", default: "300" },
    parallel: { type: "string", default: "12" },
    svg: { type: "string" },
    "small-bodies": { type: "boolean", default: false },
  },
});
const revocations = Number(flags.revocations);
const parallel = Number(flags.parallel);
if (!(revocations > 0 && parallel > 0)) throw new Error("--revocations and --parallel must be above 0");

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
  for (const shape of SHAPES) {
    const answers = await revokeUnderSmallAnswers({ bundle, shape, revocations, parallel });
    const { whole, refused, emptyReply, headersAlone, partOfBody, revocationsWithBroken } = answers;
    broken += emptyReply + headersAlone + partOfBody;
    console.log(`${shape}: ${revocationsWithBroken} of ${revocations} revocations broke an answer`);
    console.log(
      `  ${whole} whole, ${refused} refused; empty ${emptyReply}, headers ${headersAlone}, part ${partOfBody}`,
    );
  }
  return broken;
}

/** Returns the number of violations. */
async function measure(bundle: string): Promise<number> {
  const { LEASE_MS, LEASE_MARGIN_MS } = varsOf(bundle);
  console.log(machine());
  console.log(`LEASE_MS ${LEASE_MS}, LEASE_MARGIN_MS ${LEASE_MARGIN_MS}; five gateways, round trips to the`);
  console.log(`ledger ${FIVE_DISTANCES_MS.join(", ")} ms; keys revoked through the first\n`);
  const outcome = await revokeAll(bundle);
  printOutcome(outcome);
  if (flags.svg !== undefined) {
    writeFileSync(flags.svg, drawing(outcome, Number(LEASE_MS) + Number(LEASE_MARGIN_MS)));
  }
  return outcome.violations.length;
}

async function revokeAll(bundle: string): Promise<Outcome> {
  const busy: Figures[] = [];
  const idle: Figures[] = [];
  const settlingMs: number[] = [];
  const violations: Violation[] = [];
  for (let done = 0; done < revocations; done += PER_CAMPAIGN) {
    const number = Math.min(PER_CAMPAIGN, revocations - done);
    const onProgress = (finished: number) =>
      process.stderr.isTTY && process.stderr.write(`\r${done + finished} of ${revocations}`);
    const history = await runCampaign({ bundle, revocations: number, situations: MIX, parallel, onProgress });
    busy.push(figuresOf(history, "busy"));
    idle.push(figuresOf(history, "idle"));
    settlingMs.push(...history.revocations.map(({ answeredAt, settledAt }) => settledAt - answeredAt));
    violations.push(...violationsIn(history, MIX.slice(0, number)));
  }
  if (process.stderr.isTTY) process.stderr.write("\r");
  return { busy: merged(busy), idle: merged(idle), settlingMs, violations };
}

function printOutcome({ busy, idle, settlingMs, violations }: Outcome): void {
  const print = (title: string, cells: readonly string[]) =>
    console.log(title.padEnd(44) + cells.map((cell) => cell.padStart(8)).join(""));
  const row = (title: string, values: readonly number[]) =>
    print(title, [...summary(values), String(values.length)]);
  print("milliseconds", ["p50", "p90", "p99", "max", "n"]);
  row("call to last request accepted, busy key", busy.lastAcceptedMs);
  row("call to last request accepted, idle key", idle.lastAcceptedMs);
  row("call to answer, busy key", busy.answerMs);
  row("call to answer, idle key", idle.answerMs);
  row("answer to all read that had arrived by then", settlingMs);
  console.log(`\n${revocations} revocations, ${violations.length} violations of the promise`);
  for (const { rule, situation, what } of violations.slice(0, VIOLATIONS_SHOWN)) {
    console.log(`  ${rule}, ${situation}: ${what}`);
  }
  console.log(`repeat: npm run revocation -- --revocations ${revocations} --parallel ${parallel}`);
}

function drawing({ busy, idle }: Outcome, boundMs: number): string {
  const titled = (title: string, values: readonly number[]) => {
    const [p50, , p99, max] = summary(values);
    return { title: `${title}: p50 ${p50} ms, p99 ${p99} ms, max ${max} ms (n = ${values.length})`, values };
  };
  return drawHistograms({
    title: "Time until a revoked key is refused, on five gateways 0 to 250 ms from the ledger",
    axes: { time: "milliseconds from the call to revoke", count: "revocations" },
    rows: [
      { ...titled("Busy key, last request accepted", busy.lastAcceptedMs), colour: "#d97706" },
      { ...titled("Busy key, answer to revoke", busy.answerMs), colour: "#3b82f6" },
      { ...titled("Idle key, answer to revoke", idle.answerMs), colour: "#16a34a" },
    ],
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
