/**
 * The first request of a key on a gateway that has never seen it.
 *
 * Promise: a key with a locator costs one trip to its ledger, whatever KV does meanwhile; the ledger's word decides. An
 * entry in KV that contradicts the ledger opens nothing, and refuses the key as soon as it is read, also for a stream.
 */

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { hashKey } from "../../src/keys/key-text.ts";
import type { IssuedKey } from "../support/control-client.ts";
import { forgeRecord, unknownKey } from "../support/forged-keys.ts";
import { type GatewayCluster, startCluster } from "../support/gateway-cluster.ts";
import { expectUnauthorized, expectUnavailable, use } from "../support/key-requests.ts";
import { logLineOf } from "../support/log-lines.ts";
import { trickle } from "../support/origin-behaviours.ts";
import { eventually } from "../support/time-limits.ts";

const GATEWAYS = [1, 2, 3];
const LEDGER_MS = 200;
const SLOW_KV_MS = 400;
/** Less than two trips to the ledger, and less than one to the slow KV. */
const ONE_TRIP_MS = 380;

let cluster: GatewayCluster;

beforeAll(async () => {
  // Long leases: none is renewed during a test.
  cluster = await startCluster({ gateways: 4, settings: { LEASE_MS: 8000, LEASE_MARGIN_MS: 300 } });
  // What an isolate does once: settings, timers, the route table.
  const warmUp = await cluster.createKey();
  for (const gateway of GATEWAYS) expect((await use(cluster, warmUp, gateway)).status).toBe(200);
});
afterAll(() => cluster.close());
beforeEach(async () => {
  cluster.live.clear();
  cluster.sandbox.clear();
  await cluster.network.configure({ delaysMs: [0, LEDGER_MS, LEDGER_MS, LEDGER_MS], kvDelayMs: 0 });
});
afterEach(async () => {
  await cluster.network.liftAllFaults();
  await cluster.network.configure({ delaysMs: [], kvDelayMs: 0 });
});

/** Issued while KV is fast. */
async function newKey(wanted = {}): Promise<IssuedKey> {
  return await cluster.createKey(wanted);
}

/** The shortest of the first uses, one on each gateway: load on the machine delays some of them. */
async function firstUseMs(key: IssuedKey): Promise<number> {
  const times: number[] = [];
  for (const gateway of GATEWAYS) {
    const startedAt = performance.now();
    expect((await use(cluster, key, gateway)).status).toBe(200);
    times.push(performance.now() - startedAt);
  }
  return Math.min(...times);
}

describe("takes one trip", () => {
  test.each<[string, (key: IssuedKey) => Promise<unknown>]>([
    ["KV is as far away as the ledger", () => cluster.network.configure({ kvDelayMs: LEDGER_MS })],
    ["KV is further away than the ledger", () => cluster.network.configure({ kvDelayMs: SLOW_KV_MS })],
    ["KV fails", () => cluster.network.fault({ on: "kv", operation: "get", how: "fail-before" })],
    ["KV never answers", () => cluster.network.fault({ on: "kv", operation: "get", how: "hang-before" })],
    ["KV does not have the entry yet", async ({ id }) => cluster.kv.delete(await cluster.recordName(id))],
  ])("when %s", async (_, arrange) => {
    const key = await newKey();
    await arrange(key);
    await cluster.network.resetCounts();
    expect(await firstUseMs(key)).toBeLessThan(ONE_TRIP_MS);
    const { ledgerCalls, kvGets } = await cluster.network.counts();
    expect([ledgerCalls, kvGets]).toEqual([{ lease: GATEWAYS.length }, GATEWAYS.length]);
    expect(cluster.live.requests).toHaveLength(GATEWAYS.length);
  });

  test("when 50 requests arrive at once: one ledger call and one KV read", async () => {
    const key = await newKey();
    await cluster.network.resetCounts();
    const answers = await Promise.all(Array.from({ length: 50 }, () => use(cluster, key, 1)));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    const { ledgerCalls, kvGets } = await cluster.network.counts(1);
    expect(ledgerCalls.lease).toBeLessThanOrEqual(2);
    expect(kvGets).toBe(1);
  });
});

