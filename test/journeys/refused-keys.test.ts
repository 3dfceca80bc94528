/**
 * The cost of refused keys, and corrupt KV entries.
 *
 * Promise: a made-up key costs no KV read and no ledger call, a revoked one none after its first refusal on each gateway;
 * both are counted at the network. A key whose KV value is not its complete, valid record is refused, logged as
 * `corrupt_record`, and not forwarded, when KV answers before the ledger.
 */

import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { IssuedKey } from "../support/control-client.ts";
import type { GatewayCluster } from "../support/gateway-cluster.ts";
import { logLineOf } from "../support/log-lines.ts";
import { type RawResponse, rawRequest } from "../support/raw-http.ts";
import { sharedCluster, TWO_GATEWAYS } from "../support/shared.ts";
import { eventually } from "../support/time-limits.ts";

const NOTHING = { kvGets: 0, kvPuts: 0, ledgerCalls: {} };
const BLOWS = 40;

let cluster: GatewayCluster;

beforeAll(async () => {
  cluster = await sharedCluster(TWO_GATEWAYS);
});
beforeEach(async () => {
  cluster.live.clear();
  await cluster.network.resetCounts();
});

function use(secret: string, gateway = 0): Promise<RawResponse> {
  const headers = [["Authorization", `Bearer ${secret}`]] as const;
  return rawRequest(cluster.gateway(gateway), { method: "GET", target: "/v1/posts", headers });
}

/** Uses a key many times concurrently, and returns the statuses. */
async function hammer(secret: () => string, gateway = 0): Promise<Set<number>> {
  const answers = await Promise.all(Array.from({ length: BLOWS }, () => use(secret(), gateway)));
  return new Set(answers.map(({ status }) => status));
}

describe("the cost of a refused key", () => {
  test("a made-up key: no KV read and no ledger call", async () => {
    // Hexadecimal digits are base62 digits too.
    const madeUp = () => `oct_live_${randomBytes(23).toString("hex")}`;
    expect(await hammer(madeUp)).toEqual(new Set([401]));
    expect(await cluster.network.counts()).toEqual(NOTHING);
    expect(cluster.live.requests).toEqual([]);
  });

  test("a valid key with any one character changed: nothing", async () => {
    const { secret } = await cluster.createKey();
    await cluster.network.resetCounts();
    for (let at = 0; at < secret.length; at++) {
      const changed = secret.slice(0, at) + (secret[at] === "x" ? "y" : "x") + secret.slice(at + 1);
      expect((await use(changed)).status, changed).toBe(401);
    }
    expect(await cluster.network.counts()).toEqual(NOTHING);
  });

  test("a credential without the shape of a key: nothing", async () => {
    expect(await hammer(() => "x".repeat(16_384))).toEqual(new Set([401]));
    expect(await cluster.network.counts()).toEqual(NOTHING);
  });

  test("a revoked key: nothing after its first refusal, on every gateway", async () => {
    const { account, id, secret } = await cluster.createKey();
    expect((await use(secret, 0)).status).toBe(200);
    await cluster.revoke(account, id);
    await cluster.network.resetCounts();
    cluster.live.clear();

    // Gateway 0 has cached the key, gateway 1 has not.
    expect((await use(secret, 0)).status).toBe(401);
    expect((await use(secret, 1)).status).toBe(401);
    expect(await cluster.network.counts(0)).toEqual({ ...NOTHING, ledgerCalls: { lease: 1 } });
    expect(await cluster.network.counts(1)).toEqual({ ...NOTHING, kvGets: 1, ledgerCalls: { lease: 1 } });

    await cluster.network.resetCounts();
    for (const gateway of [0, 1]) expect(await hammer(() => secret, gateway)).toEqual(new Set([401]));
    expect(await cluster.network.counts()).toEqual(NOTHING);
    expect(cluster.live.requests).toEqual([]);
  });

  test("an expired key: nothing after its first refusal", async () => {
    const expires_at = new Date(Date.now() + 300).toISOString();
    const { secret } = await cluster.createKey({ expires_at });
    await eventually("the expiry of the key", async () => (await use(secret)).status === 401);
    await cluster.network.resetCounts();
    expect(await hammer(() => secret)).toEqual(new Set([401]));
    expect(await cluster.network.counts()).toEqual(NOTHING);
  });

  test("a valid key on an unknown or forbidden route: nothing once the key is cached", async () => {
    const { secret } = await cluster.createKey({ permissions: ["posts:read"] });
    expect((await use(secret)).status).toBe(200);
    await cluster.network.resetCounts();
    for (const target of ["/v1/nothing", "/v1/webhooks"]) {
      const headers = [["Authorization", `Bearer ${secret}`]] as const;
      const { status } = await rawRequest(cluster.gateway(0), { method: "GET", target, headers });
      expect(status).toBe(target === "/v1/nothing" ? 404 : 403);
    }
    expect((await cluster.network.counts()).kvGets).toBe(0);
  });
});

