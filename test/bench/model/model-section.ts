/** The section of docs/performance.md on cost and latency at scale, made from the model. Pure, except for the paths. */
import { join } from "node:path";
import { ENTRY_CACHE_MAX } from "../../../src/leases/key-cache.ts";
import { GRANTS_PER_SECOND_MAX } from "../../../src/ledger/lease-length.ts";
import { median, type Results } from "../figures.ts";
import { tableOf, withSection } from "../markdown.ts";
import { WARM_GET } from "../scenarios.ts";
import { COST_SHARE_TARGET, costShare } from "./chart.ts";
import { LEASE_MAX_MS, LEASE_MS } from "./lease-traffic.ts";
import { LOADS, type NamedLoad } from "./loads.ts";
import {
  addedLatency,
  type Cpu,
  ISOLATE_LIFE_MINUTES,
  KV_READ_P50_MS,
  KV_READ_P99_MS,
  LEDGER_WORK_MS,
  OBJECT_CALLS_PER_SECOND_MAX,
  predict,
  ROUND_TRIP_MS,
  usualLatency,
} from "./predict.ts";
import { dollarsPerMillion, PRICES } from "./prices.ts";

export const CHART = join(import.meta.dirname, "model.svg");

const BEGIN = "<!-- npm run model writes from here -->";
const END = "<!-- npm run model writes to here -->";
const DISTANCES_MS = [5, 20, 80, 200];
const RATES = [0.1, 1, 10, 100];

/** The page with the model's section replaced. */
export function withModel(page: string, results: Results): string {
  return withSection(page, BEGIN, END, sectionOf(cpuOf(results)));
}

/** What the benchmark measured for a warm key. */
export function cpuOf({ scenarios }: Results): Cpu {
  const ms = (name: string) => median((scenarios[WARM_GET]?.[name] ?? []).map(({ cpuUs }) => cpuUs / 1000));
  return { gatewayMs: ms("gateway"), usualMs: ms("usual") };
}

export function sectionOf(cpu: Cpu): string {
  const { usualDollars } = predict((LOADS[0] as NamedLoad).load, cpu);
  const metrics = dollarsPerMillion({ dataPoint: 1 });
  const busy = costShare(100, true, cpu);
  const from = (limited: boolean, share: number) => small(lowestRate(limited, share, cpu));
  return `
This is a model, not a measurement. *Usual* is a KV read and a Durable Object call for every request; it costs $${usualDollars.toFixed(2)} per million requests. A load is a number of requests a second
with a number of keys (ten to an account), in a number of locations × isolates in each.

${costTable(cpu)}

- **A busy key costs ${busy.toFixed(2)} of usual.** The share is at most ${COST_SHARE_TARGET} for a key with ${from(false, COST_SHARE_TARGET)} or more requests a second on one isolate (${from(true, COST_SHARE_TARGET)} with rate limits), and below 1 from
  ${from(false, 1)} (${from(true, 1)}). A key that is used less often costs more: each request calls the ledger, as with usual, and rows are written for the limits, for when the key was last used and for its
  requests of each day, which usual does not record.
- **Metrics** are not included: a data point for each request is $${metrics.toFixed(2)} per million as published, which Cloudflare does not bill so far. If it did, a busy key would cost
  ${(busy + metrics / usualDollars).toFixed(2)} of usual, which has no metrics; \`METRICS = "off"\` saves that.
- **One ledger** serves about ${count(OBJECT_CALLS_PER_SECOND_MAX)} calls a second. Usual needs one call for every request of an account. The gateway needs too many where the table says so: for an account whose keys are
  busy on thousands of isolates at once.

![Cost of a million requests as a share of usual, and the share of requests that wait for the ledger, by requests a second](../test/bench/model/model.svg)

Latency that the round trip to the ledger adds to a request, p50 / p99 in milliseconds, for a key that the isolate has cached:

${latencyTable()}

**Assumptions.** Every key is equally busy, everywhere it is used: the worst case for a cache, since real keys are warmer. An isolate lives ${ISOLATE_LIFE_MINUTES} minutes and caches ${count(ENTRY_CACHE_MAX)} keys. Requests arrive
at random and are short; limits are not near. \`LEASE_MS\` is ${count(LEASE_MS)}; an account that is granted more than ${GRANTS_PER_SECOND_MAX} leases a second gets longer ones, up to ${count(LEASE_MAX_MS)} ms. For costs, the ledger is ${ROUND_TRIP_MS} ms
away and works ${LEDGER_WORK_MS} ms on a call. A KV read takes ${KV_READ_P50_MS} ms, at p99 ${KV_READ_P99_MS} ms, as Cloudflare reports for [the hottest keys](https://blog.cloudflare.com/faster-workers-kv/) and
[its new storage](https://blog.cloudflare.com/rearchitecting-workers-kv-for-redundancy/). CPU is what the benchmark measured for the whole process, ${cpu.gatewayMs.toFixed(2)} and ${cpu.usualMs.toFixed(2)} ms, of which not all is
billed. One request in a hundred has a log line. Not included: traces, storage, managing keys, and what the plan includes. The number of lease calls is a formula; a test compares it with the
Worker's own code in virtual time.

**Prices**, November 2026, in dollars per million: ${pricesText()}.
`;
}

