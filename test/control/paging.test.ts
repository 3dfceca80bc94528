// Lists of keys and events, page by page: newest first, each item once, whatever changes between two pages; and events
// that name the actor and the action.

import { createHash, randomUUID } from "node:crypto";
import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { GatewayCluster } from "../support/gateway-cluster.ts";
import { sharedCluster } from "../support/shared.ts";
import { Account } from "./account.ts";
import { CONTROL } from "./control-clusters.ts";

let cluster: GatewayCluster;
let account: Account;

beforeAll(async () => {
  cluster = await sharedCluster(CONTROL);
});
beforeEach(() => {
  account = new Account(cluster);
});

/** Imports keys, since only imported ones can have chosen creation times. Returns their ids. */
async function importKeys(times: readonly string[]): Promise<string[]> {
  const keys = times.map((created_at) => ({
    sha256: createHash("sha256").update(randomUUID()).digest("hex"),
    name: created_at,
    mode: "live",
    created_at,
  }));
  const { json } = await account.call("POST", "/keys/import", { keys });
  return json.keys.map(({ id }: { id: string }) => id);
}

async function page(what: "keys" | "events", query: string) {
  const { status, json } = await account.call("GET", `/${what}?${query}`);
  expect(status).toBe(200);
  return json;
}

describe("a list of keys", () => {
  test("is newest first, and pages of any size contain each key once, also among keys created at one moment", async () => {
    const ids = await importKeys([
      ...Array(4).fill("2025-03-01T00:00:00Z"),
      ...Array(3).fill("2025-01-01T00:00:00Z"),
      "2024-12-31T23:59:59.999Z",
      "1970-01-01T00:00:00Z",
      "1970-01-01T00:00:00.002Z",
      "1970-01-01T00:00:00.001Z",
    ]);
    const all = await account.keys();
    expect(new Set(all.map(({ id }) => id))).toEqual(new Set(ids));
    const times = all.map(({ created_at }) => created_at);
    expect(times).toEqual([...times].sort().reverse());
    for (const limit of [1, 2, 3, ids.length, ids.length + 1]) {
      expect(await account.keys(undefined, limit), `pages of ${limit}`).toEqual(all);
    }
  });

  test("has 50 keys a page by default, and at most 200", async () => {
    const times = Array.from({ length: 201 }, (_, i) => new Date(1_700_000_000_000 + i).toISOString());
    await importKeys(times);
    expect((await page("keys", "")).keys).toHaveLength(50);
    const first = await page("keys", "limit=200");
    expect(first.keys).toHaveLength(200);
    const last = await page("keys", `limit=200&cursor=${first.next_cursor}`);
    expect(last.keys).toHaveLength(1);
    expect(last.next_cursor).toBeNull();
  });

  test("continues at its position when keys are created and revoked between two pages", async () => {
    const ids = await importKeys(
      ["2025-01-04", "2025-01-03", "2025-01-02", "2025-01-01"].map((day) => `${day}T00:00:00Z`),
    );
    const first = await page("keys", "limit=2");
    expect(first.keys.map(({ id }: { id: string }) => id)).toEqual(ids.slice(0, 2));
    await account.create();
    await account.revoke(ids[1] as string);
    await account.revoke(ids[2] as string);
    const second = await page("keys", `limit=2&cursor=${first.next_cursor}`);
    expect(second.keys.map(({ id }: { id: string }) => id)).toEqual([ids[3]]);
  });

  test("omits revoked keys from every page, unless they are included", async () => {
    const ids = await importKeys(Array.from({ length: 9 }, (_, i) => `2025-01-0${9 - i}T00:00:00Z`));
    const revoked = ids.filter((_, i) => i % 2 === 0);
    for (const id of revoked) await account.revoke(id);
    const alive = ids.filter((_, i) => i % 2 === 1);
    for (const limit of [1, 2, 200]) {
      expect((await account.keys(undefined, limit)).map(({ id }) => id)).toEqual(alive);
      expect((await account.keys("revoked", limit)).map(({ id }) => id)).toEqual(ids);
    }
  });

  test("is empty, and not 404, when every key is revoked", async () => {
    const { id } = await account.create();
    await account.revoke(id);
    expect(await page("keys", "")).toEqual({ keys: [], next_cursor: null });
  });
});

