// Keys issued before the gateway and imported from their hashes, with LEGACY_KEYS = "accept": they work like any other
// key whatever their shape. They have no check, so guesses are limited by network address.

import { randomUUID } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import { forgeRecord } from "../support/forged-keys.ts";
import type { GatewayCluster } from "../support/gateway-cluster.ts";
import { RawConnection } from "../support/raw-http.ts";
import type { RawRequest } from "../support/raw-request.ts";
import { sharedCluster } from "../support/shared.ts";
import { eventually } from "../support/time-limits.ts";
import { Account } from "./account.ts";
import { CONTROL_WITH_IMPORTED } from "./control-clusters.ts";
import { sha256 } from "./credentials.ts";

const NOTHING = { kvGets: 0, kvPuts: 0, ledgerCalls: {} };
/** The limit is 20 a minute; when a minute ends during the test, a second limit applies. */
const MORE_THAN_TWO_LIMITS = 45;
const FEWER_THAN_THE_LIMIT = 15;

let cluster: GatewayCluster;
let account: Account;
let addresses = 0;

beforeAll(async () => {
  cluster = await sharedCluster(CONTROL_WITH_IMPORTED);
});
beforeEach(async () => {
  account = new Account(cluster);
  cluster.live.clear();
  await cluster.network.resetCounts();
});

function newAddress(): string {
  return `192.0.2.${++addresses}`;
}

function from(address: string) {
  return [["CF-Connecting-IP", address]] as const;
}

async function imported(key: string, change: object = {}): Promise<string> {
  const { json } = await account.call("POST", "/keys/import", {
    keys: [{ sha256: sha256(key), name: "old", mode: "live", ...change }],
  });
  return json.keys[0].id;
}

/** Guesses from an address until it gets 429. */
async function guessTooOften(address: string): Promise<number[]> {
  const statuses: number[] = [];
  while (statuses.length < MORE_THAN_TWO_LIMITS && !statuses.includes(429)) {
    statuses.push(await account.statusOf(`oct_live_${randomUUID()}`, { headers: from(address) }));
  }
  return statuses;
}

describe("an imported key", () => {
  test.each([
    ["short", `oct_live_${randomUUID().slice(0, 8)}`],
    ["the documentation's own", "oct_live_abc123def456"],
    ["with a dash, a dot and a sign", `oct_live_${randomUUID()}.a+b/c=~`],
    ["as long as one may be", `oct_live_${"x".repeat(164)}${randomUUID()}`],
    [
      "shaped like a new one, without its check",
      `oct_live_${randomUUID().replaceAll("-", "")}${"0".repeat(14)}`,
    ],
  ])("%s works on every gateway, on its permissions alone", async (_, key) => {
    await imported(key, { permissions: ["posts:read"] });
    for (const gateway of [0, 1]) {
      expect(await account.statusOf(key, { gateway })).toBe(200);
      expect(await account.statusOf(key, { gateway, target: "/v1/webhooks" })).toBe(403);
    }
  });

  test("in test mode reaches the sandbox, whatever its prefix", async () => {
    const key = `oct_live_${randomUUID()}`;
    await imported(key, { mode: "test" });
    cluster.sandbox.clear();
    expect(await account.statusOf(key)).toBe(200);
    expect(cluster.live.requests).toHaveLength(0);
    expect(cluster.sandbox.requests).toHaveLength(1);
  });

  test("can be revoked and rotated like any other", async () => {
    const key = `oct_live_${randomUUID()}`;
    const id = await imported(key);
    expect(await account.statusOf(key)).toBe(200);
    const next = await account.rotate(id, 3600);
    expect([await account.statusOf(key), await account.statusOf(next.secret)]).toEqual([200, 200]);
    await account.revoke(id);
    for (const gateway of [0, 1]) expect(await account.statusOf(key, { gateway })).toBe(401);
    expect(await account.statusOf(next.secret)).toBe(200);
  });

  test("that has already expired is refused", async () => {
    const key = `oct_live_${randomUUID()}`;
    await imported(key, { created_at: "2023-01-01T00:00:00Z", expires_at: "2024-01-01T00:00:00Z" });
    expect(await account.statusOf(key)).toBe(401);
  });

  test("can be revoked by its holder", async () => {
    const key = `oct_live_${randomUUID()}`;
    const id = await imported(key);
    expect(await account.statusOf(key, { gateway: 1 })).toBe(200);
    const options = { token: null, headers: from(newAddress()) };
    const answer = await cluster.control("POST", "/revoke", { secret: key }, options);
    const unknown = await cluster.control("POST", "/revoke", { secret: `oct_live_${randomUUID()}` }, options);
    expect([answer.status, answer.json.id]).toEqual([200, id]);
    expect([unknown.status, unknown.json.error]).toEqual([404, "No such key: nothing was revoked"]);
    for (const gateway of [0, 1]) expect(await account.statusOf(key, { gateway })).toBe(401);
  });
});

