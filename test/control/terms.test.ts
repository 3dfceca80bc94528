// Changing what a key may do: suspending, resuming, permissions, addresses, expiry, labels, and an account's policy. Over
// HTTP, with keys in use on two gateways; what requests in flight get is in journeys/terms.test.ts.

import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type GatewayCluster, startCluster } from "../support/gateway-cluster.ts";
import { Account, expectRefused, type ShownKey } from "./account.ts";

const LEASE_MS = 500;
const MARGIN_MS = 100;
const DAY_MS = 86_400_000;

let cluster: GatewayCluster;
let account: Account;

beforeAll(async () => {
  cluster = await startCluster({
    gateways: 2,
    settings: { LEASE_MS, LEASE_MARGIN_MS: MARGIN_MS, DEFAULT_TIER: TIER },
  });
});
afterAll(() => cluster.close());
beforeEach(() => {
  account = new Account(cluster);
});

async function statuses(secret: string): Promise<number[]> {
  return await Promise.all([0, 1].map((gateway) => account.statusOf(secret, { gateway })));
}

/** The key as `get` shows it: without the receipt of a change. */
function keyOf<Key extends object>(answer: Key): object {
  const {
    effective_at: _,
    waited_ms: __,
    ...key
  } = answer as Key & { effective_at?: string; waited_ms?: number };
  return key;
}

async function expectConflict(method: string, path: string, body: unknown, text: RegExp): Promise<void> {
  const answer = await account.call(method, path, body);
  expectRefused(answer, 409, "conflict");
  expect(answer.json.error).toMatch(text);
}

async function details(method: string, path: string, body: unknown): Promise<Record<string, string>> {
  const answer = await account.call(method, path, body);
  expectRefused(answer, 422, "validation_error");
  return answer.json.details;
}

const inDays = (days: number) => new Date(Date.now() + days * DAY_MS).toISOString();

/** The tier of the accounts has 300 and 60. */
const TIER = "starter";
const limits = (requests_per_minute: number, publish_per_hour: number) => ({
  requests_per_minute,
  publish_per_hour,
});

describe("suspending a key", () => {
  test("is answered when no gateway accepts it any more, and resuming it makes it work again", async () => {
    const { id, secret } = await account.create();
    expect(await statuses(secret)).toEqual([200, 200]);
    const suspended = await account.suspend(id);
    expect(await statuses(secret)).toEqual([401, 401]);
    expect(suspended.state).toBe("suspended");
    expect(suspended.waited_ms).toBe(LEASE_MS + MARGIN_MS);
    expect(Date.parse(suspended.effective_at) - Date.parse(suspended.suspended_at ?? "")).toBe(
      suspended.waited_ms,
    );
    expect(keyOf(await account.get(id))).toEqual(keyOf(suspended));

    const resumed = await account.resume(id);
    expect(resumed).toMatchObject({ state: "active", suspended_at: null, waited_ms: 0 });
    await expect.poll(() => statuses(secret), { timeout: 10_000 }).toEqual([200, 200]);
    expect((await account.events()).map(({ action }) => action)).toEqual(["resumed", "suspended", "created"]);
  });

  test("again gives the same answer, and so does resuming it again", async () => {
    const { id } = await account.create();
    const suspended = await account.suspend(id);
    expect(await account.suspend(id)).toEqual(suspended);
    const resumed = await account.resume(id);
    expect(await account.resume(id)).toEqual(resumed);
    const later = await account.suspend(id);
    expect(Date.parse(later.suspended_at ?? "")).toBeGreaterThanOrEqual(Date.parse(suspended.effective_at));
    expect(await account.events()).toHaveLength(4);
  });

  test("is answered by 401 with the same body and headers as any other 401", async () => {
    const { id, secret } = await account.create();
    await account.suspend(id);
    const suspended = await account.use(secret);
    const unknown = await account.use(`oct_live_${"a".repeat(secret.length - 9)}`);
    const shape = (response: typeof suspended) => ({
      status: response.status,
      challenge: response.header("WWW-Authenticate"),
      type: response.header("Content-Type"),
      body: response.body.toString(),
    });
    expect(shape(suspended)).toEqual(shape(unknown));
  });

  test("keeps its end: a suspended key expires, can be revoked, and is then never resumed", async () => {
    const { id } = await account.create({ expires_at: inDays(1) });
    await account.suspend(id);
    const revoked = await account.revoke(id);
    expect(revoked).toMatchObject({ state: "revoked", waited_ms: expect.any(Number) });
    await expectConflict("POST", `/keys/${id}/resume`, undefined, /revoked/);
    await expectConflict("POST", `/keys/${id}/suspend`, undefined, /revoked/);
  });

  test("stops its rotation until it is resumed; a key that was never suspended is not resumed", async () => {
    const { id } = await account.create();
    await expectConflict("POST", `/keys/${id}/resume`, undefined, /not suspended/);
    await account.suspend(id);
    await expectConflict("POST", `/keys/${id}/rotate`, {}, /suspended/);
    await account.resume(id);
    expect((await account.rotate(id, 60)).state).toBe("active");
  });

  test("survives a restart of the ledger", async () => {
    const { id, secret } = await account.create();
    expect(await statuses(secret)).toEqual([200, 200]);
    await account.suspend(id);
    await cluster.network.restartLedger(account.name);
    expect(await statuses(secret)).toEqual([401, 401]);
  });
});

