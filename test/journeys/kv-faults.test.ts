/**
 * Workers KV fails, hangs or lags.
 *
 * Promise: a key with a locator works as if KV answered; an imported key that may be valid gets 503, never 401, because
 * clients discard keys after a 401; nothing is half created; revocation does not need KV. Service recovers without
 * intervention.
 */

import { createHash, randomBytes } from "node:crypto";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { IssuedKey } from "../support/control-client.ts";
import { type GatewayCluster, startCluster } from "../support/gateway-cluster.ts";
import { expectUnavailable, use } from "../support/key-requests.ts";
import type { Fault } from "../support/network.ts";

const GATEWAYS = [0, 1];
/** Does not accept imported keys. */
const WITHOUT_LEGACY = 2;

let cluster: GatewayCluster;
let known: IssuedKey;

beforeAll(async () => {
  cluster = await startCluster({
    gateways: GATEWAYS.length + 1,
    settings: { LEDGER_TIMEOUT_MS: 1000, LEGACY_KEYS: "accept" },
    gatewaySettings: [{}, {}, { LEGACY_KEYS: "" }],
  });
  known = await cluster.createKey();
  for (const gateway of GATEWAYS) expect((await use(cluster, known, gateway)).status).toBe(200);
});
afterAll(() => cluster.close());
beforeEach(() => cluster.live.clear());
afterEach(async () => {
  await cluster.network.liftAllFaults();
  await cluster.network.configure({ kvCacheMs: 0 });
});

async function listed(account: string): Promise<string[]> {
  const { json } = await cluster.control("GET", `/accounts/${account}/keys?include=revoked`);
  return json.keys.map(({ id }: { id: string }) => id);
}

/** A key issued before the gateway. */
async function importKey(): Promise<{ readonly id: string; readonly secret: string }> {
  const secret = `oct_live_${randomBytes(16).toString("hex")}`;
  const sha256 = createHash("sha256").update(secret).digest("hex");
  const rows = [{ sha256, name: "from before", mode: "live" }];
  const { json } = await cluster.control("POST", "/accounts/importing/keys/import", { keys: rows });
  return { id: json.keys[0].id, secret };
}

const READ_FAULTS: [string, Fault["how"]][] = [
  ["fails", "fail-before"],
  ["loses its answers", "fail-after"],
  ["hangs", "hang-before"],
];

describe.each(READ_FAULTS)("while reading KV %s", (_, how) => {
  test("a key that is not in memory works", async () => {
    const key = await cluster.createKey();
    await cluster.network.fault({ on: "kv", operation: "get", how });
    for (const gateway of GATEWAYS) expect((await use(cluster, key, gateway)).status).toBe(200);
  });

  test("an imported key that is not in memory gets 503 with Retry-After, and is not forwarded", async () => {
    const key = await importKey();
    await cluster.network.fault({ on: "kv", operation: "get", how });
    expectUnavailable(await use(cluster, key));
    expect(cluster.live.requests).toEqual([]);
  });

  test("a revoked key is refused", async () => {
    const key = await cluster.createKey();
    await cluster.revoke(key.account, key.id);
    await cluster.network.fault({ on: "kv", operation: "get", how });
    for (const gateway of GATEWAYS) expect((await use(cluster, key, gateway)).status).toBe(401);
    expect(cluster.live.requests).toEqual([]);
  });

  test("known keys keep working", async () => {
    await cluster.network.fault({ on: "kv", operation: "get", how });
    await cluster.network.resetCounts();
    for (const gateway of GATEWAYS) expect((await use(cluster, known, gateway)).status).toBe(200);
    expect((await cluster.network.counts()).kvGets).toBe(0);
  });

  test("a made-up key still gets 401", async () => {
    await cluster.network.fault({ on: "kv", operation: "get", how });
    expect((await use(cluster, { secret: `oct_live_${"0".repeat(46)}` }, WITHOUT_LEGACY)).status).toBe(401);
  });

  test("imported keys: only the gateway that cannot reach KV is affected, and it recovers with KV", async () => {
    const key = await importKey();
    const lift = await cluster.network.fault({ on: "kv", operation: "get", caller: 1, how });
    expect((await use(cluster, key, 0)).status).toBe(200);
    expectUnavailable(await use(cluster, key, 1));
    await lift();
    expect((await use(cluster, key, 1)).status).toBe(200);
  });
});

