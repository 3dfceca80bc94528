// A key's life over HTTP: created, shown, renamed, rotated with an overlap, its end moved, revoked alone or with others.
// The control plane's answers and the data plane's behaviour agree at every step, on every gateway.

import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { GatewayCluster } from "../support/gateway-cluster.ts";
import { completeLog } from "../support/log-lines.ts";
import { sharedCluster } from "../support/shared.ts";
import { eventually } from "../support/time-limits.ts";
import { Account } from "./account.ts";
import { CONTROL } from "./control-clusters.ts";

const DAY_MS = 86_400_000;

let cluster: GatewayCluster;
let account: Account;

beforeAll(async () => {
  cluster = await sharedCluster(CONTROL);
});
beforeEach(() => {
  cluster.live.clear();
  account = new Account(cluster);
});

/** The status of a request with the key on each gateway. */
async function statuses(secret: string, target = "/v1/posts"): Promise<number[]> {
  return await Promise.all([0, 1].map((gateway) => account.statusOf(secret, { gateway, target })));
}

describe("a new key", () => {
  test("has the requested fields, shows its secret once, and works at once", async () => {
    const asked = {
      name: "  Production Server 🚀 ",
      mode: "live",
      permissions: ["posts:read"],
      expires_at: "2099-01-01T00:00:00+02:00",
    } as const;
    const { secret, ...key } = await account.create(asked);
    expect(secret).toMatch(/^oct_live_[0-9A-Za-z]{46}$/);
    expect(key).toEqual({
      id: expect.stringMatching(/^key_[0-9A-Za-z]{22}$/),
      account: account.name,
      name: "Production Server 🚀",
      mode: "live",
      permissions: ["posts:read"],
      allowed_ips: [],
      limits: null,
      labels: {},
      state: "active",
      hint: `oct_live_…${secret.slice(-4)}`,
      created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      created_by: "control_token",
      expires_at: "2098-12-31T22:00:00.000Z",
      last_used_at: null,
      use_count: 0,
      suspended_at: null,
      revokes_at: null,
      revoked_at: null,
      replaced_by: null,
    });
    expect(await account.get(key.id)).toEqual(key);
    expect(await account.keys()).toEqual([key]);
    expect(await statuses(secret)).toEqual([200, 200]);
    expect(await statuses(secret, "/v1/webhooks")).toEqual([403, 403]);
  });

  test("has full access with an empty or missing list of permissions", async () => {
    for (const permissions of [undefined, []]) {
      const { secret, permissions: shown } = await account.create(
        permissions === undefined ? {} : { permissions },
      );
      expect(shown).toEqual([]);
      expect(await statuses(secret, "/v1/webhooks")).toEqual([200, 200]);
    }
  });

  test("shows its last use and its number of uses", async () => {
    const { id, secret } = await account.create();
    const from = Date.now();
    for (let i = 0; i < 5; i++) await account.use(secret);
    expect(Date.parse((await account.get(id)).last_used_at ?? "")).toBeGreaterThanOrEqual(from);
    // Uses are reported with a lease's renewal.
    await eventually("the count of uses", async () => {
      await account.use(secret);
      return (await account.get(id)).use_count >= 5;
    });
  });
});

describe("renaming", () => {
  test("changes only the name: on the key, in the list and in the events", async () => {
    const { id, secret } = await account.create({ name: "before" });
    const before = await account.get(id);
    expect(await account.change(id, { name: "after" })).toEqual({ ...before, name: "after" });
    expect(await account.keys()).toEqual([{ ...before, name: "after" }]);
    const [event] = await account.events();
    expect(event).toMatchObject({ action: "renamed", key_id: id, details: { from: "before", to: "after" } });
    expect(await statuses(secret)).toEqual([200, 200]);
  });

  test("to the current name leaves no event", async () => {
    const { id } = await account.create({ name: "same" });
    const events = await account.events();
    await account.change(id, { name: "same" });
    expect(await account.events()).toEqual(events);
  });
});

test.each([
  ["fail-before", "is lost"],
  ["fail-after", "is carried out and its answer is lost"],
] as const)("a change whose call to the ledger fails (%s: it %s) is made, once", async (how, _) => {
  const { id } = await account.create({ name: "Before" });
  await cluster.network.fault({ on: "ledger", operation: "changeKey", how, times: 1 });
  const change = { name: "After", revokes_at: new Date(Date.now() + DAY_MS).toISOString() };
  expect(await account.change(id, change)).toMatchObject(change);
  const actions = (await account.events()).map(({ action }) => action);
  expect(actions.sort()).toEqual(["created", "renamed", "rescheduled"]);
});