describe("suspending an account", () => {
  test("stops all its keys, later ones too, until it is resumed; other accounts go on", async () => {
    const [live, own] = [await account.create(), await account.create()];
    const other = await new Account(cluster).create();
    for (const { secret } of [live, own, other]) expect(await statuses(secret)).toEqual([200, 200]);
    const { status, json } = await account.call("POST", "/suspend", { reason: "unpaid" });
    expect(status).toBe(200);
    expect(json.waited_ms).toBe(LEASE_MS + MARGIN_MS);
    expect(Date.parse(json.effective_at) - Date.parse(json.suspended_at)).toBe(json.waited_ms);
    for (const { secret } of [live, own]) expect(await statuses(secret)).toEqual([401, 401]);
    expect(await statuses(other.secret)).toEqual([200, 200]);

    const late = await account.create();
    expect(late.state).toBe("suspended");
    expect(await statuses(late.secret)).toEqual([401, 401]);
    expect(await account.get(own.id)).toMatchObject({ state: "suspended", suspended_at: null });
    expect((await account.call("POST", "/suspend")).json).toEqual(json);

    await account.suspend(own.id);
    const resumed = await account.call("POST", "/resume");
    expect(resumed.json).toMatchObject({ suspended_at: null, waited_ms: 0 });
    expect((await account.call("POST", "/resume")).json).toEqual(resumed.json);
    await expect.poll(() => statuses(live.secret), { timeout: 10_000 }).toEqual([200, 200]);
    // What was suspended by itself stays so.
    expect(await statuses(own.secret)).toEqual([401, 401]);
    expect((await account.events()).map(({ action }) => action)).toContain("account_suspended");
  });
});

