/**
 * KV can be lost and rebuilt, because every entry follows from its ledger. After a rebuild each key works as before, on
 * new gateways too, and revoked keys stay revoked.
 */

import { createHash } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { IssuedKey } from "../support/control-client.ts";
import { type GatewayCluster, startCluster } from "../support/gateway-cluster.ts";
import { logLineOf } from "../support/log-lines.ts";
import { type RawResponse, rawRequest } from "../support/raw-http.ts";

const ACCOUNT = "acct";
const PAGE = 4;
const LEGACY = "oct_live_a-key-from-before-the-gateway";

/** Gateways that have not seen the keys, one for each test. */
const FRESH = [1, 2, 3, 4] as const;

let cluster: GatewayCluster;
let keys: IssuedKey[];
let revoked: IssuedKey[];

beforeAll(async () => {
  cluster = await startCluster({ gateways: 5, settings: { LEGACY_KEYS: "accept" } });
  keys = [];
  for (let i = 0; i < 2; i++) {
    keys.push(await cluster.createKey());
    keys.push(await cluster.createKey({ mode: "test" }));
    keys.push(await cluster.createKey({ permissions: ["posts:read", "presets:write"] }));
    keys.push(await cluster.createKey({ expires_at: "2099-01-01T00:00:00Z" }));
  }
  revoked = [await cluster.createKey(), await cluster.createKey({ mode: "test" })];
  for (const { account, id } of revoked) await cluster.revoke(account, id);
  const sha256 = createHash("sha256").update(LEGACY).digest("hex");
  const rows = [{ sha256, name: "imported", mode: "live", created_at: "2020-01-01T00:00:00Z" }];
  await cluster.control("POST", `/accounts/${ACCOUNT}/keys/import`, { keys: rows });
  for (const { secret } of [...keys, ...revoked]) await use(secret, 0);
});
afterAll(() => cluster.close());

function use(secret: string, gateway: number): Promise<RawResponse> {
  const headers = [["Authorization", `Bearer ${secret}`]] as const;
  return rawRequest(cluster.gateway(gateway), { method: "GET", target: "/v1/posts", headers });
}

async function entries(): Promise<Record<string, string | null>> {
  const names = await cluster.kv.names();
  return Object.fromEntries(
    await Promise.all(names.map(async (name) => [name, await cluster.kv.get(name)] as const)),
  );
}

async function loseAllEntries(): Promise<void> {
  const kv = cluster.kv;
  for (const name of Object.keys(await entries())) await kv.delete(name);
  expect(await entries()).toEqual({});
}

/** Requests page after page, and returns the number of entries that each wrote. */
async function rebuild(): Promise<number[]> {
  const written: number[] = [];
  let cursor: string | null = null;
  do {
    const page = { limit: PAGE, ...(cursor !== null && { cursor }) };
    const { status, json } = await cluster.control("POST", `/accounts/${ACCOUNT}/rebuild-kv`, page);
    expect(status).toBe(200);
    written.push(json.written);
    cursor = json.next_cursor;
  } while (cursor !== null);
  return written;
}

async function expectAsBefore(gateway: number): Promise<void> {
  for (const { secret } of keys) expect((await use(secret, gateway)).status).toBe(200);
  expect((await use(LEGACY, gateway)).status).toBe(200);
  for (const { secret } of revoked) {
    const response = await use(secret, gateway);
    expect(response.status).toBe(401);
    expect(await logLineOf(cluster, response)).toMatchObject({ reason: "revoked" });
  }
}

test("after a loss, keys with a locator work everywhere, imported ones where a gateway has cached them", async () => {
  const [key] = keys as [IssuedKey];
  const before = await entries();
  expect((await use(LEGACY, 0)).status).toBe(200);
  await loseAllEntries();
  for (const gateway of [0, FRESH[0]]) expect((await use(key.secret, gateway)).status).toBe(200);
  expect((await use(LEGACY, 0)).status).toBe(200);
  const response = await use(LEGACY, FRESH[0]);
  expect(response.status).toBe(401);
  expect(await logLineOf(cluster, response)).toMatchObject({ reason: "unknown_key" });

  const written = await rebuild();
  expect(written).toEqual([PAGE, PAGE, keys.length + revoked.length + 1 - 2 * PAGE]);
  expect(await entries()).toEqual(before);
});

test("after a rebuild every key works on a new gateway, and revoked keys stay revoked", async () => {
  await loseAllEntries();
  await rebuild();
  await expectAsBefore(FRESH[1]);
  await expectAsBefore(0);
});

test("a rebuild without a loss changes nothing except corrupt entries", async () => {
  const before = await entries();
  await rebuild();
  expect(await entries()).toEqual(before);
  const [key] = keys as [IssuedKey];
  await cluster.overwriteRecord(key.id, JSON.stringify({ id: key.id, permissions: "all" }));
  await rebuild();
  expect(await entries()).toEqual(before);
  await expectAsBefore(FRESH[2]);
});

test("when KV fails during a rebuild the call reports it, and can be repeated", async () => {
  const before = await entries();
  await loseAllEntries();
  const lift = await cluster.network.fault({ on: "kv", how: "fail-before", caller: "owner", times: 1 });
  const failed = await cluster.control("POST", `/accounts/${ACCOUNT}/rebuild-kv`, { limit: PAGE });
  expect([failed.status, failed.json.code]).toEqual([503, "service_unavailable"]);
  await lift();
  await rebuild();
  expect(await entries()).toEqual(before);
  await expectAsBefore(FRESH[3]);
});

test("a page starts where the previous one ended, and accepts only its own cursor", async () => {
  const path = `/accounts/${ACCOUNT}/rebuild-kv`;
  for (const body of [{ cursor: "made-up" }, { limit: 0 }, { limit: 201 }, { page: 1 }]) {
    expect((await cluster.control("POST", path, body)).status).toBe(422);
  }
});

test("an account without keys has nothing to rebuild: 404", async () => {
  expect((await cluster.control("POST", "/accounts/nobody/rebuild-kv", {})).status).toBe(404);
});

test("the events record each rebuild with its size", async () => {
  const headers = [["Octopost-Actor", "ada@example.com"]] as const;
  await cluster.control("POST", `/accounts/${ACCOUNT}/rebuild-kv`, { limit: PAGE }, { headers });
  const { json } = await cluster.control("GET", `/accounts/${ACCOUNT}/events?limit=1`);
  expect(json.events).toEqual([
    expect.objectContaining({
      action: "kv_rebuilt",
      actor: "control_token",
      claimed_actor: "ada@example.com",
      key_id: null,
      details: { written: PAGE },
    }),
  ]);
});

test("requires the control token", async () => {
  const [key] = keys as [IssuedKey];
  for (const token of [null, key.secret]) {
    const path = `/accounts/${ACCOUNT}/rebuild-kv`;
    expect((await cluster.control("POST", path, {}, { token })).status).toBe(401);
  }
});