describe("events", () => {
  test("are filtered by key and by action, page by page, and have the key's present name and hint", async () => {
    const [one, other] = [await account.create({ name: "Before" }), await account.create({ name: "Other" })];
    for (const name of ["1", "2", "After"]) await account.call("PATCH", `/keys/${one.id}`, { name });
    await account.call("PATCH", `/keys/${other.id}`, { name: "Another" });
    await account.call("PUT", "", { tier: "pro" });
    const ofOne = await page("events", `key_id=${one.id}`);
    expect(ofOne.events.map(({ action }: { action: string }) => action)).toEqual([
      "renamed",
      "renamed",
      "renamed",
      "created",
    ]);
    for (const event of ofOne.events)
      expect(event).toMatchObject({ key_id: one.id, key_name: "After", key_hint: one.hint });
    const first = await page("events", `key_id=${one.id}&action=renamed&limit=2`);
    const second = await page(
      "events",
      `key_id=${one.id}&action=renamed&limit=2&cursor=${first.next_cursor}`,
    );
    expect([...first.events, ...second.events]).toEqual(ofOne.events.slice(0, 3));
    expect(second.next_cursor).toBeNull();
    expect((await page("events", "action=created")).events).toHaveLength(2);
    const [tier] = (await page("events", "action=tier_changed")).events;
    expect(tier).toMatchObject({ key_id: null, key_name: null, key_hint: null });
    expect(await page("events", "key_id=key_0000000000000000000000")).toEqual({
      events: [],
      next_cursor: null,
    });
    const { status, json } = await account.call("GET", "/events?action=constructor");
    expect([status, Object.keys(json.details)]).toEqual([422, ["action"]]);
  });

  test("since a time or after a number come oldest first, page by page, and a later call continues", async () => {
    const { id } = await account.create({ name: "0" });
    for (let i = 1; i < 6; i++) await account.call("PATCH", `/keys/${id}`, { name: `${i}` });
    const all = (await account.events()).toReversed();
    const first = await page("events", "since=2020-01-01T00:00:00Z&limit=4");
    expect(first.events).toEqual(all.slice(0, 4));
    const rest = await page("events", `since=2020-01-01T00:00:00Z&limit=4&cursor=${first.next_cursor}`);
    expect(rest).toEqual({ events: all.slice(4), next_cursor: null });
    const last = all.at(-1)?.number;
    expect((await page("events", `after=${last}`)).events).toEqual([]);
    await account.call("PATCH", `/keys/${id}`, { name: "new" });
    expect((await page("events", `after=${last}`)).events).toMatchObject([{ action: "renamed", number: 7 }]);
    expect((await page("events", "since=2099-01-01T00:00:00Z")).events).toEqual([]);
    expect((await page("events", "after=2&action=renamed&limit=1")).events).toMatchObject([{ number: 3 }]);
    const { status, json } = await account.call("GET", "/events?after=-1&since=yesterday");
    expect([status, Object.keys(json.details).sort()]).toEqual([422, ["after", "since"]]);
  });

  test("name actor, claimed actor, action and time, newest first, with increasing numbers", async () => {
    const by = (actor: string) => ({ headers: [["Octopost-Actor", actor]] as const });
    const from = new Date().toISOString();
    const { json: key } = await account.call(
      "POST",
      "/keys",
      { name: "one", mode: "live" },
      by("ada@example.com"),
    );
    await account.call("PATCH", `/keys/${key.id}`, { name: "two" }, by("Grace Hopper"));
    const { json: next } = await account.call(
      "POST",
      `/keys/${key.id}/rotate`,
      { overlap_seconds: 60 },
      by("cron #7"),
    );
    await account.call("PATCH", `/keys/${key.id}`, { revokes_at: null }, by("ada@example.com"));
    await account.call("PUT", "", { tier: "pro" }, by("billing"));
    await account.call("POST", `/keys/${key.id}/revoke`, { reason: "found in a log" }, by("security"));
    const [imported] = await importKeys(["2025-01-01T00:00:00Z"]);
    await account.call("POST", "/revoke-all", {});

    const events = await account.events();
    const [last, lastButOne, ...rest] = events;
    for (const event of [last, lastButOne])
      expect(event).toMatchObject({ actor: "control_token", action: "revoked" });
    expect(new Set([last?.key_id, lastButOne?.key_id])).toEqual(new Set([imported, next.id]));
    expect(new Set(rest.map(({ actor }) => actor))).toEqual(new Set(["control_token"]));
    expect(
      rest.map(({ claimed_actor: by, action, key_id, details }) => ({ by, action, key_id, details })),
    ).toEqual([
      expect.objectContaining({ by: null, action: "imported", key_id: imported }),
      { by: "security", action: "revoked", key_id: key.id, details: { reason: "found in a log" } },
      { by: "billing", action: "tier_changed", key_id: null, details: { tier: "pro" } },
      { by: "ada@example.com", action: "rescheduled", key_id: key.id, details: { revokes_at: null } },
      { by: "cron #7", action: "created", key_id: next.id, details: { replaces: key.id } },
      {
        by: "cron #7",
        action: "rotated",
        key_id: key.id,
        details: { revokes_at: next.replaces.revokes_at },
      },
      { by: "Grace Hopper", action: "renamed", key_id: key.id, details: { from: "one", to: "two" } },
      { by: "ada@example.com", action: "created", key_id: key.id, details: {} },
    ]);
    const numbers = events.map(({ number }) => number);
    expect(numbers).toEqual([...numbers].sort((a, b) => b - a));
    expect(new Set(numbers).size).toBe(numbers.length);
    const times = events.map(({ at }) => at);
    expect(times).toEqual([...times].sort().reverse());
    expect(times.every((at) => at >= from && at <= new Date().toISOString())).toBe(true);
  });

  test("pages of any size contain each event once, also when events are added between two pages", async () => {
    await importKeys(Array(7).fill("2025-01-01T00:00:00Z"));
    const all = await account.events();
    expect(all).toHaveLength(7);
    for (const limit of [1, 2, 7, 8]) expect(await account.events(limit)).toEqual(all);

    const first = await page("events", "limit=4");
    await account.create();
    const second = await page("events", `limit=4&cursor=${first.next_cursor}`);
    expect([...first.events, ...second.events]).toEqual(all);
    expect(second.next_cursor).toBeNull();
  });

  test("of one account do not appear in another", async () => {
    await account.create();
    const other = new Account(cluster);
    const { id } = await other.create();
    expect((await other.events()).map(({ key_id }) => key_id)).toEqual([id]);
  });

  test("survive a restart of the ledger, and continue with higher numbers", async () => {
    await account.create();
    const [first] = await account.events();
    await cluster.network.restartLedger(account.name);
    await account.create();
    const events = await account.events();
    expect(events).toHaveLength(2);
    expect(events[1]).toEqual(first);
  });
});
