/** The measured section of docs/performance.md, derived from the results of the last run. Pure, except for the paths. */
import { join } from "node:path";
import { ADDED_CHART, COLD_CHART, CPU_CHART } from "./charts.ts";
import { addedBy, medianOf, type Ratio, type Results, type Rounds, ratioOf } from "./figures.ts";
import { growthTables } from "./growth-tables.ts";
import { tableOf, withSection } from "./markdown.ts";
import { pairsIn } from "./outside-pairs.ts";
import { OUTSIDE, OUTSIDE_QUIET, SCENARIOS, type Scenario, WARM_GET, WITHOUT_LIMITS } from "./scenarios.ts";
import { targetsOf } from "./targets.ts";

const PROJECT = join(import.meta.dirname, "..", "..");
export const PERFORMANCE_PAGE = join(PROJECT, "docs", "performance.md");
export const RESULTS = join(import.meta.dirname, "results.json");
export const CHART_DIRECTORY = import.meta.dirname;

/** Where the page finds the benchmark's files. */
const FILES = "../test/bench";

const BEGIN = "<!-- npm run bench writes from here -->";
const END = "<!-- npm run bench writes to here -->";

/** The page with its measured section replaced. */
export function withPerformance(page: string, results: Results): string {
  return withSection(page, BEGIN, END, sectionOf(results));
}

/** Markdown. */
export function sectionOf(results: Results): string {
  return [
    introduction(results),
    targetTable(results),
    ...coldStartTable(results),
    scenarioTable(results),
    `![CPU per answer, the gateway and its baseline](${FILES}/${CPU_CHART})`,
    ...againstFloor(results),
    ...againstUsual(results),
    ...outsideTable(results),
    ...growthTables(results),
    ...failed(results),
  ].join("\n\n");
}

function introduction({ machine, workerd, originPerSecond, measuredOn, scenarios }: Results): string {
  const days = [...new Set(Object.values(measuredOn))].sort();
  const when = days.length > 1 ? `${days[0]} to ${days.at(-1)}` : days[0];
  const rounds = Math.max(0, ...Object.values(scenarios).map((each) => each.gateway?.length ?? 0));
  return `Measured ${when} with workerd ${workerd} on ${machine}; load, origin and server share it. The origin alone gives ${originPerSecond} answers a second.
Up to ${rounds} rounds; in each, all servers take turns. A ratio is the median of the ratios within a round; the parentheses have the middle half.

- **bare** is the smallest Worker that forwards and checks nothing.
- **refusing** answers every request with the same 401.
- **usual** is the straightforward design: \`hono/bearer-auth\`, a KV read and a Durable Object call for each request, \`hono/proxy\`.`;
}

function targetTable(results: Results): string {
  const held = { true: "yes", false: "**no**", null: "" };
  return tableOf(
    ["figure", "target", "measured", "met"],
    targetsOf(results).map((each) => [each.figure, each.target, each.measured, held[`${each.isHeld}`]]),
  );
}

function scenarioTable({ scenarios }: Results): string {
  const rows = SCENARIOS.flatMap((scenario) => {
    const rounds = scenarios[scenario.name];
    return rounds ? [scenarioRow(scenario, rounds)] : [];
  });
  return tableOf(
    [
      "scenario",
      "baseline",
      "baseline's answers",
      "gateway's answers",
      "throughput",
      "CPU per answer",
      "p50",
      "p99",
    ],
    rows,
  );
}

function scenarioRow({ name, paced, contestants }: Scenario, rounds: Rounds): string[] {
  const [limit = ""] = contestants;
  const perSecond = (contestant: string) => `${Math.round(medianOf(rounds, contestant, "perSecond"))}/s`;
  const ratio = (figure: "perSecond" | "cpuUs" | "p50Ms" | "p99Ms") =>
    spread(ratioOf(rounds, "gateway", limit, figure), 2);
  // A fixed rate has no throughput of its own, and a full load no latency of its own.
  const [throughput, p50, p99] = paced ? ["", ratio("p50Ms"), ratio("p99Ms")] : [ratio("perSecond"), "", ""];
  return [name, limit, perSecond(limit), perSecond("gateway"), throughput, ratio("cpuUs"), p50, p99];
}

