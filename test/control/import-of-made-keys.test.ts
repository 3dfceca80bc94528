// The hash of a key that was just created, imported into another account before KV has spread the key's record.
//
// The promise: it opens nothing. A key names its own ledger, so KV alone never says whose it is: no request passes as
// the other account's, and a revocation is final whatever that account does. Until KV is rebuilt the stores contradict
// each other, and nothing passes at all.

import { createHash } from "node:crypto";
import { beforeAll, beforeEach, expect, test } from "vitest";
import type { GatewayCluster } from "../support/gateway-cluster.ts";
import { sharedCluster } from "../support/shared.ts";
import { eventually } from "../support/time-limits.ts";
import { Account } from "./account.ts";
import { CONTROL_WITH_IMPORTED } from "./control-clusters.ts";

let cluster: GatewayCluster;
let owner: Account;
let other: Account;
let key: { readonly id: string; readonly secret: string };

beforeAll(async () => {
  cluster = await sharedCluster(CONTROL_WITH_IMPORTED);
});
beforeEach(async () => {
  owner = new Account(cluster);
  other = new Account(cluster);
  key = await owner.create();
  // As another location sees KV for up to a minute.
  await cluster.kv.delete(await cluster.recordName(key.id));
  const sha256 = createHash("sha256").update(key.secret).digest("hex");
  const body = { keys: [{ sha256, name: "not theirs", mode: "live" }] };
  const { json } = await other.call("POST", "/keys/import", body);
  expect(json.keys).toEqual([{ row: 0, id: expect.any(String) }]);
  cluster.live.clear();
});

/** The accounts that the origin was told of. */
const accountsAtOrigin = () =>
  new Set(cluster.live.requests.map((request) => request.header("X-Octopost-Account")));

test("no request passes as the other account's; after a rebuild the key is its own account's again", async () => {
  const statusesOf = () => Promise.all([0, 1].map((gateway) => owner.statusOf(key.secret, { gateway })));
  await eventually("the contradiction", async () => (await statusesOf()).every((status) => status === 401));
  expect(accountsAtOrigin().has(other.name)).toBe(false);
  expect((await owner.call("POST", "/rebuild-kv", {})).status).toBe(200);
  await eventually("the rebuilt record", async () => (await statusesOf()).every((status) => status === 200));
  expect(accountsAtOrigin()).toEqual(new Set([owner.name]));
});

test.each([
  ["its own account revokes it", async () => void (await owner.revoke(key.id))],
  [
    "its holder revokes it",
    async () => {
      const { status, json } = await cluster.control(
        "POST",
        "/revoke",
        { secret: key.secret },
        { token: null },
      );
      expect([status, json.id]).toEqual([200, key.id]);
    },
  ],
])("once %s, it stays revoked on every gateway, whatever the other account does", async (_, revoke) => {
  await revoke();
  const statuses = [0, 1].map((gateway) => owner.statusOf(key.secret, { gateway }));
  expect(await Promise.all(statuses)).toEqual([401, 401]);
  expect((await other.call("POST", "/rebuild-kv", {})).status).toBe(200);
  const after = [0, 1].map((gateway) => other.statusOf(key.secret, { gateway }));
  expect(await Promise.all(after)).toEqual([401, 401]);
  expect(cluster.live.requests).toEqual([]);
});
