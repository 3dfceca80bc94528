/**
 * The README's ten figures: those of the benchmark from its results, those of a revocation from docs/revocation.md.
 * Pure, except for the paths.
 */
import { join } from "node:path";
import { medianOf, type Results, ratioOf } from "./figures.ts";
import { tableOf, withSection } from "./markdown.ts";
import { costShare } from "./model/chart.ts";
import { cpuOf } from "./model/model-section.ts";
import { WARM_GET } from "./scenarios.ts";

const PROJECT = join(import.meta.dirname, "..", "..");
export const README = join(PROJECT, "README.md");
export const REVOCATION_PAGE = join(PROJECT, "docs", "revocation.md");

const BEGIN = "<!-- npm run bench writes from here -->";
const END = "<!-- npm run bench writes to here -->";
const DISTANCE_MS = 80;
const BUSY_PER_SECOND = 100;
const NOT_MEASURED = "not measured";

/** The README with its figures replaced. */
export function withTenFigures(readme: string, results: Results, revocationPage: string): string {
  const rows = [...revocationFigures(revocationPage), ...measuredFigures(results)];
  return withSection(readme, BEGIN, END, tableOf(["figure", "measured"], rows));
}

function revocationFigures(page: string): string[][] {
  const [, revocations, violations] = /\*\*([\d,]+) revocations, (\d+) violations/.exec(page) ?? [];
  const row = (name: string) => {
    const cells = page.split("\n").find((line) => line.startsWith(`| ${name} |`)) ?? "";
    const [, , p50, , p99] = cells.split("|").map((cell) => cell.trim());
    return `${p50} ms; ${p99} ms`;
  };
  return [
    ["revocations under load on five isolates; violations of G1, G2 or G3", `${revocations}; ${violations}`],
    ["busy key: time until `revoke` answers, p50; p99", row("busy key: `revoke` answered")],
    ["idle key: time until `revoke` answers, p50; p99", row("idle key: `revoke` answered")],
  ];
}

function measuredFigures(results: Results): string[][] {
  const { scenarios, calls, coldStarts } = results;
  const warm = scenarios[WARM_GET];
  const times = (figure: "perSecond" | "cpuUs", other: string) =>
    warm?.[other] ? `${ratioOf(warm, "gateway", other, figure).median.toFixed(2)} ×` : NOT_MEASURED;
  const cold = coldStarts?.find(({ distanceMs }) => distanceMs === DISTANCE_MS);
  const cost = costShare(BUSY_PER_SECOND, true, cpuOf(results));
  return [
    [
      "cached key, against a Worker that forwards and checks nothing: throughput; CPU per answer",
      `${times("perSecond", "bare")}; ${times("cpuUs", "bare")}`,
    ],
    [
      "cached key, against a KV read and a Durable Object call per request: throughput; CPU per answer",
      `${times("perSecond", "usual")}; ${times("cpuUs", "usual")}`,
    ],
    [
      "busy key, against a KV read and a Durable Object call per request: dollars per million requests (model)",
      `${cost.toFixed(2)} ×`,
    ],
    [
      `one key, ${BUSY_PER_SECOND} requests a second on one isolate: ledger calls per request`,
      calls ? String(calls.ledgerCallsPerRequest) : NOT_MEASURED,
    ],
    [
      "made-up keys: KV reads; ledger calls",
      calls ? `${calls.kvReadsOfJunk}; ${calls.ledgerCallsOfJunk}` : NOT_MEASURED,
    ],
    [
      `new isolate, KV and ledger ${DISTANCE_MS} ms away: first request; next request`,
      cold ? cold.gatewayMs.map((ms) => `${ms.toFixed(1)} ms`).join("; ") : NOT_MEASURED,
    ],
    [
      "cached key, one isolate, load and origin on the same two cores: answers a second",
      warm ? Math.round(medianOf(warm, "gateway", "perSecond")).toLocaleString("en") : NOT_MEASURED,
    ],
  ];
}
