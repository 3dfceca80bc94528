// The control plane over RPC, from a second real Worker with a service binding: every operation does what the HTTP call
// does, the actor is recorded, and a caller's mistake is answered as data, never as an exception. The types are tested
// in key-service-types.ts.

import { createHash, randomUUID } from "node:crypto";
import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { KeyService } from "../../src/control/key-service.ts";
import { enter } from "../portal/key-page.ts";
import type { GatewayCluster } from "../support/gateway-cluster.ts";
import { sharedCluster } from "../support/shared.ts";
import { Account } from "./account.ts";
import { CONTROL } from "./control-clusters.ts";
import { Dashboard } from "./dashboard.ts";
import { OPERATIONS } from "./operations.ts";

const NEW_KEY = { name: "a key", mode: "live", permissions: ["posts:read"] };
const UNKNOWN_KEY = `key_${"0".repeat(22)}`;

let cluster: GatewayCluster;
let dashboard: Dashboard;
let account: Account;

beforeAll(async () => {
  cluster = await sharedCluster(CONTROL);
  dashboard = await Dashboard.of(cluster);
});
beforeEach(() => {
  account = new Account(cluster);
});

const call: Dashboard["call"] = (method, ...args) => dashboard.call(method, ...args);
const done: Dashboard["done"] = (method, ...args) => dashboard.done(method, ...args);

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

describe("every operation", () => {
  test("creates a key that works, shows it as HTTP does, and grants full access without permissions", async () => {
    const { secret, ...key } = await done("createKey", account.name, NEW_KEY);
    expect(await account.statusOf(secret)).toBe(200);
    expect(await account.statusOf(secret, { target: "/v1/webhooks" })).toBe(403);
    expect(await account.get(key.id)).toEqual(await done("getKey", account.name, key.id));
    expect((await done("createKey", account.name, { name: "all", mode: "test" })).permissions).toEqual([]);
  });

  test("lists keys and events in pages", async () => {
    for (let i = 0; i < 3; i++) await done("createKey", account.name, NEW_KEY);
    const first = await done("listKeys", account.name, { limit: 2 });
    const second = await done("listKeys", account.name, { limit: 2, cursor: first.next_cursor });
    expect([...first.keys, ...second.keys]).toEqual(await account.keys());
    expect(await done("listKeys", account.name)).toEqual((await account.call("GET", "/keys")).json);

    const events = await done("listEvents", account.name, { limit: 2 });
    const older = await done("listEvents", account.name, { limit: 2, cursor: events.next_cursor });
    expect([...events.events, ...older.events]).toEqual(await account.events());
    expect((await done("listEvents", account.name)).events).toHaveLength(3);
  });

  test("changes a key's name and its scheduled end", async () => {
    const { id } = await account.create();
    const revokes_at = "2099-01-01T00:00:00.000Z";
    const changed = await done("changeKey", account.name, id, { name: "renamed", revokes_at });
    expect(changed).toMatchObject({ name: "renamed", revokes_at });
    const { effective_at, waited_ms, ...key } = changed;
    expect([Date.parse(effective_at) > 0, waited_ms]).toEqual([true, 0]);
    expect(await account.get(id)).toEqual(key);
  });

  test("rotates a key: both work, then the old one is revoked and only the new one does", async () => {
    const old = await account.create();
    const next = await done("rotateKey", account.name, old.id, { overlap_seconds: 60 });
    expect(next.replaces.revokes_at).not.toBeNull();
    expect([await account.statusOf(old.secret), await account.statusOf(next.secret)]).toEqual([200, 200]);
    const revoked = await done("revokeKey", account.name, old.id, { reason: "done" });
    expect(revoked).toMatchObject({
      id: old.id,
      waited_ms: expect.any(Number),
      effective_at: expect.any(String),
      lease_bound_ms: 260,
    });
    expect([await account.statusOf(old.secret), await account.statusOf(next.secret)]).toEqual([401, 200]);
    expect((await done("rotateKey", account.name, next.id)).replaces.id).toBe(next.id);
  });

  test("revokes all keys, or those of a mode", async () => {
    const keys = [await account.create(), await account.create({ mode: "test" })];
    expect((await done("revokeAll", account.name, { mode: "test" })).revoked).toBe(1);
    expect((await done("revokeAll", account.name)).revoked).toBe(1);
    for (const { secret } of keys) expect(await account.statusOf(secret)).toBe(401);
    expect((await done("listKeys", account.name, { include: "revoked" })).keys).toHaveLength(2);
    expect((await done("revokeKey", account.name, keys[0]?.id)).revoked_at).not.toBeNull();
  });

  test("imports keys with a verdict per row", async () => {
    const row = { sha256: sha256(randomUUID()), name: "old", mode: "live" };
    const { keys } = await done("importKeys", account.name, [row, { ...row, sha256: "x" }]);
    expect(keys[0].id).toBe((await account.keys())[0]?.id);
    expect(keys[1]).toMatchObject({
      row: 1,
      error: "validation_error",
      details: { sha256: expect.any(String) },
    });
  });

  test("sets the tier", async () => {
    const tier = { requests_per_minute: 5000, publish_per_hour: 900 };
    expect(await done("changeAccount", account.name, { tier })).toMatchObject({
      account: account.name,
      tier,
    });
    const changed = await done("changeAccount", account.name, { tier: "pro" });
    expect(changed).toMatchObject({ account: account.name, tier: "pro", suspended_at: null, waited_ms: 0 });
    expect(changed).toMatchObject(await done("getAccount", account.name));
  });

  test("rebuilds KV, a page at a time, until every key can be found again", async () => {
    const keys = [await account.create(), await account.create(), await account.create()];
    const kv = cluster.kv;
    for (const { id } of keys) await kv.delete(await cluster.recordName(id));
    const by = { actor: "ada@example.com" };
    const first = await done("rebuildKv", account.name, { limit: 2 }, by);
    expect(first.written).toBe(2);
    expect(await done("rebuildKv", account.name, { limit: 2, cursor: first.next_cursor }, by)).toEqual({
      written: 1,
      next_cursor: null,
    });
    for (const { secret } of keys) expect(await account.statusOf(secret)).toBe(200);
    expect((await account.events())[0]).toMatchObject({ action: "kv_rebuilt", claimed_actor: by.actor });
  });

  test("identifies and revokes a key by its text", async () => {
    const { id, secret } = await account.create();
    const { effective_at, waited_ms } = await done("revokeByPossession", secret, "203.0.113.7");
    expect([Date.parse(effective_at) > 0, waited_ms >= 0]).toEqual([true, true]);
    expect(await account.statusOf(secret)).toBe(401);
    expect((await account.events())[0]).toMatchObject({ actor: "possession", key_id: id });
    const unknown = await call("revokeByPossession", `${secret.slice(0, -1)}!`, "203.0.113.7");
    expect(unknown.error).toMatchObject({ status: 422, details: { secret: expect.any(String) } });
    const other = await account.create();
    expect(await done("identifyKey", other.secret)).toEqual(await account.get(other.id));
    expect((await done("revokeByPossession", other.secret)).id).toBe(other.id);
  });

  test("counts guesses by the given address, and blocks an address that guesses too often", async () => {
    const guess = () => call("revokeByPossession", `oct_live_${randomUUID()}`, "203.0.113.8");
    let answer = await guess();
    // The limit is 20 a minute; when a minute ends during the test, a second limit applies.
    for (let guesses = 1; guesses < 60 && answer.error.status !== 429; guesses++) answer = await guess();
    expect(answer.error).toMatchObject({ status: 429, code: "rate_limited" });
    const { secret } = await account.create();
    expect((await call("identifyKey", "oct_live_x", "203.0.113.8")).error).toMatchObject({ status: 429 });
    expect((await call("identifyKey", "oct_live_x", "203.0.113.9")).error).toMatchObject({ status: 404 });
    // A real key is no guess.
    expect((await done("revokeByPossession", secret, "203.0.113.8")).id).toMatch(/^key_/);
  });

  test("reports the health of the stores", async () => {
    expect(await done("health")).toEqual({
      status: "ok",
      kv_ms: expect.any(Number),
      ledger_ms: expect.any(Number),
    });
    const lift = await cluster.network.fault({ on: "kv", how: "fail-before", caller: 0 });
    const { error } = await call("health");
    await lift();
    expect(error).toMatchObject({ status: 503, details: { kv_ms: null, ledger_ms: expect.any(Number) } });
  });

  test("that HTTP has, RPC has as well", async () => {
    // A method that does not exist throws.
    for (const name of Object.keys(OPERATIONS)) await call(name as keyof KeyService);
  });
});

