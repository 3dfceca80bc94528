/** The README's performance section, made from the results of the last run. Pure but for the paths. */
import { join } from "node:path";
import { tableOf, withSection } from "../support/markdown.ts";
import { ADDED_CHART, COLD_CHART, CPU_CHART } from "./charts.ts";
import { addedBy, medianOf, type Ratio, type Results, type Rounds, ratioOf } from "./figures.ts";
import { growthTables } from "./growth-tables.ts";
import { pairsIn } from "./outside-pairs.ts";
import { OUTSIDE, OUTSIDE_QUIET, SCENARIOS, type Scenario, WARM_GET, WITHOUT_LIMITS } from "./scenarios.ts";
import { targetsOf } from "./targets.ts";

const PROJECT = join(import.meta.dirname, "..", "..");
export const README = join(PROJECT, "README.md");
export const RESULTS = join(import.meta.dirname, "results.json");
export const CHART_DIRECTORY = import.meta.dirname;

const BEGIN = "<!-- npm run bench writes from here -->";
const END = "<!-- to here -->";

/** The README with its section written anew. */
export function withPerformance(readme: string, results: Results): string {
  return withSection(readme, BEGIN, END, sectionOf(results));
}

/** Markdown. */
export function sectionOf(results: Results): string {
  return [
    introduction(results),
    targetTable(results),
    scenarioTable(results),
    `![CPU for each answer, the gateway against the limit](test/bench/${CPU_CHART})`,
    ...againstFloor(results),
    ...againstUsual(results),
    ...outsideTable(results),
    ...coldStartTable(results),
    ...growthTables(results),
    ...failed(results),
  ].join("\n\n");
}

function introduction({ machine, workerd, originPerSecond, measuredOn, scenarios }: Results): string {
  const days = [...new Set(Object.values(measuredOn))].sort();
  const when = days.length > 1 ? `${days[0]} to ${days.at(-1)}` : days[0];
  const rounds = Math.max(0, ...Object.values(scenarios).map((each) => each.gateway?.length ?? 0));
  return `Measured ${when} with workerd ${workerd} on ${machine}; load, origin and server share it. The origin alone
gives ${originPerSecond} answers a second. Up to ${rounds} rounds in which all contestants take turns; a ratio is the median of the ratios within a
round, with their middle half. **bare** is the smallest Worker that forwards and checks nothing, **refusing** one that answers all with
the same 401, **usual** what one would write from the documentation: \`hono/bearer-auth\`, a KV read and a Durable Object call each time, \`hono/proxy\`.`;
}

function targetTable(results: Results): string {
  const held = { true: "yes", false: "**no**", null: "" };
  return tableOf(
    ["figure", "target", "measured", "held"],
    targetsOf(results).map((each) => [each.figure, each.target, each.measured, held[`${each.isHeld}`]]),
  );
}

function scenarioTable({ scenarios }: Results): string {
  const rows = SCENARIOS.flatMap((scenario) => {
    const rounds = scenarios[scenario.name];
    return rounds ? [scenarioRow(scenario, rounds)] : [];
  });
  return tableOf(
    ["scenario", "against", "its own", "gateway", "throughput", "CPU for each answer", "p50", "p99"],
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
    `Why bare is out of reach: a Worker that returns what \`fetch\` gave it hands its body over to the platform and runs no more. One that has to change
headers, and may have to end the body, cannot. **floor** does just that and checks nothing ([\`floor.js\`](test/bench/floor.js)): it costs
${cpu("floor", "bare")} × the CPU of bare and has ${throughput("floor", "bare")} of its throughput. Against floor, the gateway costs ${cpu("gateway", "floor")} × and has ${throughput("gateway", "floor")}. Rate limits
and the five headers that tell of them are a part of that: with a key that has none it costs ${cpu(WITHOUT_LIMITS, "gateway")} × of that CPU, and gives ${throughput(WITHOUT_LIMITS, "gateway")} × the answers.`,
  ];
}

function againstUsual({ scenarios }: Results): string[] {
  const warm = scenarios[WARM_GET];
  if (warm?.usual === undefined) return [];
  const times = (figure: "perSecond" | "cpuUs") =>
    ratioOf(warm, "gateway", "usual", figure).median.toFixed(2);
  return [
    `Against **usual**, with a warm key: ${times("perSecond")} × the throughput, ${times("cpuUs")} × the CPU. The stores of both are in the
same process here, so what a real distance adds to each of its requests is not even in it; the cold starts below show that.`,
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
    `What a check adds, each server against itself without it, before the same origin and under the same load. Those outside Workers know one key, in
memory or (Better Auth) in SQLite; none of them can revoke a request in flight, sign who calls, or count a limit for the whole world.`,
    tableOf(["with the check", "without", "answers", "throughput kept", "CPU added", "p50 added"], rows),
    `![What the check adds to the same server without it](test/bench/${ADDED_CHART})`,
  ];
}

function coldStartTable({ coldStarts }: Results): string[] {
  if (coldStarts === undefined) return [];
  const ms = (value: number) => `${value.toFixed(1)} ms`;
  const rows = coldStarts.map(({ distanceMs, bareMs, gatewayMs, usualMs }) => [
    `${distanceMs} ms`,
    ...[bareMs, ...gatewayMs, ...usualMs].map(ms),
  ]);
  return [
    `The first request of an isolate that has served none, with a key that it has never seen, and the one after it, while KV and the
ledger are that far away (there and back, made up):`,
    tableOf(["distance", "bare", "gateway, first", "next", "usual, first", "next"], rows),
    `![The first request of a cold isolate with a new key, and the next one](test/bench/${COLD_CHART})`,
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
    ...(answers.length > 0 ? [`Answers that were not as expected: ${answers.join("; ")}.`] : []),
    ...(parts.length > 0 ? [`Not measured in the last run: ${parts.join("; ")}.`] : []),
  ];
}

function spread({ median, low, high }: Ratio, digits: number): string {
  // Nothing has no sign.
  const text = (value: number) => value.toFixed(digits).replace(/^-(?=[0.]+$)/, "");
  return `${text(median)} (${text(low)} to ${text(high)})`;
}
