/** Measures growth: a lease with an account's keys, calls with isolates, a process with requests in flight, a heap with keys. */
import { createHash, randomBytes } from "node:crypto";
import { measureLeaseGrowth } from "../control/growth.ts";
import type { ControlClient } from "../support/control-client.ts";
import type { Bench } from "./bench.ts";
import type { FullCache, Growth, IsolatesRow } from "./figures.ts";
import { freePort } from "./free-port.ts";
import { heapBytesOf } from "./inspector.ts";
import { measureInFlight } from "./open-requests.ts";
import { short } from "./rounds.ts";
import { get } from "./scenarios.ts";
import { startGateway } from "./workers.ts";

const ISOLATE_COUNTS = [1, 10, 50] as const;
const RATE_EACH = 10;
const ISOLATES_WARM_UP_MS = 2000;
const ISOLATES_MS = 5000;

/** ENTRY_CACHE_MAX: the maximum number of cached keys. */
const CACHED_KEYS = 10_000;
const IMPORTED_AT_ONCE = 1000;
const WARM_UP_REQUESTS = 2000;
const FILLING_LIMIT_MS = 180_000;

/** Measured separately, so that one failure does not affect the others. */
export const GROWTH: { readonly [Name in keyof Growth]-?: (bench: Bench) => Promise<Growth[Name]> } = {
  leaseMs: async ({ bundle }) =>
    (await measureLeaseGrowth(bundle)).map(({ keys, first, again }) => ({
      keys,
      first: short(first),
      again: short(again),
    })),
  isolates: measureIsolates,
  inFlight: measureInFlight,
  cache: measureCache,
};

/** One key, RATE_EACH requests per second on each isolate. */
async function measureIsolates(bench: Bench): Promise<IsolatesRow[]> {
  const rows: IsolatesRow[] = [];
  for (const isolates of ISOLATE_COUNTS) {
    const gateway = await startGateway(bench, { isolates, distance: { kvMs: 0, ledgerMs: 0 } });
    try {
      const { secret } = await gateway.control.createKey();
      const load = {
        ports: gateway.ports,
        connections: 2 * isolates,
        requests: [get(secret)],
        rate: RATE_EACH * isolates,
        expectedStatus: 200,
      };
      await bench.put({ ...load, durationMs: ISOLATES_WARM_UP_MS });
      const before = await gateway.ledgerCalls();
      const { p50Ms, p99Ms, elapsedMs } = await bench.put({ ...load, durationMs: ISOLATES_MS });
      const calls = (await gateway.ledgerCalls()) - before;
      const ledgerCallsPerIsolateSecond = short(calls / isolates / (elapsedMs / 1000));
      rows.push({ isolates, ledgerCallsPerIsolateSecond, p50Ms: short(p50Ms), p99Ms: short(p99Ms) });
    } finally {
      await gateway.close();
    }
  }
  return rows;
}

/**
 * The memory of an isolate that does not run the ledger. The keys are imported, a thousand at a time; once found, they are
 * cached like any other key.
 */
async function measureCache(bench: Bench): Promise<FullCache> {
  const inspectorPort = await freePort();
  const vars = { LEGACY_KEYS: "accept" };
  const gateway = await startGateway(bench, { isolates: 2, inspectorPort, vars });
  try {
    const [one = "", ...others] = await importKeys(gateway.control, 1 + CACHED_KEYS);
    const ask = (keys: readonly string[], answersMax: number, connections: number) =>
      bench.put({
        ports: gateway.ports.slice(1),
        requests: keys.map((key) => get(key)),
        connections,
        answersMax,
        durationMs: FILLING_LIMIT_MS,
        expectedStatus: 200,
      });
    const nudge = () => ask([one], 1, 1);
    await ask([one], WARM_UP_REQUESTS, 16);
    const before = await heapBytesOf(inspectorPort, "isolate-1", nudge);
    const { answers, failures } = await ask(others, CACHED_KEYS, 16);
    if (answers < CACHED_KEYS) throw new Error(`${answers} keys accepted, ${failures} refused`);
    const after = await heapBytesOf(inspectorPort, "isolate-1", nudge);
    return { keys: CACHED_KEYS, bytesEach: Math.round((after - before) / CACHED_KEYS) };
  } finally {
    await gateway.close();
  }
}

async function importKeys(control: ControlClient, count: number): Promise<string[]> {
  // As long as the gateway's own.
  const texts = Array.from({ length: count }, () => `oct_live_${randomBytes(18).toString("hex")}`);
  for (let start = 0; start < count; start += IMPORTED_AT_ONCE) {
    const keys = texts.slice(start, start + IMPORTED_AT_ONCE).map((text) => ({
      sha256: createHash("sha256").update(text).digest("hex"),
      name: "imported",
      mode: "live",
    }));
    const options = { timeoutMs: FILLING_LIMIT_MS };
    const { status } = await control.call("POST", "/accounts/acct/keys/import", { keys }, options);
    if (status !== 200) throw new Error(`importing keys: ${status}`);
  }
  return texts;
}