function costTable(cpu: Cpu): string {
  const rows = LOADS.map(({ name, load }) => {
    const [limited, unlimited] = [predict(load, cpu), predict({ ...load, limited: false }, cpu)];
    const { objectCallsPerSecond: calls, usualObjectCallsPerSecond: usualCalls } = limited;
    const lease = limited.leaseMs === LEASE_MS ? "" : `, lease ${limited.leaseMs / 1000} s`;
    const tooMany = calls > OBJECT_CALLS_PER_SECOND_MAX ? "**too many:** " : "";
    const share = (dollars: number) => (dollars / limited.usualDollars).toFixed(2);
    return [
      name,
      small(limited.perKeyAndIsolate),
      small(limited.callsPerRequest),
      small(limited.kvReadsPerRequest),
      `${tooMany}${small(calls)} (${small(usualCalls)})${lease}`,
      `${unlimited.dollars.toFixed(2)}, ${share(unlimited.dollars)}`,
      `${limited.dollars.toFixed(2)}, ${share(limited.dollars)}`,
    ];
  });
  return tableOf(
    [
      "load",
      "per key and isolate",
      "ledger calls per request",
      "KV reads per request",
      "calls a second to one ledger (usual)",
      "$ per million, share of usual",
      "with rate limits",
    ],
    rows,
  );
}

function latencyTable(): string {
  const cells = (at: (roundTripMs: number) => { p50Ms: number; p99Ms: number }) =>
    DISTANCES_MS.map((ms) => at(ms)).map(({ p50Ms, p99Ms }) => `${p50Ms} / ${p99Ms}`);
  return tableOf(
    ["requests a second with the key on the isolate", ...DISTANCES_MS.map((ms) => `${ms} ms away`)],
    [
      ...RATES.map((rate) => [small(rate), ...cells((ms) => addedLatency(rate, ms, LEASE_MS))]),
      ["any, usual", ...cells(usualLatency)],
    ],
  );
}

function pricesText(): string {
  const byPage = Map.groupBy(Object.values(PRICES), ({ page }) => page);
  return [...byPage]
    .map(([page, prices]) => {
      const each = prices.map(({ what, dollars }) => `${what} ${dollars}`).join(", ");
      return `[${each}](https://developers.cloudflare.com${page})`;
    })
    .join("; ");
}

/** The fewest requests a second with the key on an isolate at which it costs no more than this share of usual. */
function lowestRate(limited: boolean, share: number, cpu: Cpu): number {
  let [below, above] = [0.001, 1000];
  if (costShare(above, limited, cpu) > share) return Number.POSITIVE_INFINITY;
  for (let step = 0; step < 60; step++) {
    const middle = Math.sqrt(below * above);
    if (costShare(middle, limited, cpu) > share) below = middle;
    else above = middle;
  }
  return above;
}

/** Two figures of what is below 100, and no fractions above. */
function small(value: number): string {
  return value >= 100 ? count(Math.round(value)) : String(Number(value.toPrecision(2)));
}

function count(value: number): string {
  return value.toLocaleString("en-GB");
}