describe("follows the ledger", () => {
  test("a key that KV has and the ledger does not: 401, nothing forwarded", async () => {
    const { id } = await newKey();
    const unknown = await unknownKey(cluster, "acct");
    const kv = cluster.kv;
    const entry = (await kv.get(await cluster.recordName(id))) ?? "";
    await kv.put(`key:${await hashKey(unknown, String(cluster.settings.KEY_PEPPER))}`, entry);
    for (const gateway of GATEWAYS) {
      const response = await use(cluster, { secret: unknown }, gateway);
      expectUnauthorized(response);
      expect((await logLineOf(cluster, response)).reason).toBe("not_in_ledger");
    }
    expect(cluster.live.requests).toEqual([]);
  });

  test("the ledger cannot be reached: 503, though KV has the entry", async () => {
    const key = await newKey();
    await cluster.network.fault({ on: "ledger", operation: "lease", how: "fail-before" });
    expectUnavailable(await use(cluster, key, 1));
    expect(cluster.live.requests).toEqual([]);
    await cluster.network.liftAllFaults();
    expect((await use(cluster, key, 1)).status).toBe(200);
  });

  test("a revoked key is refused at its first use, and its log line says whose it is", async () => {
    const key = await newKey();
    await cluster.revoke(key.account, key.id);
    const response = await use(cluster, key, 1);
    expectUnauthorized(response);
    expect(await logLineOf(cluster, response)).toMatchObject({
      reason: "revoked",
      account: key.account,
      key_id: key.id,
    });
  });

  test("permissions are those of the ledger at the first use", async () => {
    const key = await newKey({ permissions: ["posts:read"] });
    expect((await use(cluster, key, 1)).status).toBe(200);
    expect(cluster.live.requests[0]?.header("X-Octopost-Permissions")).toBe("posts:read");
    expect((await use(cluster, key, 1, "/v1/webhooks")).status).toBe(403);
  });
});

const FORGERIES: [string, (key: IssuedKey) => Promise<Record<string, unknown>>][] = [
  ["the other mode", async () => ({ mode: "test" })],
  ["another account", async () => ({ account: "somebody_else" })],
  ["another key of the account", async () => ({ id: (await newKey()).id })],
  ["another age", async () => ({ created_at: "2020-01-01T00:00:00.000Z" })],
];

describe.each(FORGERIES)("an entry in KV that says %s", (_, forge) => {
  test("refuses the key before anything is forwarded, when KV answers first", async () => {
    const key = await newKey();
    await forgeRecord(cluster, key.id, await forge(key));
    const response = await use(cluster, key, 1);
    expectUnauthorized(response);
    expect((await logLineOf(cluster, response)).reason).toBe("corrupt_record");
    expect([...cluster.live.requests, ...cluster.sandbox.requests]).toEqual([]);
  });

  test("changes nothing about a request, and refuses the next ones, when KV answers later", async () => {
    const key = await newKey({ permissions: ["posts:read"] });
    await forgeRecord(cluster, key.id, await forge(key));
    await cluster.network.configure({ kvDelayMs: 2 * SLOW_KV_MS });
    expect((await use(cluster, key, 1)).status).toBe(200);
    const [request] = cluster.live.requests;
    expect(request?.header("X-Octopost-Account")).toBe(key.account);
    expect(request?.header("X-Octopost-Key-Id")).toBe(key.id);
    expect(request?.header("X-Octopost-Mode")).toBe("live");
    expect(cluster.sandbox.requests).toEqual([]);
    await eventually("the refusal", async () => (await use(cluster, key, 1)).status === 401);
    const forwarded = cluster.live.requests.length;
    expectUnauthorized(await use(cluster, key, 1));
    expect(cluster.live.requests).toHaveLength(forwarded);
  });
});

test("an entry that contradicts the ledger cuts a stream that has begun before it was read", async () => {
  const key = await newKey();
  await forgeRecord(cluster, key.id, { mode: "test" });
  await cluster.network.configure({ kvDelayMs: 2 * SLOW_KV_MS });
  cluster.live.respond = trickle(Array(3000).fill("x".repeat(100)), 20);
  const response = await use(cluster, key, 1).finally(() => {
    cluster.live.respond = cluster.live.answerJson;
  });
  expect([response.status, response.ended]).toEqual([200, "aborted"]);
  expectUnauthorized(await use(cluster, key, 1));
});