describe("changing a key", () => {
  test.each<[string, object, object]>([
    ["permissions taken from full access", {}, { permissions: ["posts:read"] }],
    [
      "one permission of two",
      { permissions: ["posts:read", "posts:write"] },
      { permissions: ["posts:read"] },
    ],
    ["a permission exchanged", { permissions: ["posts:read"] }, { permissions: ["presets:read"] }],
    ["addresses from anywhere", {}, { allowed_ips: ["203.0.113.0/24"] }],
    ["a smaller network", { allowed_ips: ["203.0.113.0/24"] }, { allowed_ips: ["203.0.113.0/25"] }],
    ["another family", { allowed_ips: ["203.0.113.0/24"] }, { allowed_ips: ["::/0"] }],
    ["limits below the tier's", {}, { limits: limits(30, 10) }],
    ["a lower limit of two", { limits: limits(30, 5) }, { limits: limits(40, 4) }],
    ["a sooner expiry", { expires_at: inDays(2) }, { expires_at: inDays(1) }],
    ["an expiry where there was none", {}, { expires_at: inDays(1) }],
    ["a scheduled revocation", {}, { revokes_at: inDays(1) }],
  ])("that restricts it gets a receipt, the same when it is repeated: %s", async (_, before, change) => {
    const { id } = await account.create(before);
    const changed = await account.change(id, change);
    expect(changed).toMatchObject(change);
    expect(changed).toMatchObject({ effective_at: expect.any(String), waited_ms: expect.any(Number) });
    expect(await account.change(id, change)).toEqual(changed);
    expect(await account.get(id)).toEqual(keyOf(changed));
    expect(await account.events()).toHaveLength(2);
  });

  test.each<[string, object, object]>([
    ["full access", { permissions: ["posts:read"] }, { permissions: [] }],
    ["one permission more", { permissions: ["posts:read"] }, { permissions: ["posts:read", "posts:write"] }],
    [
      "the same permissions in another order",
      { permissions: ["posts:read", "posts:write"] },
      { permissions: ["posts:write", "posts:read"] },
    ],
    ["anywhere", { allowed_ips: ["203.0.113.0/24"] }, { allowed_ips: [] }],
    ["a larger network", { allowed_ips: ["203.0.113.0/24"] }, { allowed_ips: ["203.0.112.0/23", "::/0"] }],
    ["higher limits", { limits: limits(30, 5) }, { limits: limits(30, 6) }],
    ["the tier's limits", { limits: limits(30, 5) }, { limits: null }],
    ["limits above the tier's", {}, { limits: limits(10_000, 10_000) }],
    ["a later expiry", { expires_at: inDays(1) }, { expires_at: inDays(2) }],
    ["no expiry", { expires_at: inDays(1) }, { expires_at: null }],
    ["another name", {}, { name: "renamed" }],
    ["labels", { labels: { a: "1" } }, { labels: { b: "2" } }],
  ])("that restricts nothing has no receipt: %s", async (_, before, change) => {
    const { id } = await account.create(before);
    const changed = await account.change(id, change);
    expect(Object.keys(changed)).not.toContain("effective_at");
    expect(await account.change(id, change)).toEqual(changed);
    expect(await account.get(id)).toEqual(changed);
  });

  test("an event says from which limits to which", async () => {
    const { id } = await account.create();
    await account.change(id, { limits: limits(30, 5) });
    const [event] = await account.events();
    expect(event).toMatchObject({
      action: "limits_changed",
      key_id: id,
      details: { from: null, to: limits(30, 5) },
    });
  });

  test("a restriction of a key in use waits for its leases; a repeated call waits for no more", async () => {
    const { id, secret } = await account.create();
    expect(await statuses(secret)).toEqual([200, 200]);
    const calls = await Promise.all([1, 2].map(() => account.change(id, { permissions: ["posts:read"] })));
    expect(calls[0]).toEqual(calls[1]);
    expect(calls[0]?.waited_ms).toBe(LEASE_MS + MARGIN_MS);
    expect(Date.now()).toBeGreaterThanOrEqual(Date.parse(calls[0]?.effective_at ?? ""));
  });

  test("is all or nothing: one bad field changes none", async () => {
    const { id } = await account.create();
    const before = await account.get(id);
    expect(await details("PATCH", `/keys/${id}`, { name: "x", allowed_ips: ["office"] })).toEqual({
      "allowed_ips.0": expect.stringContaining("CIDR"),
    });
    expect(await details("PATCH", `/keys/${id}`, { name: "x", expires_at: "2020-01-01T00:00:00Z" })).toEqual({
      expires_at: "must be in the future",
    });
    expect(await account.get(id)).toEqual(before);
    expect(await account.events()).toHaveLength(1);
  });

  test("that has ended: only its name and labels change", async () => {
    const { id } = await account.create();
    await account.revoke(id);
    for (const change of [
      { permissions: ["posts:read"] },
      { allowed_ips: [] },
      { limits: null },
      { expires_at: null },
    ])
      await expectConflict("PATCH", `/keys/${id}`, change, /revoked/);
    expect(await account.change(id, { name: "old", labels: { team: "x" } })).toMatchObject({
      name: "old",
      labels: { team: "x" },
      state: "revoked",
    });
  });

  test("stores networks in canonical form, each once, and labels by name", async () => {
    const key = await account.create({
      allowed_ips: ["203.0.113.7", "2001:DB8::1/32", "::ffff:203.0.113.7", "10.1.2.3/8"],
      labels: { team: "billing", env: "prod" },
    });
    expect(key.allowed_ips).toEqual(["203.0.113.7/32", "2001:db8::/32", "10.0.0.0/8"]);
    expect(Object.keys(key.labels)).toEqual(["env", "team"]);
    expect(await account.change(key.id, { allowed_ips: ["10.0.0.0/8"] })).toMatchObject({
      allowed_ips: ["10.0.0.0/8"],
    });
  });

  test("its successor has the same terms, and labels, and names its own creator", async () => {
    const terms = { permissions: ["posts:read"], allowed_ips: ["10.0.0.0/8"], labels: { team: "billing" } };
    const { id, created_by } = await account.create(terms);
    expect(created_by).toBe("control_token");
    expect(await account.rotate(id)).toMatchObject({ ...terms, created_by: "control_token" });
  });
});

