// Checks the benchmark's own counters and delays on a gateway with two isolates and distant stores.

import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { type Bench, startBench } from "./bench.ts";
import { get, junkKey } from "./scenarios.ts";
import { type RunningGateway, startGateway } from "./workers.ts";

const LIMIT_MS = 30_000;
const DISTANCE = { kvMs: 40, ledgerMs: 60 };

let bench: Bench;
let gateway: RunningGateway;
let secret: string;

beforeAll(async () => {
  bench = await startBench(inject("workerBundle"), { roundCount: 1, roundMs: 1 });
  gateway = await startGateway(bench, { isolates: 2, distance: DISTANCE });
  ({ secret } = await gateway.control.createKey());
});

afterAll(async () => {
  await gateway?.close();
  bench?.close();
});

/** One request to one isolate, and its calls to the stores. */
async function ask(isolate: number, key: string, expectedStatus: number) {
  const before = [await gateway.kvReads(), await gateway.ledgerCalls()];
  const { answers, p50Ms } = await bench.put({
    ports: [gateway.ports[isolate] as number],
    requests: [get(key)],
    connections: 1,
    answersMax: 1,
    durationMs: LIMIT_MS,
    expectedStatus,
  });
  const [kvReads, ledgerCalls] = [await gateway.kvReads(), await gateway.ledgerCalls()];
  return { answers, p50Ms, kvReads: kvReads - (before[0] ?? 0), ledgerCalls: ledgerCalls - (before[1] ?? 0) };
}

describe("a gateway in the benchmark", () => {
  test("calls KV and the ledger once for a key that is new to an isolate, with the full delay", async () => {
    for (const isolate of [0, 1]) {
      const { answers, p50Ms, ...asked } = await ask(isolate, secret, 200);
      expect({ isolate, answers, ...asked }).toEqual({ isolate, answers: 1, kvReads: 1, ledgerCalls: 1 });
      // Both are called at once. At least the longer delay, whatever the load; timers may fire slightly early.
      expect(p50Ms).toBeGreaterThan(Math.max(DISTANCE.kvMs, DISTANCE.ledgerMs) - 10);
    }
  });

  test("makes no call for a made-up key", async () => {
    expect(await ask(1, junkKey(1), 401)).toMatchObject({ answers: 1, kvReads: 0, ledgerCalls: 0 });
  });
});