test("events name the binding as the actor, and beside it the one that the caller names", async () => {
  const by = { actor: "ada@example.com" };
  const { id } = await done("createKey", account.name, NEW_KEY, by);
  await done("changeKey", account.name, id, { name: "renamed" }, by);
  await done("rotateKey", account.name, id, { overlap_seconds: 60 }, by);
  await done("changeAccount", account.name, { tier: "pro" }, by);
  await done("importKeys", account.name, [{ sha256: sha256(randomUUID()), name: "old", mode: "live" }], by);
  await done("revokeKey", account.name, id, {}, by);
  await done("revokeAll", account.name, {}, by);
  const events = await account.events();
  expect(events).toHaveLength(9);
  expect(new Set(events.map(({ actor }) => actor))).toEqual(new Set(["dashboard"]));
  expect(new Set(events.map(({ claimed_actor }) => claimed_actor))).toEqual(new Set([by.actor]));
  await done("changeAccount", account.name, { tier: "free" });
  expect((await account.events())[0]).toMatchObject({ actor: "dashboard", claimed_actor: null });
});

test("creates a single-use link to the key page at PUBLIC_ORIGIN, with the same checks as over HTTP", async () => {
  const input = { return_url: "http://localhost:3000/settings" };
  const { url, expires_at } = await done("createPortalSession", account.name, input);
  expect(url).toMatch(new RegExp(`^http://localhost:8787/portal/enter/${account.name}\\.`));
  expect(Date.parse(expires_at)).toBeGreaterThan(Date.now());
  expect((await enter(cluster, url)).status).toBe(303);
  expect((await enter(cluster, url)).status).toBe(410);
  const refused = { return_url: "https://evil.example/" };
  const { status, json } = await account.call("POST", "/portal-sessions", refused);
  expect(status).toBe(422);
  expect(await call("createPortalSession", account.name, refused)).toEqual({
    ok: false,
    error: { status, ...json },
  });
});