describe("rotating", () => {
  test("creates a successor with the same name, mode and permissions, and both work on every gateway", async () => {
    const old = await account.create({ name: "CI/CD Pipeline", mode: "test", permissions: ["posts:read"] });
    const asked = Date.now();
    const { secret, replaces, ...next } = await account.rotate(old.id, 3600);
    const answered = Date.now();

    expect(next).toMatchObject({
      name: old.name,
      mode: old.mode,
      permissions: old.permissions,
      revokes_at: null,
    });
    expect(next.id).not.toBe(old.id);
    expect(Date.parse(replaces.revokes_at ?? "")).toBeGreaterThanOrEqual(asked + 3_600_000);
    expect(Date.parse(replaces.revokes_at ?? "")).toBeLessThanOrEqual(answered + 3_600_000);
    const { effective_at, waited_ms, ...retiring } = replaces;
    expect([Date.parse(effective_at ?? "") > 0, waited_ms]).toEqual([true, 0]);
    expect(retiring).toEqual(await account.get(old.id));
    expect(await account.keys()).toEqual([next, retiring]);

    expect(await statuses(old.secret)).toEqual([200, 200]);
    expect(await statuses(secret)).toEqual([200, 200]);
    expect(await statuses(secret, "/v1/webhooks")).toEqual([403, 403]);
  });

  test("keeps the old key for a day by default", async () => {
    const { id } = await account.create();
    const { created_at, replaces } = await account.rotate(id);
    const overlapMs = Date.parse(replaces.revokes_at ?? "") - Date.parse(created_at);
    expect(overlapMs).toBeGreaterThanOrEqual(DAY_MS);
    expect(overlapMs).toBeLessThan(DAY_MS + 60_000);
  });

  test("without an overlap answers once the old key is refused everywhere, and the new one works", async () => {
    const old = await account.create();
    expect(await statuses(old.secret)).toEqual([200, 200]);
    const next = await account.rotate(old.id, 0);
    expect(await statuses(old.secret)).toEqual([401, 401]);
    expect(await statuses(next.secret)).toEqual([200, 200]);
    expect(next.replaces.revoked_at).not.toBeNull();
    expect(await account.keys()).toEqual([await account.get(next.id)]);
    expect((await account.events()).map(({ action, key_id }) => [action, key_id])).toEqual([
      ["created", next.id],
      ["revoked", old.id],
      ["created", old.id],
    ]);
  });

  test("can be ended early by revoking the old key", async () => {
    const old = await account.create();
    const next = await account.rotate(old.id, 3600);
    expect(await statuses(old.secret)).toEqual([200, 200]);
    await account.revoke(old.id);
    expect(await statuses(old.secret)).toEqual([401, 401]);
    expect(await statuses(next.secret)).toEqual([200, 200]);
  });

  test("can be given more time, or cancelled, while the old key works", async () => {
    const old = await account.create();
    await account.rotate(old.id, 1);
    const later = "2099-01-01T00:00:00.000Z";
    expect((await account.change(old.id, { revokes_at: later })).revokes_at).toBe(later);
    const cancelled = await account.change(old.id, { revokes_at: null });
    expect(cancelled).toMatchObject({ revokes_at: null, replaced_by: null });
    const [last, before] = await account.events();
    expect(before).toMatchObject({ action: "rescheduled", key_id: old.id, details: { revokes_at: later } });
    expect(last).toMatchObject({ action: "rescheduled", key_id: old.id, details: { revokes_at: null } });
    expect(await statuses(old.secret)).toEqual([200, 200]);
  });

  test("can be repeated: many keys of one name work at the same time", async () => {
    let { id, secret } = await account.create();
    const secrets = [secret];
    for (let i = 0; i < 4; i++) {
      ({ id, secret } = await account.rotate(id, 3600));
      secrets.push(secret);
    }
    for (const each of secrets) expect(await statuses(each)).toEqual([200, 200]);
    expect(await account.keys()).toHaveLength(5);
  });

  test("shows the old key's last use, and so whether a client still needs it", async () => {
    const old = await account.create();
    await account.rotate(old.id, 3600);
    expect((await account.get(old.id)).last_used_at).toBeNull();
    await account.use(old.secret);
    expect((await account.get(old.id)).last_used_at).not.toBeNull();
  });
});