describe("an account's policy", () => {
  const set = async (policy: object) => {
    const { status, json } = await account.call("PUT", "", { policy });
    expect(status).toBe(200);
    return json;
  };

  test("is shown, replaced as a whole, and each change is an event", async () => {
    await account.create();
    const json = await set({ max_lifetime_days: 90, max_active_keys: 5, require_permissions: true });
    const policy = {
      max_lifetime_days: 90,
      max_active_keys: 5,
      require_permissions: true,
      allowed_ips: [],
      account_limits: null,
    };
    expect(json.policy).toEqual(policy);
    expect((await account.call("GET", "")).json).toEqual(json);
    expect(await set({ max_lifetime_days: 90, max_active_keys: 5, require_permissions: true })).toEqual(json);
    expect((await account.events()).map(({ action }) => action)).toEqual(["policy_changed", "created"]);
    expect((await set({})).policy).toEqual({
      max_lifetime_days: null,
      max_active_keys: null,
      require_permissions: false,
      allowed_ips: [],
      account_limits: null,
    });
  });

  test("applies to keys made from then on, and a refusal names the rule", async () => {
    const before = await account.create();
    await set({ max_lifetime_days: 90, require_permissions: true });
    const refused = await details("POST", "/keys", { name: "x", mode: "live" });
    expect(refused).toEqual({
      expires_at: expect.stringContaining("max_lifetime_days"),
      permissions: expect.stringContaining("require_permissions"),
    });
    const permissions = ["posts:read"];
    const tooLate = { name: "x", mode: "live", permissions, expires_at: inDays(91) };
    expect(Object.keys(await details("POST", "/keys", tooLate))).toEqual(["expires_at"]);
    const key = await account.create({ permissions, expires_at: inDays(89) });
    // The key from before goes on as it is, but cannot be given more than the policy allows.
    expect(await account.change(before.id, { name: "renamed" })).toMatchObject({ permissions: [] });
    expect(Object.keys(await details("PATCH", `/keys/${key.id}`, { permissions: [] }))).toEqual([
      "permissions",
    ]);
    expect(Object.keys(await details("PATCH", `/keys/${key.id}`, { expires_at: null }))).toEqual([
      "expires_at",
    ]);
    expect((await account.change(key.id, { expires_at: inDays(10) })).state).toBe("active");
  });

  test("a successor ends at the latest moment that the policy allows; one with full access is refused", async () => {
    const endless = await account.create({ permissions: ["posts:read"] });
    const full = await account.create();
    await set({ max_lifetime_days: 30, require_permissions: true });
    const { created_at, expires_at } = await account.rotate(endless.id, 60);
    expect(Date.parse(expires_at ?? "") - Date.parse(created_at)).toBe(30 * DAY_MS);
    await expectConflict("POST", `/keys/${full.id}/rotate`, {}, /require_permissions/);
  });

  test("bounds the active keys: retiring, revoked and expired ones do not count", async () => {
    await set({ max_active_keys: 2 });
    const [one] = [await account.create(), await account.create()];
    await expectConflict("POST", "/keys", { name: "x", mode: "live" }, /max_active_keys/);
    // A rotation replaces one of them.
    await account.rotate(one?.id ?? "", 3600);
    await expectConflict("POST", "/keys", { name: "x", mode: "live" }, /at most 2/);
    const [newest] = await account.keys();
    await account.revoke(newest?.id ?? "");
    await account.create();
    const answers = await Promise.all(
      [1, 2, 3].map(() => account.call("POST", "/keys", { name: "x", mode: "live" })),
    );
    expect(answers.map(({ status }) => status)).toEqual([409, 409, 409]);
  });

  test("bounds them when a scheduled revocation is cancelled: that key is active again", async () => {
    const { id } = await account.create();
    await account.change(id, { revokes_at: inDays(1) });
    await set({ max_active_keys: 1 });
    const other = await account.create();
    await expectConflict("PATCH", `/keys/${id}`, { revokes_at: null }, /at most 1 active keys/);
    expect(await account.get(id)).toMatchObject({ state: "retiring" });
    expect((await account.change(id, { revokes_at: inDays(2) })).state).toBe("retiring");
    await account.revoke(other.id);
    expect((await account.change(id, { revokes_at: null })).state).toBe("active");
    expect((await account.change(id, { revokes_at: null })).state).toBe("active");
  });

  test("bounds concurrent creations too", async () => {
    await set({ max_active_keys: 2 });
    const create = () => account.call("POST", "/keys", { name: "x", mode: "live" });
    const answers = await Promise.all(Array.from({ length: 6 }, create));
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(2);
  });

  test("refuses rows of an import, by row", async () => {
    await set({ max_lifetime_days: 90, max_active_keys: 1 });
    const row = { name: "old", mode: "live", expires_at: inDays(30) };
    const { json } = await account.call("POST", "/keys/import", {
      keys: [
        { ...row, sha256: "1".repeat(64), expires_at: null },
        { ...row, sha256: "2".repeat(64) },
        { ...row, sha256: "3".repeat(64) },
      ],
    });
    expect(json.keys).toEqual([
      {
        row: 0,
        error: "validation_error",
        details: { expires_at: expect.stringContaining("max_lifetime_days") },
      },
      { row: 1, id: expect.any(String) },
      { row: 2, error: "conflict", details: { policy: expect.stringContaining("max_active_keys") } },
    ]);
  });

  test("narrower addresses get a receipt, the same when repeated; wider ones get none", async () => {
    const { secret } = await account.create();
    expect(await statuses(secret)).toEqual([200, 200]);
    const narrowed = await set({ allowed_ips: ["10.0.0.0/8"] });
    expect(narrowed.waited_ms).toBe(LEASE_MS + MARGIN_MS);
    expect(await set({ allowed_ips: ["10.0.0.0/8"] })).toEqual(narrowed);
    expect(Object.keys(await set({ allowed_ips: ["10.0.0.0/8", "::/0"] }))).not.toContain("effective_at");
  });

  test("lower limits of the account get a receipt, the same when repeated; higher ones get none", async () => {
    const { secret } = await account.create();
    expect(await statuses(secret)).toEqual([200, 200]);
    const introduced = await set({ account_limits: limits(100, 20) });
    expect(introduced.policy.account_limits).toEqual(limits(100, 20));
    expect(introduced.waited_ms).toBe(LEASE_MS + MARGIN_MS);
    expect(await set({ account_limits: limits(100, 20) })).toEqual(introduced);
    expect(Object.keys(await set({ account_limits: limits(200, 20) }))).not.toContain("effective_at");
    expect((await set({ account_limits: limits(300, 19) })).waited_ms).toEqual(expect.any(Number));
    expect(Object.keys(await set({}))).not.toContain("effective_at");
  });
});