describe("an imported key needs its KV entry, whose word is checked against the ledger's", () => {
  beforeEach(() => cluster.sandbox.clear());

  async function use(key: string) {
    const [status, before] = [await account.statusOf(key), cluster.live.requests.length];
    return { status, forwarded: before };
  }

  test.each<[string, Record<string, unknown>]>([
    ["the other mode", { mode: "test" }],
    ["another id", { id: `key_${"0".repeat(22)}` }],
    ["another account", { account: "another_account" }],
    ["another age", { created_at: "2020-01-01T00:00:00.000Z" }],
    ["full access", { permissions: "all" }],
  ])("with %s in its entry the key opens nothing", async (_, change) => {
    const key = `oct_live_${randomUUID()}`;
    const id = await imported(key, { permissions: ["posts:read"] });
    await forgeRecord(cluster, id, change);
    for (let i = 0; i < 2; i++) expect(await use(key)).toEqual({ status: 401, forwarded: 0 });
    expect(cluster.sandbox.requests.length).toBe(0);
  });

  test("with the entry of a key of one's own in its place, the key opens nothing", async () => {
    const [key, own] = [`oct_live_${randomUUID()}`, `oct_live_${randomUUID()}`];
    const [id, ownId] = [await imported(key, { permissions: ["posts:read"] }), await imported(own)];
    const entry = (await cluster.kv.get(await cluster.recordName(ownId))) ?? "";
    await cluster.overwriteRecord(id, entry);
    expect(await use(key)).toEqual({ status: 401, forwarded: 0 });
  });

  test("a repaired entry makes it work again within two seconds", async () => {
    const key = `oct_live_${randomUUID()}`;
    const id = await imported(key);
    const name = await cluster.recordName(id);
    const kv = cluster.kv;
    const entry = (await kv.get(name)) ?? "";
    await forgeRecord(cluster, id, { mode: "test" });
    expect(await account.statusOf(key)).toBe(401);
    await kv.put(name, entry);
    await eventually("the repair", async () => (await account.statusOf(key)) === 200, 3000);
  });

  test.each(["{}", "not JSON", ""])(
    "its holder hears that a damaged entry prevents revoking: %j",
    async (entry) => {
      const key = `oct_live_${randomUUID()}`;
      const id = await imported(key);
      await cluster.overwriteRecord(id, entry);
      const options = { token: null, headers: from(newAddress()) };
      for (const path of ["/revoke", "/identify"]) {
        const { status, json } = await cluster.control("POST", path, { secret: key }, options);
        expect([status, json.code]).toEqual([500, "internal_error"]);
        expect(json.error).toContain("nothing was revoked");
      }
      expect((await account.get(id)).revoked_at).toBeNull();
    },
  );

  test("its holder gets 503 while KV is unreachable, since the key may still work", async () => {
    const key = `oct_live_${randomUUID()}`;
    await imported(key);
    const lift = await cluster.network.fault({ on: "kv", operation: "get", how: "fail-before" });
    const options = { token: null, headers: from(newAddress()) };
    expect((await cluster.control("POST", "/revoke", { secret: key }, options)).status).toBe(503);
    await lift();
    expect(await account.statusOf(key)).toBe(200);
  });
});

describe("a text without the shape of a key", () => {
  test.each([
    ["another prefix", "sk_live_abc123def456"],
    ["nothing behind the prefix", "oct_live_"],
    ["another mode", "oct_prod_abc123def456"],
    ["more than 200 characters behind the prefix", `oct_live_${"x".repeat(201)}`],
    ["a character that is not ASCII", "oct_live_abc\u00fc"],
  ])("(%s) is refused without a look at KV", async (_, text) => {
    expect(await account.statusOf(text)).toBe(401);
    expect(await cluster.network.counts()).toEqual(NOTHING);
  });
});

