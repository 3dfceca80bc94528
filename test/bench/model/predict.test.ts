// Checks the model's costs and waits, and that its constants are the Worker's.

import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { unstable_readConfig } from "wrangler";
import { PROJECT_DIRECTORY } from "../../../src/cli/local-wrangler.ts";
import { COST_SHARE_TARGET, costShare, warmKey } from "./chart.ts";
import { LEASE_MS } from "./lease-traffic.ts";
import { addedLatency, LOG_LINES_PER_REQUEST, type Load, predict, usualLatency } from "./predict.ts";
import { dollarsPerMillion } from "./prices.ts";

const CPU = { gatewayMs: 0.5, usualMs: 0.7 };
const MILLION = 1_000_000;

/** A million requests per second, each key in one of 300 locations. */
const service = (keys: number): Load => ({
  requestsPerSecond: MILLION,
  keys,
  keysPerAccount: 10,
  locations: 300,
  locationsPerKey: 1,
  isolatesPerLocation: 10,
  limited: false,
});

test("a million requests cost the sum of their parts", () => {
  expect(dollarsPerMillion({ request: 1 })).toBeCloseTo(0.3, 10);
  expect(dollarsPerMillion({ kvRead: 1, ledgerCall: 2 })).toBeCloseTo(0.5 + 2 * 0.15, 10);
  expect(dollarsPerMillion({ rowWritten: 0.5, rowRead: 10 })).toBeCloseTo(0.5 + 0.01, 10);
  expect(dollarsPerMillion({ cpuMs: 10 })).toBeCloseTo(0.2, 10);
});

test("usual costs a request, its CPU, a read and a call, at any load", () => {
  const byHand = 0.3 + 0.7 * 0.02 + 0.5 + 0.15 + 0.001 * 0.128 * 12.5 + 0.001;
  for (const keys of [100, MILLION]) expect(predict(service(keys), CPU).usualDollars).toBeCloseTo(byHand, 10);
});

test("a busy key costs at most the target, with rate limits and without", () => {
  for (const limited of [true, false]) {
    for (const rate of [2, 10, 1000]) {
      expect(costShare(rate, limited, CPU)).toBeLessThanOrEqual(COST_SHARE_TARGET);
    }
  }
});

test("a rarely used key costs more than usual, and the model shows it", () => {
  expect(costShare(0.001, false, CPU)).toBeGreaterThan(1);
  expect(costShare(0.05, true, CPU)).toBeGreaterThan(1);
});

test("a busier key never costs more per request", () => {
  const rates = Array.from({ length: 60 }, (_, index) => 0.001 * 1.3 ** index);
  for (const limited of [true, false]) {
    const shares = rates.map((rate) => costShare(rate, limited, CPU));
    expect(shares.toSorted((a, b) => b - a)).toEqual(shares);
  }
});

test("more CPU costs more, for both", () => {
  const { dollars, usualDollars } = predict(warmKey(10, true), CPU);
  const slower = predict(warmKey(10, true), { gatewayMs: 10.5, usualMs: 10.7 });
  expect(slower.dollars - dollars).toBeCloseTo(0.2, 10);
  expect(slower.usualDollars - usualDollars).toBeCloseTo(0.2, 10);
});

describe("more keys than an isolate caches", () => {
  test("cost repeated reads and calls", () => {
    // Twenty times the cache, in each location.
    const crowded = predict({ ...service(60 * MILLION), requestsPerSecond: 1e12 }, CPU);
    expect(crowded.kvReadsPerRequest).toBeCloseTo(0.95, 3);
    expect(crowded.callsPerRequest).toBeGreaterThan(0.95);
  });

  test("cost no repeated reads where they fit", () => {
    expect(predict(service(10_000), CPU).kvReadsPerRequest).toBeLessThan(0.001);
  });
});

test("one ledger gets the calls of its account's keys, and usual's object one call per request", () => {
  const { objectCallsPerSecond, usualObjectCallsPerSecond, callsPerRequest } = predict(service(10_000), CPU);
  expect(usualObjectCallsPerSecond).toBe((10 * MILLION) / 10_000);
  expect(objectCallsPerSecond).toBeCloseTo(callsPerRequest * usualObjectCallsPerSecond, 6);
});

describe("the round trip to the ledger", () => {
  test("delays hardly any request of a busy key, wherever the ledger is", () => {
    for (const ms of [5, 80, 200]) expect(addedLatency(100, ms, LEASE_MS)).toEqual({ p50Ms: 0, p99Ms: 0 });
  });

  test("delays most requests of an occasionally used key", () => {
    expect(addedLatency(0.1, 80, LEASE_MS)).toEqual({ p50Ms: 80, p99Ms: 80 });
  });

  test("delays every request of usual", () => {
    expect(usualLatency(80)).toEqual({ p50Ms: 81, p99Ms: 85 });
  });
});

test("the assumed settings are those of wrangler.toml", () => {
  const { vars } = unstable_readConfig({
    config: join(PROJECT_DIRECTORY, "wrangler.toml"),
    env: "production",
  });
  expect(vars).toMatchObject({ LEASE_MS, LOG_SAMPLE_RATE: LOG_LINES_PER_REQUEST });
});