describe("listing keys", () => {
  const names = (keys: readonly { name: string }[]) => keys.map(({ name }) => name).sort();

  test("filters by mode, state, text and label, and by all of them", async () => {
    const create = (name: string, key: object = {}) => account.create({ name, ...key });
    await create("Ärger im Büro", { labels: { team: "billing", env: "prod" } });
    const test = await create("a test", { mode: "test", labels: { team: "billing" } });
    const suspended = await create("suspended one");
    const retiring = await create("retiring one");
    const revoked = await create("revoked one");
    const expired = await create("expired one", { expires_at: new Date(Date.now() + 1500).toISOString() });
    await account.suspend(suspended.id);
    await account.change(retiring.id, { revokes_at: inDays(1) });
    await account.revoke(revoked.id);
    while (Date.now() <= Date.parse(expired.expires_at ?? ""))
      await new Promise((done) => setTimeout(done, 50));
    const list = async (query: string) => names((await account.call("GET", `/keys?${query}`)).json.keys);

    expect(await list("state=active")).toEqual(["a test", "Ärger im Büro"].sort());
    expect(await list("state=suspended")).toEqual(["suspended one"]);
    expect(await list("state=retiring")).toEqual(["retiring one"]);
    expect(await list("state=expired")).toEqual(["expired one"]);
    expect(await list("state=revoked")).toEqual(["revoked one"]);
    expect(await list("mode=test")).toEqual(["a test"]);
    expect(await list("q=%C3%A4RGER")).toEqual(["Ärger im Büro"]);
    expect(await list("q=one&include=revoked")).toHaveLength(4);
    expect(await list(`q=${test.hint.slice(-4)}&mode=test`)).toEqual(["a test"]);
    expect(await list(`q=${suspended.id}`)).toEqual(["suspended one"]);
    expect(await list("q=%25")).toEqual([]);
    expect(await list("label=team:billing")).toEqual(["a test", "Ärger im Büro"].sort());
    expect(await list("label=team:billing&mode=live")).toEqual(["Ärger im Büro"]);
    expect(await list("label=team:bill")).toEqual([]);
    expect(await list("label=unknown:x")).toEqual([]);
    // The list's filter and the key's own state agree.
    for (const key of await account.keys("revoked")) {
      const found: ShownKey[] = (await account.call("GET", `/keys?state=${key.state}`)).json.keys;
      expect(found.map(({ id }) => id)).toContain(key.id);
    }
  });

  test("with a filter, pages stay correct while keys come, change and go", async () => {
    const keys = [];
    for (let i = 0; i < 7; i++) keys.push(await account.create({ name: `key ${i}`, labels: { team: "a" } }));
    const page = async (cursor: string) =>
      (
        await account.call(
          "GET",
          `/keys?label=team:a&limit=2${cursor && `&cursor=${encodeURIComponent(cursor)}`}`,
        )
      ).json;
    const first = await page("");
    expect(first.keys.map(({ name }: ShownKey) => name)).toEqual(["key 6", "key 5"]);
    // The last key of the page no longer matches, one after it goes, and a new one comes.
    await account.change(keys[5]?.id ?? "", { labels: {} });
    await account.revoke(keys[4]?.id ?? "");
    await account.create({ name: "new", labels: { team: "a" } });
    const second = await page(first.next_cursor);
    expect(second.keys.map(({ name }: ShownKey) => name)).toEqual(["key 3", "key 2"]);
    const third = await page(second.next_cursor);
    expect(third.keys.map(({ name }: ShownKey) => name)).toEqual(["key 1", "key 0"]);
  });
});
