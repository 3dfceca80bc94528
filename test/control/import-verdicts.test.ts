// An import always answers with a verdict per row, whatever happens after the first rows are in; a key that two rows
// import with different rights is refused in both; and the answer says when imported keys are not accepted.

import { randomUUID } from "node:crypto";
import { afterEach, beforeAll, describe, expect, test } from "vitest";
import type { GatewayCluster } from "../support/gateway-cluster.ts";
import { sharedCluster } from "../support/shared.ts";
import { eventually } from "../support/time-limits.ts";
import { Account } from "./account.ts";
import { CONTROL, CONTROL_WITH_IMPORTED } from "./control-clusters.ts";
import { type ImportRow, knownRows, newRow, newRows } from "./known-rows.ts";

/** Rows that the gateway passes to the ledger in one call. */
const CHUNK = 250;

let cluster: GatewayCluster;

beforeAll(async () => {
  cluster = await sharedCluster(CONTROL_WITH_IMPORTED);
});
afterEach(() => cluster.network.liftAllFaults());

interface Verdict {
  readonly row: number;
  readonly id?: string;
  readonly error?: string;
  readonly details?: Readonly<Record<string, string>>;
}

const row = (changes: object = {}) => ({ ...newRow(), ...changes });

async function importKeys(account: Account, rows: readonly object[], idempotencyKey: string = randomUUID()) {
  const headers = [["Idempotency-Key", idempotencyKey]] as const;
  const { status, json } = await account.call("POST", "/keys/import", { keys: rows }, { headers });
  return { status, json, verdicts: json.keys as Verdict[] };
}

describe("the same key in two rows", () => {
  test.each<[string, object, string]>([
    ["permissions", { permissions: ["posts:read"] }, "permissions"],
    ["full access and a permission", { permissions: [] }, "permissions"],
    ["modes", { mode: "test" }, "mode"],
    ["expiries", { expires_at: "2099-01-01T00:00:00Z" }, "expires_at"],
    ["creation times", { created_at: "2020-01-01T00:00:00Z" }, "created_at"],
    ["names", { name: "another name" }, "name"],
  ])("with different %s is refused in both rows, and another row is imported", async (_, change, field) => {
    const account = new Account(cluster);
    const one = row({ permissions: ["posts:read", "posts:write"] });
    const { status, verdicts } = await importKeys(account, [one, row(), { ...one, ...change }]);
    expect(status).toBe(200);
    const refused = (at: number, other: number) => ({
      row: at,
      error: "validation_error",
      details: { sha256: `must not be the key of row ${other} with different ${field}` },
    });
    expect(verdicts).toEqual([refused(0, 2), { row: 1, id: expect.any(String) }, refused(2, 0)]);
    expect(await account.keys()).toHaveLength(1);
  });

  test("is refused also when the rows are far apart and the hash is written in two ways", async () => {
    const account = new Account(cluster);
    const one = row();
    const other = { ...one, sha256: Buffer.from(one.sha256, "hex").toString("base64url"), mode: "test" };
    await account.create();
    const between = await knownRows(cluster, account, CHUNK);
    const { verdicts } = await importKeys(account, [one, ...between, other, one]);
    expect(verdicts.filter(({ error }) => error === "validation_error").map(({ row }) => row)).toEqual([
      0,
      CHUNK + 1,
      CHUNK + 2,
    ]);
    expect(verdicts.filter(({ id }) => id !== undefined)).toHaveLength(CHUNK);
  });

  test("is one key when the rows say the same, in any order of permissions and any form of a time", async () => {
    const account = new Account(cluster);
    const one = row({ permissions: ["posts:read", "posts:write"], expires_at: "2099-01-01T00:00:00Z" });
    const same = {
      ...one,
      sha256: one.sha256.toUpperCase(),
      permissions: ["posts:write", "posts:read"],
      expires_at: "2099-01-01T01:00+01:00",
      created_at: null,
    };
    const { verdicts } = await importKeys(account, [one, same]);
    expect(verdicts[0]?.id).toMatch(/^key_/);
    expect(verdicts[1]).toEqual({ row: 1, id: verdicts[0]?.id });
    expect(await account.keys()).toHaveLength(1);
  });
});