test("an idempotency key gives a retry the same answer, and over HTTP no second key and no secret", async () => {
  const caller = { idempotency_key: randomUUID() };
  const first = await done("createKey", account.name, NEW_KEY, caller);
  expect(await done("createKey", account.name, NEW_KEY, caller)).toEqual(first);
  const headers = [["Idempotency-Key", caller.idempotency_key]] as const;
  const overHttp = await account.call("POST", "/keys", NEW_KEY, { headers });
  expect([overHttp.status, overHttp.json.secret]).toEqual([409, undefined]);
  expect(await account.keys()).toHaveLength(1);
});

describe("a caller's mistake is answered as data, with HTTP's error", () => {
  test("an unknown key, an invalid input, and a change that the key's state does not allow", async () => {
    const { id } = await account.create();
    await account.revoke(id);
    const cases: [keyof KeyService, unknown[], string, string, unknown?][] = [
      ["getKey", [account.name, UNKNOWN_KEY], "GET", `/keys/${UNKNOWN_KEY}`],
      [
        "changeKey",
        [account.name, UNKNOWN_KEY, { name: "x" }],
        "PATCH",
        `/keys/${UNKNOWN_KEY}`,
        { name: "x" },
      ],
      ["revokeKey", [account.name, UNKNOWN_KEY], "POST", `/keys/${UNKNOWN_KEY}/revoke`],
      ["rotateKey", [account.name, id], "POST", `/keys/${id}/rotate`],
      ["changeKey", [account.name, id, { revokes_at: null }], "PATCH", `/keys/${id}`, { revokes_at: null }],
      ["createKey", [account.name, { name: "" }], "POST", "/keys", { name: "" }],
      ["listKeys", [account.name, { limit: 201 }], "GET", "/keys?limit=201"],
    ];
    for (const [method, args, verb, path, body] of cases) {
      const { status, json } = await account.call(verb, path, body);
      expect(status).toBeGreaterThanOrEqual(400);
      expect(await call(method, ...args), method).toEqual({ ok: false, error: { status, ...json } });
    }
  });

  test.each<[string, keyof KeyService, unknown[]]>([
    ["no arguments", "createKey", []],
    ["no input", "createKey", ["acct"]],
    ["an account that is a number", "listKeys", [1]],
    ["an account that is null", "getKey", [null, UNKNOWN_KEY]],
    ["an account that is malformed", "changeAccount", ["no account", { tier: "pro" }]],
    ["an input that is null", "createKey", ["acct", null]],
    ["an input that is a list", "revokeAll", ["acct", []]],
    ["a query that is a string", "listKeys", ["acct", "limit=1"]],
    ["a limit that is a word", "listEvents", ["acct", { limit: "many" }]],
    ["a caller that is null", "createKey", ["acct", NEW_KEY, null]],
    ["an actor that is a number", "createKey", ["acct", NEW_KEY, { actor: 1 }]],
    ["an actor with a line end", "createKey", ["acct", NEW_KEY, { actor: "a\nb" }]],
    ["rows that are not a list", "importKeys", ["acct", "rows"]],
    ["a return address that is a number", "createPortalSession", ["acct", { return_url: 1 }]],
    ["a link with a caller that is null", "createPortalSession", ["acct", {}, null]],
    ["a tier that does not exist", "changeAccount", ["acct", { tier: "gold" }]],
  ])("%s: 422", async (_, method, args) => {
    const { ok, error } = await call(method, ...args);
    expect(ok).toBe(false);
    expect(error).toMatchObject({ status: 422, code: "validation_error", error: "Validation failed" });
    expect(Object.keys(error.details)).not.toEqual([]);
    for (const text of Object.values(error.details)) expect(text).toMatch(/^(is|must)\b/);
  });

  test("a key id that is not a string: 422", async () => {
    await account.create();
    for (const id of [null, 1, {}, ["x"]]) {
      const { ok, error } = await call("getKey", account.name, id);
      expect([ok, error.status, Object.keys(error.details)], JSON.stringify(id)).toEqual([
        false,
        422,
        ["id"],
      ]);
    }
  });

  test("an unreachable ledger is 503", async () => {
    const { id } = await account.create();
    const lift = await cluster.network.fault({ on: "ledger", how: "fail-before" });
    for (const method of ["getKey", "revokeKey", "rotateKey"] as const) {
      expect((await call(method, account.name, id)).error).toMatchObject({
        status: 503,
        code: "service_unavailable",
      });
    }
    await lift();
    expect((await done("getKey", account.name, id)).revoked_at).toBeNull();
  });
});