describe("revoking all", () => {
  test("by mode revokes the keys of that mode everywhere, in one write, and no others", async () => {
    const tests = [await account.create({ mode: "test" }), await account.create({ mode: "test" })];
    const live = await account.create({ mode: "live" });
    for (const { secret } of [...tests, live]) expect(await statuses(secret)).toEqual([200, 200]);

    const { json } = await account.call("POST", "/revoke-all", { mode: "test" });
    expect(json.revoked).toBe(2);
    for (const { secret } of tests) expect(await statuses(secret)).toEqual([401, 401]);
    expect(await statuses(live.secret)).toEqual([200, 200]);

    const [first, second, before] = await account.events();
    expect([first?.action, second?.action, before?.action]).toEqual(["revoked", "revoked", "created"]);
    expect(new Set([first?.key_id, second?.key_id])).toEqual(new Set(tests.map(({ id }) => id)));
    expect(first?.at).toBe(second?.at);
    for (const { id } of tests) {
      const { effective_at, revoked_at } = await account.revoke(id);
      expect(revoked_at).toBe(first?.at);
      expect(effective_at <= json.effective_at).toBe(true);
    }
  });

  test("by age revokes the keys created before that moment, and none created at it", async () => {
    const { secret: older } = await account.create();
    await new Promise((resolve) => setTimeout(resolve, 2));
    const { secret: newer, created_at } = await account.create();
    const { json } = await account.call("POST", "/revoke-all", { created_before: created_at });
    expect(json.revoked).toBe(1);
    expect(await statuses(older)).toEqual([401, 401]);
    expect(await statuses(newer)).toEqual([200, 200]);
  });

  test("without a filter revokes every key, scheduled ones too; a second call finds none", async () => {
    const [one, two] = [await account.create({ mode: "test" }), await account.create()];
    await account.rotate(one.id, 3600);
    expect((await account.call("POST", "/revoke-all")).json.revoked).toBe(3);
    for (const { secret } of [one, two]) expect(await statuses(secret)).toEqual([401, 401]);
    expect(await account.keys()).toEqual([]);
    const { events } = await account.shown();
    expect((await account.call("POST", "/revoke-all")).json.revoked).toBe(0);
    expect(await account.events()).toEqual(events);
  });
});

describe("revoking all of many keys", () => {
  test("revokes each with an event, except those that had already ended", async () => {
    const { id } = await account.create();
    const count = 10_050;
    // Creating them takes minutes, so SQL inserts all but one.
    await cluster.network.ledgerRows(
      account.name,
      `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${count})
       INSERT INTO keys (id, account, name, mode, permissions, hint, hash, created_at, revokes_at, state, began_at)
       SELECT 'key_' || printf('%022d', i), '${account.name}', 'seeded', 'live', '[]', 'oct_live_…', 'hash ' || i,
         i, iif(i <= 20, i, NULL), 'issued', i FROM n`,
    );
    expect((await account.call("POST", "/revoke-all")).json.revoked).toBe(count - 20 + 1);
    const rows = await cluster.network.ledgerRows(
      account.name,
      `SELECT count(*) AS events, count(DISTINCT key_id) AS keys,
         (SELECT count(*) FROM keys WHERE revoked_at IS NULL OR effective_at IS NULL) AS alive,
         (SELECT max(effective_at) FROM keys WHERE created_at <= 20) AS ended
       FROM events WHERE action = 'revoked'`,
    );
    expect(rows).toEqual([{ events: count - 20 + 1, keys: count - 20 + 1, alive: 0, ended: 20 }]);
    const [last] = (await account.call("GET", "/events?limit=1")).json.events;
    expect(last).toMatchObject({ action: "revoked", details: { all: true } });
    expect(await account.get(id)).not.toMatchObject({ revoked_at: null });
  });
});

test("a secret is in the answer that created its key, in no other answer and in no log line", async () => {
  const { id, secret } = await account.create();
  await account.use(secret);
  const next = await account.rotate(id, 3600);
  await account.change(id, { name: "renamed", revokes_at: null });
  await account.keys("revoked");
  await account.revoke(id);
  await account.call("POST", "/revoke-all", {});
  await account.call("POST", `/keys/${id}/rotate`, {});
  await account.shown();
  const logs = await completeLog(cluster);
  for (const text of [secret, next.secret]) {
    expect(account.answerBodies.filter((body) => body.includes(text))).toHaveLength(1);
    expect(logs.filter((line) => line.includes(text))).toEqual([]);
  }
});

test("the tier is set by name or by numbers, and each change is an event", async () => {
  const own = { requests_per_minute: 5000, publish_per_hour: 900 };
  let events = 0;
  for (const tier of ["free", "starter", "pro", own, "unlimited"]) {
    const { status, json } = await account.call("PUT", "", { tier });
    expect(status).toBe(200);
    expect(json).toMatchObject({ account: account.name, tier });
    expect(json).toMatchObject((await account.call("GET", "")).json);
    const [event] = await account.events();
    expect(event).toMatchObject({ action: "tier_changed", key_id: null, details: { tier } });
    expect((await account.call("PUT", "", { tier })).json).toEqual(json);
    expect(await account.events()).toHaveLength(++events);
  }
});
