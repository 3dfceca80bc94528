// Importing while a store fails: every row gets a verdict, a row without an id is no key, and a repeated call imports
// the missing rows.

import { afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import type { GatewayCluster } from "../support/gateway-cluster.ts";
import { sharedCluster } from "../support/shared.ts";
import { Account } from "./account.ts";
import { CONTROL } from "./control-clusters.ts";
import { knownRows, newRows } from "./known-rows.ts";

interface Verdict {
  readonly row: number;
  readonly id?: string;
  readonly error?: string;
}

const KEY_ID = /^key_[0-9A-Za-z]{22}$/;
/** Rows that the gateway passes to the ledger in one call. */
const CHUNK_ROWS = 250;

let cluster: GatewayCluster;
let account: Account;

beforeAll(async () => {
  cluster = await sharedCluster(CONTROL);
});
beforeEach(() => {
  account = new Account(cluster);
});
afterEach(() => cluster.network.liftAllFaults());

async function importKeys(keys: readonly unknown[]): Promise<Verdict[]> {
  const { status, json, response } = await account.call("POST", "/keys/import", { keys });
  expect(status, response.body.toString()).toBe(200);
  expect(json.keys.map(({ row }: Verdict) => row)).toEqual(keys.map((_, row) => row));
  return json.keys;
}

test("rows whose KV entry could not be written are reported, are no keys, and are imported by the next call", async () => {
  const keys = newRows(6);
  await account.create();
  await cluster.network.fault({ on: "kv", operation: "put", how: "fail-before", times: 2 });
  const verdicts = await importKeys(keys);
  const failed = verdicts.filter(({ error }) => error !== undefined);
  expect(failed.map(({ error }) => error)).toEqual(["store_unreachable", "store_unreachable"]);
  expect(await account.keys("revoked")).toHaveLength(1 + 4);
  expect((await account.events()).map(({ action }) => action)).toEqual([
    ...Array(4).fill("imported"),
    "created",
  ]);

  const again = await importKeys(keys);
  for (const [i, { id }] of again.entries())
    expect(id).toEqual(verdicts[i]?.id ?? expect.stringMatching(KEY_ID));
  expect(await account.keys()).toHaveLength(1 + 6);
});

test("imports nothing while KV cannot say whether another account has the keys; the next call imports them", async () => {
  const keys = newRows(3);
  const lift = await cluster.network.fault({
    on: "kv",
    operation: "get",
    caller: "owner",
    how: "fail-before",
  });
  for (const { error } of await importKeys(keys)) expect(error).toBe("store_unreachable");
  expect((await account.call("GET", "/keys")).status).toBe(404);
  await lift();
  for (const { id } of await importKeys(keys)) expect(id).toMatch(KEY_ID);
});

test.each(["fail-before", "fail-after"] as const)(
  "rows that did not reach the ledger (%s) are reported, and a repeated call imports the missing ones",
  async (how) => {
    await account.create();
    const known = await knownRows(cluster, account, CHUNK_ROWS - 20);
    const keys = [...newRows(20), ...known, ...newRows(20)];
    await cluster.network.fault({ on: "ledger", operation: "importKeys", how, times: 1 });
    const first = await importKeys(keys);
    first.forEach(({ id, error }, i) => {
      if (i < CHUNK_ROWS) expect(error).toBe("ledger_unreachable");
      else expect(id).toMatch(KEY_ID);
    });
    const second = await importKeys(keys);
    for (const { id } of second) expect(id).toMatch(KEY_ID);
    expect(second.slice(CHUNK_ROWS)).toEqual(first.slice(CHUNK_ROWS));
    expect(await account.keys()).toHaveLength(1 + keys.length);
    expect(await account.events()).toHaveLength(1 + 20 + 20);
  },
);
