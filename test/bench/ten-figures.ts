/**
 * The README's ten figures: those of the benchmark from its results, those of a revocation from docs/revocation.md.
 * Pure, except for the paths.
 */
import { join } from "node:path";
import { addedBy, type Results } from "./figures.ts";
import { tableOf, withSection } from "./markdown.ts";
import { warmKey } from "./model/chart.ts";
import { cpuOf } from "./model/model-section.ts";
import { predict } from "./model/predict.ts";
import { QUIET } from "./scenarios.ts";

const PROJECT = join(import.meta.dirname, "..", "..");
export const README = join(PROJECT, "README.md");
export const REVOCATION_PAGE = join(PROJECT, "docs", "revocation.md");

const BEGIN = "<!-- npm run bench writes from here -->";
const END = "<!-- npm run bench writes to here -->";
const DISTANCE_MS = 80;
const BUSY_PER_SECOND = 100;
const SELDOM_PER_SECOND = 1 / 60;
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
    ["time until `revoke` of a busy key answers, p50; p99", row("busy key: `revoke` answered")],
    ["time until `revoke` of an idle key answers, p50; p99", row("idle key: `revoke` answered")],
  ];
}

function measuredFigures(results: Results): string[][] {
  const { scenarios, calls, coldStarts } = results;
  const quiet = scenarios[QUIET];
  const cold = coldStarts?.find(({ distanceMs }) => distanceMs === DISTANCE_MS);
  const ms = (value: number | undefined) => (value === undefined ? NOT_MEASURED : `${value.toFixed(1)} ms`);
  const beyondBare = (value: number | undefined) =>
    value === undefined ? value : value - (cold?.bareMs ?? 0);
  return [
    [
      `added latency, first request with a key on an isolate (KV and ledger ${DISTANCE_MS} ms away)`,
      ms(beyondBare(cold?.gatewayMs[0])),
    ],
    [
      `added latency, first request after the lease has expired (ledger ${DISTANCE_MS} ms away)`,
      ms(beyondBare(cold?.expiredMs)),
    ],
    [
      "added latency, key with a valid lease, p50",
      ms(quiet && Math.max(0, addedBy(quiet, "gateway", "bare", "p50Ms").median)),
    ],
    [
      `cost of a million requests (model), key used ${BUSY_PER_SECOND} times a second on an isolate; design with a KV read and a Durable Object call for each request`,
      dollars(BUSY_PER_SECOND, results),
    ],
    ["the same two, key used once a minute on an isolate", dollars(SELDOM_PER_SECOND, results)],
    [
      `ledger calls per request, key used ${BUSY_PER_SECOND} times a second on an isolate`,
      calls ? String(calls.ledgerCallsPerRequest) : NOT_MEASURED,
    ],
    [
      "made-up keys: KV reads; ledger calls",
      calls ? `${calls.kvReadsOfJunk}; ${calls.ledgerCallsOfJunk}` : NOT_MEASURED,
    ],
  ];
}

/** With rate limits. */
function dollars(perKeyAndIsolate: number, results: Results): string {
  const { dollars, usualDollars } = predict(warmKey(perKeyAndIsolate, true), cpuOf(results));
  return `$${dollars.toFixed(2)}; $${usualDollars.toFixed(2)}`;
}
