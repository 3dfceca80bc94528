/** The README's performance section, made from the results of the last run. Pure but for the two paths. */
import { join } from "node:path";
import { median, type Results, type Round, type Rounds, ratioOf } from "./figures.ts";
import { QUIET, WARM_GET } from "./scenarios.ts";

const PROJECT = join(import.meta.dirname, "..", "..");
export const README = join(PROJECT, "README.md");
export const RESULTS = join(import.meta.dirname, "results.json");

const BEGIN = "<!-- npm run bench writes from here -->";
const END = "<!-- to here -->";

/** The README with its section written anew. */
export function withPerformance(readme: string, results: Results): string {
  const [begin, end] = [readme.indexOf(BEGIN), readme.indexOf(END)];
  if (begin === -1 || end === -1) throw new Error("the README has no place for the performance section");
  return `${readme.slice(0, begin + BEGIN.length)}\n${sectionOf(results)}\n${readme.slice(end)}`;
}

export function tableOf(results: Results): string {
  const rows = Object.entries(results.scenarios).map(([scenario, rounds]) => rowOf(scenario, rounds));
  return [
    "| | the limit | gateway | throughput | CPU for each answer | p50 | p99 |",
    "|---|---:|---:|---:|---:|---:|---:|",
    ...rows,
  ].join("\n");
}

function sectionOf(results: Results): string {
  const { scenarios, kvReadsOfJunk, originPerSecond, machine, workerd, measuredOn, bundleGzipBytes } =
    results;
  const warm = scenarios[WARM_GET] ?? {};
  const roundCount = warm.gateway?.length ?? 0;
  return `
Measured ${measuredOn} with workerd ${workerd} on ${machine}; load, origin and Worker share it. The origin alone gives ${originPerSecond}
answers a second. ${roundCount} rounds in which all take turns; gateway against the limit, as the median of the ratios within a round
and their middle half. The limit is a Worker that checks nothing, or one that only refuses.

${tableOf(results)}

Against what one would write from the documentation (\`hono/bearer-auth\`, a KV read and a Durable Object call each
time, \`hono/proxy\`): ${times(warm, "perSecond")} the throughput, ${times(warm, "cpuUs")} the CPU. The stores of both are in the same process here, so
what a real distance adds to each such request is not even in it. The junk keys cost ${kvReadsOfJunk} KV reads. The whole Worker is
${Math.round(bundleGzipBytes / 1024)} KiB, gzip.
`;
}

function rowOf(scenario: string, rounds: Rounds): string {
  const limit = rounds.bare ? "bare" : "refusing";
  const perSecond = (name: string) =>
    Math.round(median((rounds[name] ?? []).map((round) => round.perSecond)));
  const cells = (["perSecond", "cpuUs", "p50Ms", "p99Ms"] as const).map((figure) =>
    // A fixed rate has no throughput of its own, and a full load no latency of its own.
    (scenario === QUIET) === (figure === "p50Ms" || figure === "p99Ms") || figure === "cpuUs"
      ? spread(rounds, limit, figure)
      : "",
  );
  return `| ${scenario} | ${perSecond(limit)}/s | ${perSecond("gateway")}/s | ${cells.join(" | ")} |`;
}

function spread(rounds: Rounds, limit: string, figure: keyof Round): string {
  const { median, low, high } = ratioOf(rounds, "gateway", limit, figure);
  return `${median.toFixed(2)} (${low.toFixed(2)}–${high.toFixed(2)})`;
}

function times(rounds: Rounds, figure: keyof Round): string {
  return `${ratioOf(rounds, "gateway", "usual", figure).median.toFixed(2)} ×`;
}
