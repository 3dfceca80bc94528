// Importing keys issued before the gateway by their SHA-256: a verdict per row, the same key never twice, repeatable
// calls. Store failures are in import-failures.test.ts, the use of imported keys in legacy-keys.test.ts.

import { createHash, randomUUID } from "node:crypto";
import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { GatewayCluster } from "../support/gateway-cluster.ts";
import { sharedCluster } from "../support/shared.ts";
import { Account, expectRefused } from "./account.ts";
import { CONTROL } from "./control-clusters.ts";

interface Verdict {
  readonly row: number;
  readonly id?: string;
  readonly error?: string;
  readonly details?: Readonly<Record<string, string>>;
}

const KEY_ID = /^key_[0-9A-Za-z]{22}$/;

let cluster: GatewayCluster;
let account: Account;

beforeAll(async () => {
  cluster = await sharedCluster(CONTROL);
});
beforeEach(() => {
  account = new Account(cluster);
  cluster.live.clear();
});

async function importKeys(keys: readonly unknown[], into = account): Promise<Verdict[]> {
  const { status, json, response } = await into.call("POST", "/keys/import", { keys });
  expect(status, response.body.toString()).toBe(200);
  expect(json.keys.map(({ row }: Verdict) => row)).toEqual(keys.map((_, row) => row));
  return json.keys;
}

function sha256(key: string): Buffer {
  return createHash("sha256").update(key).digest();
}

function row(change: object = {}): Record<string, unknown> {
  return { sha256: sha256(randomUUID()).toString("hex"), name: "an old key", mode: "live", ...change };
}

function rows(count: number): Record<string, unknown>[] {
  return Array.from({ length: count }, () => row());
}

function idsOf(verdicts: readonly Verdict[]): (string | undefined)[] {
  return verdicts.map(({ id }) => id);
}

describe("a row", () => {
  test("becomes a key with its fields, and with a new key's defaults for the rest", async () => {
    const verdicts = await importKeys([
      row({
        name: " CI ",
        mode: "test",
        permissions: ["posts:read"],
        created_at: "2023-05-06T07:08:09+02:00",
        expires_at: "2099-01-01T00:00:00Z",
      }),
      row(),
    ]);
    const [whole, least] = await Promise.all(verdicts.map(({ id }) => account.get(id ?? "")));
    expect(whole).toEqual({
      id: expect.stringMatching(KEY_ID),
      account: account.name,
      name: "CI",
      mode: "test",
      permissions: ["posts:read"],
      allowed_ips: [],
      limits: null,
      labels: {},
      state: "active",
      hint: "oct_test_…",
      created_at: "2023-05-06T05:08:09.000Z",
      created_by: "control_token",
      expires_at: "2099-01-01T00:00:00.000Z",
      last_used_at: null,
      use_count: 0,
      suspended_at: null,
      revokes_at: null,
      revoked_at: null,
      replaced_by: null,
    });
    expect(least).toMatchObject({ permissions: [], expires_at: null, hint: "oct_live_…" });
    expect(Date.parse(least?.created_at ?? "")).toBeGreaterThan(Date.now() - 60_000);
    expect((await account.events()).map(({ action }) => action)).toEqual(["imported", "imported"]);
  });

  test("accepts the hash as hex, base64 or base64url, and each form is the same key", async () => {
    // Its base64 contains every character in which the two alphabets differ.
    const digest = Buffer.alloc(32, Buffer.from([0xfb, 0xef, 0xff]));
    digest.set(sha256(randomUUID()).subarray(0, 8));
    const base64 = digest.toString("base64");
    const base64url = digest.toString("base64url");
    expect(base64).toMatch(/\+.*\/|\/.*\+/);
    const forms = [
      digest.toString("hex"),
      digest.toString("hex").toUpperCase(),
      base64,
      base64.slice(0, -1),
      base64url,
      `${base64url}=`,
    ];
    const verdicts = await importKeys(forms.map((form) => row({ sha256: form })));
    expect(new Set(idsOf(verdicts)).size, JSON.stringify(verdicts)).toBe(1);
    for (const form of forms)
      expect(idsOf(await importKeys([row({ sha256: form })]))).toEqual([verdicts[0]?.id]);
    expect(await account.keys()).toHaveLength(1);
  });

  test("that is invalid gets the reason as its verdict, and does not stop the others", async () => {
    const hex = sha256("x").toString("hex");
    const bad: [unknown, string[]][] = [
      [row({ sha256: hex.slice(1) }), ["sha256"]],
      [row({ sha256: `${hex}0` }), ["sha256"]],
      [row({ sha256: hex.replace(/.$/, "g") }), ["sha256"]],
      [row({ sha256: "oct_live_abc123def456" }), ["sha256"]],
      [row({ sha256: null, name: "" }), ["sha256", "name"]],
      [row({ mode: "both" }), ["mode"]],
      [row({ permissions: ["posts:read", "posts:read"] }), ["permissions"]],
      [row({ permissions: ["posts:everything"] }), ["permissions.0"]],
      [row({ created_at: "yesterday" }), ["created_at"]],
      [row({ expires_at: "2099-01-01T00:00:00+5" }), ["expires_at"]],
      [row({ created_at: "9999-12-31T23:59:59-01:00" }), ["created_at"]],
      [row({ secret: "oct_live_abc123def456" }), ["secret"]],
      [{}, ["mode", "name", "sha256"]],
      ["oct_live_abc123def456", ["row"]],
      [null, ["row"]],
      [[], []],
    ];
    const verdicts = await importKeys(bad.flatMap(([each]) => [each, row()]));
    bad.forEach(([each, fields], i) => {
      const [wrong, right] = [verdicts[2 * i], verdicts[2 * i + 1]];
      expect(wrong, JSON.stringify(each)).toEqual({
        row: 2 * i,
        error: "validation_error",
        details: expect.any(Object),
      });
      const named = Object.keys(wrong?.details ?? {});
      if (fields.length > 0) expect(named.sort(), JSON.stringify(each)).toEqual([...fields].sort());
      expect(JSON.stringify(wrong)).not.toContain("abc123def456");
      expect(right?.id).toMatch(KEY_ID);
    });
    expect(await account.keys()).toHaveLength(bad.length);
  });
});