describe("a corrupt KV entry", () => {
  // KV answers first.
  beforeAll(() => cluster.network.configure({ delaysMs: [50] }));
  afterAll(() => cluster.network.configure({ delaysMs: [] }));

  type Corruption = (record: Record<string, unknown>) => unknown;
  const without =
    (name: string): Corruption =>
    ({ [name]: _, ...rest }) =>
      rest;
  const withField =
    (name: string, value: unknown): Corruption =>
    (record) => ({ ...record, [name]: value });

  test.each<[string, Corruption]>([
    ["an empty text", () => ""],
    ["text that is not JSON", () => "all"],
    ["half a record", (record) => JSON.stringify(record).slice(0, -20)],
    ["a record with trailing text", (record) => `${JSON.stringify(record)}{}`],
    ["a byte order mark", (record) => `\ufeff${JSON.stringify(record)}`],
    ["null", () => null],
    ["true", () => true],
    ["a JSON string", () => '"all"'],
    ["an empty object", () => ({})],
    ["an empty list", () => []],
    ["the record in a list", (record) => [record]],
    ["no version", without("v")],
    ["version 2", withField("v", 2)],
    ["a version that is a string", withField("v", "1")],
    ["no id", without("id")],
    ["an id of another shape", withField("id", "key_1")],
    ["an id that is a number", withField("id", 1)],
    ["no account", without("account")],
    ["an empty account", withField("account", "")],
    ["an account with a slash", withField("account", "../acct")],
    ["an account with a line end", withField("account", "acct\n")],
    ["an account of 65 characters", withField("account", "a".repeat(65))],
    ["no mode", without("mode")],
    ["an unknown mode", withField("mode", "both")],
    ["a mode in capitals", withField("mode", "LIVE")],
    ["the other mode", withField("mode", "test")],
    ["another account", withField("account", "acct_2")],
    ["another id", withField("id", `key_${"0".repeat(22)}`)],
    ["full access", withField("permissions", "all")],
    ["permissions empty", withField("permissions", [])],
    ["no created_at", without("created_at")],
    ["a created_at that is a number", withField("created_at", 1)],
    ["another created_at", withField("created_at", "2020-01-01T00:00:00.000Z")],
    ["no expires_at", withField("expires_at", null)],
    ["an unknown field", withField("admin", true)],
  ])("(%s) gets 401, is logged, and is never forwarded", async (_, corrupt) => {
    const key = await issuedAs(corrupt);
    const response = await use(key.secret);
    expect(response.status).toBe(401);
    expect(response.body.toString()).toBe('{"error":"Invalid or expired API key","code":"unauthorized"}');
    expect((await logLineOf(cluster, response)).reason).toBe("corrupt_record");
    expect(cluster.live.requests).toEqual([]);
  });

  test("refuses the key until the entry is repaired, which an isolate notices within two seconds", async () => {
    const key = await cluster.createKey();
    const name = await cluster.recordName(key.id);
    const kv = cluster.kv;
    const record = (await kv.get(name)) ?? "";
    await kv.put(name, "{}");
    expect((await use(key.secret)).status).toBe(401);
    expect((await use(key.secret)).status).toBe(401);
    await kv.put(name, record);
    await eventually("the repair", async () => (await use(key.secret)).status === 200, 2000);
    expect((await use(key.secret)).status).toBe(200);
  });

  test("refuses the key until the entry is removed", async () => {
    const key = await issuedAs(() => ({}));
    expect((await use(key.secret)).status).toBe(401);
    await cluster.kv.delete(key.entry);
    await eventually("the removal", async () => (await use(key.secret)).status === 200, 2000);
  });

  test("refuses the key with 503, not 401, while KV cannot be read again", async () => {
    const key = await issuedAs(() => ({}));
    expect((await use(key.secret)).status).toBe(401);
    const lift = await cluster.network.fault({ on: "kv", operation: "get", how: "fail-before" });
    await eventually("another read", async () => (await use(key.secret)).status === 503, 2000);
    await lift();
    expect(cluster.live.requests).toEqual([]);
  });

  test("costs one ledger call and one KV read, and from then on one KV read a second", async () => {
    const key = await issuedAs(() => ({}));
    await cluster.network.resetCounts();
    const startedAt = performance.now();
    expect((await use(key.secret)).status).toBe(401);
    expect(await cluster.network.counts()).toEqual({ ...NOTHING, kvGets: 1, ledgerCalls: { lease: 1 } });
    expect(await hammer(() => key.secret)).toEqual(new Set([401]));
    const seconds = (performance.now() - startedAt) / 1000;
    const { kvGets, ledgerCalls } = await cluster.network.counts();
    expect(kvGets).toBeLessThanOrEqual(2 + seconds);
    expect(ledgerCalls).toEqual({ lease: 1 });
  });

  test("does not affect another key", async () => {
    const good = await cluster.createKey();
    const bad = await issuedAs(() => ({}));
    expect((await use(bad.secret)).status).toBe(401);
    expect((await use(good.secret)).status).toBe(200);
  });

  /** A new key whose entry is replaced: a string unchanged, anything else as JSON. */
  async function issuedAs(corrupt: Corruption): Promise<IssuedKey & { readonly entry: string }> {
    const key = await cluster.createKey();
    const kv = cluster.kv;
    const name = await cluster.recordName(key.id);
    const value = corrupt(JSON.parse((await kv.get(name)) ?? ""));
    await kv.put(name, typeof value === "string" ? value : JSON.stringify(value));
    return { ...key, entry: name };
  }
});