describe("guessing", () => {
  test("is refused with 429 once an address has guessed too often, and then costs nothing", async () => {
    const address = newAddress();
    const statuses = await guessTooOften(address);
    expect(statuses.slice(0, 20)).toEqual(Array(20).fill(401));
    expect(statuses.at(-1)).toBe(429);

    await cluster.network.resetCounts();
    const response = await account.use(`oct_live_${randomUUID()}`, { headers: from(address) });
    expect(response.status).toBe(429);
    expect(JSON.parse(response.body.toString()).code).toBe("rate_limited");
    expect(Number(response.header("Retry-After"))).toBeGreaterThan(0);
    expect(await cluster.network.counts()).toEqual(NOTHING);
    expect(cluster.live.requests).toEqual([]);
  });

  test("does not affect other addresses, keys with a check, or imported keys already in use", async () => {
    const address = newAddress();
    const old = `oct_live_${randomUUID()}`;
    await imported(old);
    expect(await account.statusOf(old)).toBe(200);
    const { secret } = await account.create();
    expect((await guessTooOften(address)).at(-1)).toBe(429);

    expect(await account.statusOf(`oct_live_${randomUUID()}`, { headers: from(newAddress()) })).toBe(401);
    expect(await account.statusOf(secret, { headers: from(address) })).toBe(200);
    expect(await account.statusOf(old, { headers: from(address) })).toBe(200);
  });

  const used = (key: string): RawRequest => ({
    method: "GET",
    target: "/v1/posts",
    headers: [["Authorization", `Bearer ${key}`]],
  });
  const revoked = (secret: string): RawRequest => ({
    method: "POST",
    target: "/control/v1/revoke",
    headers: [["Content-Type", "application/json"]],
    body: JSON.stringify({ secret }),
  });
  test.each([
    ["used", used],
    ["revoked", revoked],
  ])("counts when the client hangs up before it hears: keys that are %s", async (_, requestWith) => {
    const address = newAddress();
    await cluster.network.configure({ kvDelayMs: 300 });
    const connections = await Promise.all(
      Array.from({ length: MORE_THAN_TWO_LIMITS }, async () => {
        const connection = await RawConnection.open(cluster.gateway(0));
        const request = requestWith(`oct_live_${randomUUID()}`);
        connection.send({ ...request, headers: [...(request.headers ?? []), ...from(address)] });
        return connection;
      }),
    );
    await eventually(
      "the lookups",
      async () => (await cluster.network.counts()).kvGets >= MORE_THAN_TWO_LIMITS,
    );
    for (const connection of connections) connection.destroy();
    await cluster.network.configure({ kvDelayMs: 0 });
    // Too few to reach the limit by themselves.
    const statuses: number[] = [];
    while (statuses.length < FEWER_THAN_THE_LIMIT && !statuses.includes(429)) {
      await pause(200);
      statuses.push(await account.statusOf(`oct_live_${randomUUID()}`, { headers: from(address) }));
    }
    expect(statuses.at(-1)).toBe(429);
  });

  test("by calling revoke counts as well", async () => {
    const options = { token: null, headers: from(newAddress()) };
    const statuses: number[] = [];
    while (statuses.length < MORE_THAN_TWO_LIMITS && !statuses.includes(429)) {
      statuses.push(
        (await cluster.control("POST", "/revoke", { secret: `oct_live_${randomUUID()}` }, options)).status,
      );
    }
    expect(statuses.slice(0, 20)).toEqual(Array(20).fill(404));
    expect(statuses.at(-1)).toBe(429);
  });

  test("does not count failures of KV with a good key", async () => {
    const address = newAddress();
    const old = `oct_live_${randomUUID()}`;
    await imported(old);
    const lift = await cluster.network.fault({ on: "kv", operation: "get", caller: 0, how: "fail-before" });
    for (let i = 0; i < MORE_THAN_TWO_LIMITS; i++) {
      expect(await account.statusOf(old, { headers: from(address) })).toBe(503);
    }
    await lift();
    expect(await account.statusOf(old, { headers: from(address) })).toBe(200);
  });

  test("does not count frequent use of a good imported key", async () => {
    const address = newAddress();
    const keys = Array.from({ length: MORE_THAN_TWO_LIMITS }, () => `oct_live_${randomUUID()}`);
    const rows = keys.map((key) => ({ sha256: sha256(key), name: "old", mode: "live" }));
    await account.call("POST", "/keys/import", { keys: rows });
    for (const key of keys) expect(await account.statusOf(key, { headers: from(address) })).toBe(200);
  });
});