describe("an import that fails after its first rows", () => {
  /** A first part that one call to the ledger takes; almost all of its keys are known. */
  async function firstPart(account: Account): Promise<ImportRow[]> {
    return [...newRows(5), ...(await knownRows(cluster, account, CHUNK - 5))];
  }

  test("answers by row when a later part has a fault, and the next call imports the missing rows", async () => {
    const account = new Account(cluster);
    await account.create();
    const all = [...(await firstPart(account)), ...(await firstPart(account)), ...newRows(10)];
    const logged = cluster.logs.length;
    await cluster.network.fault({
      on: "ledger",
      operation: "importKeys",
      how: "fail-before",
      times: 1,
      error: { message: "a fault", retryable: false },
    });
    const { status, verdicts } = await importKeys(account, all);
    expect(status).toBe(200);
    expect(verdicts.slice(0, CHUNK).map(({ error }) => error)).toEqual(Array(CHUNK).fill("internal_error"));
    expect(verdicts.slice(CHUNK).every(({ id }) => id !== undefined)).toBe(true);
    const isLogged = () =>
      cluster.logs.slice(logged).some((line) => /"event":"exception".*a fault/.test(line));
    await eventually("the fault in the log", isLogged);
    expect((await importKeys(account, all)).verdicts.every(({ id }) => id !== undefined)).toBe(true);
    expect(await account.keys()).toHaveLength(1 + all.length);
  });

  test("has Idempotency-Keys of its own for its parts, so no other call can spoil one", async () => {
    const account = new Account(cluster);
    const key = randomUUID();
    for (const name of [`${key}#${CHUNK}`, `${key}#0`, `${key}:${CHUNK}`]) {
      const headers = [["Idempotency-Key", name]] as const;
      await account.call("POST", "/keys", { name: "a key", mode: "live" }, { headers });
    }
    const { status, verdicts } = await importKeys(account, [...(await firstPart(account)), row()], key);
    expect(status).toBe(200);
    expect(verdicts.every(({ id }) => id !== undefined)).toBe(true);
  });

  test("under the Idempotency-Key of another import is 422 as a whole, and imports nothing", async () => {
    const account = new Account(cluster);
    const key = randomUUID();
    await account.create();
    const first = [...(await firstPart(account)), ...newRows(5)];
    expect((await importKeys(account, first, key)).status).toBe(200);
    const before = await account.keys();
    // The same first part, and a later part that differs.
    const { status, json } = await importKeys(account, [...first.slice(0, CHUNK), ...newRows(5)], key);
    expect([status, json.code]).toEqual([422, "validation_error"]);
    expect(await account.keys()).toEqual(before);
    expect((await importKeys(account, first, key)).status).toBe(200);
  });

  test("answers by row when a later part belongs to another call", async () => {
    const account = new Account(cluster);
    const key = randomUUID();
    await account.create();
    const first = [...(await firstPart(account)), ...newRows(5)];
    // The first part fails and is not kept; the second one is.
    await cluster.network.fault({ on: "ledger", operation: "importKeys", how: "fail-before", times: 1 });
    expect((await importKeys(account, first, key)).verdicts[0]?.error).toBe("ledger_unreachable");
    const { status, verdicts } = await importKeys(account, [...first.slice(0, CHUNK), ...newRows(5)], key);
    expect(status).toBe(200);
    expect(verdicts.slice(0, CHUNK).every(({ id }) => id !== undefined)).toBe(true);
    expect(verdicts.slice(CHUNK).map(({ error }) => error)).toEqual(Array(5).fill("conflict"));
  });
});

describe("the answer", () => {
  test("has no warning where imported keys are accepted", async () => {
    const { json } = await importKeys(new Account(cluster), [row()]);
    expect(Object.keys(json)).toEqual(["keys"]);
  });

  test("warns where imported keys are not accepted, and names the setting", async () => {
    const strict = await sharedCluster(CONTROL);
    const { json } = await importKeys(new Account(strict), [row()]);
    expect(json.warning).toContain("LEGACY_KEYS");
    expect(json.keys[0].id).toMatch(/^key_/);
    const nothing = await importKeys(new Account(strict), [{}]);
    expect(Object.keys(nothing.json)).toEqual(["keys"]);
  });
});