describe("a missing entry", () => {
  test("costs a key with a locator nothing", async () => {
    const key = await cluster.createKey();
    await cluster.kv.delete(await cluster.recordName(key.id));
    for (const gateway of GATEWAYS) expect((await use(cluster, key, gateway)).status).toBe(200);
  });

  test("of an imported key gets 401 and is looked up again: an isolate does not cache misses", async () => {
    const key = await importKey();
    const kv = cluster.kv;
    const name = await cluster.recordName(key.id);
    const record = (await kv.get(name)) ?? "";
    await kv.delete(name);
    expect((await use(cluster, key)).status).toBe(401);
    expect(cluster.live.requests).toEqual([]);
    await kv.put(name, record);
    expect((await use(cluster, key)).status).toBe(200);
  });

  test("of an imported key gets 401 while KV caches the miss at that location, and works elsewhere and afterwards", async () => {
    const key = await importKey();
    const kv = cluster.kv;
    const name = await cluster.recordName(key.id);
    const record = (await kv.get(name)) ?? "";
    await kv.delete(name);
    await cluster.network.configure({ kvCacheMs: 600_000 });
    expect((await use(cluster, key, 0)).status).toBe(401);
    await kv.put(name, record);
    expect((await use(cluster, key, 0)).status).toBe(401);
    expect((await use(cluster, key, 1)).status).toBe(200);
    await cluster.network.configure({ kvCacheMs: 0 });
    expect((await use(cluster, key, 0)).status).toBe(200);
  });
});

test("a gateway that knows a key keeps it working after its entry is damaged; a new one refuses it", async () => {
  const key = await cluster.createKey();
  expect((await use(cluster, key)).status).toBe(200);
  await cluster.overwriteRecord(key.id, "{}");
  // KV answers before the ledger.
  await cluster.network.configure({ delaysMs: [0, 50] });
  expect((await use(cluster, key, 0)).status).toBe(200);
  expect((await use(cluster, key, 1)).status).toBe(401);
  await cluster.network.configure({ delaysMs: [] });
});

const WRITE_FAULTS: [string, Fault["how"]][] = [
  ["fails", "fail-before"],
  ["loses its answer", "fail-after"],
  ["hangs", "hang-before"],
];

describe.each(WRITE_FAULTS)("while writing KV %s", (_, how) => {
  test("no key is created: 503, no secret, no entry in the list; a later call succeeds", async () => {
    const account = `writing-${how}`;
    const before = await cluster.createKey({ account });
    const lift = await cluster.network.fault({ on: "kv", operation: "put", how });
    const answer = await cluster.control("POST", `/accounts/${account}/keys`, { name: "x", mode: "live" });
    expectUnavailable(answer.response);
    expect(await listed(account)).toEqual([before.id]);
    const events = await cluster.control("GET", `/accounts/${account}/events`);
    expect(events.json.events).toHaveLength(1);

    await lift();
    const after = await cluster.createKey({ account });
    expect((await listed(account)).sort()).toEqual([before.id, after.id].sort());
    expect((await use(cluster, after)).status).toBe(200);
  });
});

test("a slow creation succeeds: each of the two stores has its own time limit", async () => {
  const account = "slowly";
  await cluster.network.configure({ kvDelayMs: 600, delaysMs: [600] });
  const { status, json } = await cluster.control("POST", `/accounts/${account}/keys`, {
    name: "x",
    mode: "live",
  });
  await cluster.network.configure({ kvDelayMs: 0, delaysMs: [] });
  expect(status).toBe(201);
  expect(await listed(account)).toEqual([json.id]);
});

test("revocation works as usual while all of KV fails", async () => {
  const key = await cluster.createKey();
  for (const gateway of GATEWAYS) expect((await use(cluster, key, gateway)).status).toBe(200);
  cluster.live.clear();
  await cluster.network.fault({ on: "kv", how: "fail-before" });
  const answer = await cluster.revoke(key.account, key.id);
  expect(answer.json).toMatchObject({ revoked_at: expect.any(String), effective_at: expect.any(String) });
  for (const gateway of GATEWAYS) expect((await use(cluster, key, gateway)).status).toBe(401);
  expect(cluster.live.requests).toEqual([]);
  expect(await listed(key.account)).toContain(key.id);
});