function againstFloor({ scenarios }: Results): string[] {
  const warm = scenarios[WARM_GET];
  if (warm?.floor === undefined || warm[WITHOUT_LIMITS] === undefined) return [];
  const times = (figure: "cpuUs" | "perSecond") => (one: string, other: string) =>
    ratioOf(warm, one, other, figure).median.toFixed(2);
  const [cpu, throughput] = [times("cpuUs"), times("perSecond")];
  return [
    `The gateway cannot be as fast as bare: a Worker that returns the response of \`fetch\` leaves headers and body to the platform and runs no more code. A Worker that sets headers both ways
and may have to refuse after the answer has arrived cannot do that. **floor** is the cheapest Worker that can, without any check ([\`floor.js\`](${FILES}/floor.js)): it costs ${cpu("floor", "bare")} × the CPU of bare at ${throughput("floor", "bare")} of its
throughput. Against floor, the gateway costs ${cpu("gateway", "floor")} × the CPU at ${throughput("gateway", "floor")} of the throughput, rate limits included. For a key without limits, whose responses lack the five rate-limit headers, the gateway costs
${cpu(WITHOUT_LIMITS, "gateway")} × the CPU of the gateway with limits, at ${throughput(WITHOUT_LIMITS, "gateway")} × its throughput.`,
  ];
}

function againstUsual({ scenarios }: Results): string[] {
  const warm = scenarios[WARM_GET];
  if (warm?.usual === undefined) return [];
  const times = (figure: "perSecond" | "cpuUs") =>
    ratioOf(warm, "gateway", "usual", figure).median.toFixed(2);
  return [
    `Against **usual**, with a warm key: ${times("perSecond")} × the throughput at ${times("cpuUs")} × the CPU. The stores of both are in the same process here, so the distance that usual
pays for each request is not included; the table of cold starts shows it.`,
  ];
}

function outsideTable({ scenarios }: Results): string[] {
  const [full, quiet] = [scenarios[OUTSIDE], scenarios[OUTSIDE_QUIET]];
  if (full === undefined || quiet === undefined) return [];
  const rows = pairsIn(full).map(({ with: one, without }) => [
    one,
    without,
    `${Math.round(medianOf(full, one, "perSecond"))}/s`,
    spread(ratioOf(full, one, without, "perSecond"), 2),
    `${spread(addedBy(full, one, without, "cpuUs"), 1)} µs`,
    `${spread(addedBy(quiet, one, without, "p50Ms"), 2)} ms`,
  ]);
  return [
    `What the check adds to each server, compared with the same server without it, with the same origin and load. The servers outside Workers have one key, in memory or
(Better Auth) in SQLite; they cannot revoke a request in flight, sign the caller's identity or count a limit over all locations.`,
    tableOf(["with the check", "without", "answers", "throughput kept", "CPU added", "p50 added"], rows),
    `![What the check adds to the same server without it](${FILES}/${ADDED_CHART})`,
  ];
}

function coldStartTable({ coldStarts }: Results): string[] {
  if (coldStarts === undefined) return [];
  const ms = (value: number) => `${value.toFixed(1)} ms`;
  const rows = coldStarts.map(({ distanceMs, bareMs, gatewayMs, usualMs, expiredMs, firstCpuMs }) => [
    `${distanceMs} ms`,
    ...[bareMs, ...gatewayMs].map(ms),
    expiredMs === undefined ? "" : ms(expiredMs),
    ...usualMs.map(ms),
    firstCpuMs === undefined ? "" : `${ms(firstCpuMs.gateway)}, ${ms(firstCpuMs.usual)}`,
  ]);
  return [
    `A rarely used key, as most keys are: the first request with the key on a new isolate, the next request, and a request after the lease has expired. *Distance* is the simulated round trip to KV
and to the ledger. *CPU* is that of the whole process for the first request, gateway and usual:`,
    tableOf(
      ["distance", "bare", "gateway, first", "next", "lease expired", "usual, first", "next", "CPU"],
      rows,
    ),
    `![The first request of a cold isolate with a new key, and the next one](${FILES}/${COLD_CHART})`,
  ];
}

function failed({ scenarios, failures }: Results): string[] {
  const broken = Object.entries(scenarios).flatMap(([scenario, rounds]) =>
    Object.entries(rounds).map(([contestant, each]) => {
      const count = each.reduce((sum, round) => sum + (round.failures ?? 0), 0);
      return count === 0 ? "" : `${contestant} in "${scenario}": ${count}`;
    }),
  );
  const answers = broken.filter((line) => line !== "");
  const parts = Object.entries(failures).map(([name, why]) => `${name} (${why})`);
  return [
    ...(answers.length > 0 ? [`Unexpected answers: ${answers.join("; ")}.`] : []),
    ...(parts.length > 0 ? [`Not measured in the last run: ${parts.join("; ")}.`] : []),
  ];
}

function spread({ median, low, high }: Ratio, digits: number): string {
  // Zero has no sign.
  const text = (value: number) => value.toFixed(digits).replace(/^-(?=[0.]+$)/, "");
  return `${text(median)} (${text(low)} to ${text(high)})`;
}