describe("the same key", () => {
  test("in a repeated call keeps its id and its name, and leaves no event", async () => {
    const keys = rows(5);
    const verdicts = await importKeys(keys);
    const shown = await account.shown();
    expect(await importKeys(keys.map((each) => ({ ...each, name: "another name", mode: "test" })))).toEqual(
      verdicts,
    );
    expect(await account.shown()).toEqual(shown);
  });

  test("in several rows of one call is one key", async () => {
    const [one, two] = [row(), row()];
    const verdicts = await importKeys([one, two, one, two, one]);
    expect(new Set(idsOf(verdicts)).size).toBe(2);
    expect(idsOf(verdicts)).toEqual([0, 1, 0, 1, 0].map((i) => verdicts[i]?.id));
    expect(await account.events()).toHaveLength(2);
  });

  test("in several calls at once is one key", async () => {
    const keys = rows(3);
    await account.create();
    const calls = await Promise.all(Array.from({ length: 4 }, () => importKeys(keys)));
    const ids = await importKeys(keys);
    expect(await account.keys()).toHaveLength(4);
    for (const verdicts of calls) {
      verdicts.forEach(({ id, error }, i) => {
        // A call may find a row that another has in progress, and is then to be repeated.
        if (id === undefined) expect(error).toBe("store_unreachable");
        else expect(id).toBe(ids[i]?.id);
      });
    }
  });

  test("when it is revoked stays revoked", async () => {
    const keys = rows(1);
    const [verdict] = await importKeys(keys);
    const revoked = await account.revoke(verdict?.id ?? "");
    expect(await importKeys(keys)).toEqual([verdict]);
    expect((await account.get(revoked.id)).revoked_at).toBe(revoked.revoked_at);
    expect(await account.keys()).toEqual([]);
  });

  test("of another account stays there, whether it was imported or created", async () => {
    const other = new Account(cluster);
    const imported = row();
    await importKeys([imported], other);
    const made = await other.create();
    const madeRow = row({ sha256: sha256(made.secret).toString("base64") });
    const verdicts = await importKeys([imported, row(), madeRow]);
    expect(verdicts.map(({ error }) => error)).toEqual(["known_elsewhere", undefined, "known_elsewhere"]);
    expect(await account.keys()).toHaveLength(1);
    expect(await other.keys()).toHaveLength(2);
    expect(await account.statusOf(made.secret)).toBe(200);
    expect(idsOf(await importKeys([madeRow], other))).toEqual([made.id]);
  });
});

test("a key whose KV entry is no record counts as another account's: the entry is not overwritten", async () => {
  const keys = rows(1);
  const [verdict] = await importKeys(keys);
  const id = verdict?.id ?? "";
  const name = await cluster.recordName(id);
  await cluster.overwriteRecord(id, "{}");
  expect(await importKeys(keys, new Account(cluster))).toEqual([{ row: 0, error: "known_elsewhere" }]);
  expect(await cluster.kv.get(name)).toBe("{}");
});

test("a thousand rows are imported in one call, each with an id of its own", async () => {
  const keys = rows(1000);
  const verdicts = await importKeys(keys);
  expect(new Set(idsOf(verdicts)).size).toBe(1000);
  expect((await account.keys()).map(({ id }) => id).sort()).toEqual(idsOf(verdicts).sort());
  expect(await account.events()).toHaveLength(1000);
  expect(await importKeys(keys)).toEqual(verdicts);
});

test("an imported key is refused without a KV read unless LEGACY_KEYS is accept", async () => {
  const key = `oct_live_${randomUUID()}`;
  await importKeys([row({ sha256: sha256(key).toString("hex") })]);
  await cluster.network.resetCounts();
  const response = await account.use(key);
  expect(response.status).toBe(401);
  expect(response.body.toString()).toBe('{"error":"Invalid or expired API key","code":"unauthorized"}');
  expect(await cluster.network.counts()).toEqual({ kvGets: 0, kvPuts: 0, ledgerCalls: {} });
  expect(cluster.live.requests).toEqual([]);
});

test("a call without the token imports nothing", async () => {
  expectRefused(
    await account.call("POST", "/keys/import", { keys: rows(1) }, { token: null }),
    401,
    "unauthorized",
  );
  expect((await account.call("GET", "/keys")).status).toBe(404);
});
