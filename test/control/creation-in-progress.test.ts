// Creations in progress while other calls run: a key does not exist before it is issued, cannot escape a revocation of
// all keys, and has no successor when it is revoked during its rotation.

import { randomUUID } from "node:crypto";
import { afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import type { ControlAnswer } from "../support/control-client.ts";
import type { GatewayCluster } from "../support/gateway-cluster.ts";
import { sharedCluster } from "../support/shared.ts";
import { eventually } from "../support/time-limits.ts";
import { Account, expectRefused } from "./account.ts";
import { CONTROL } from "./control-clusters.ts";

let cluster: GatewayCluster;
let account: Account;

beforeAll(async () => {
  // Long, so that a slow machine does not end a call here; only its answer or an injected fault does.
  cluster = await sharedCluster(CONTROL);
});
beforeEach(() => {
  account = new Account(cluster);
});
afterEach(() => cluster.network.liftAllFaults());

/** Makes the call, pauses it at its KV write, runs `meanwhile`, and lets it continue. */
async function whileUnderWay(
  call: () => Promise<ControlAnswer>,
  meanwhile: () => Promise<unknown>,
): Promise<ControlAnswer> {
  await cluster.network.resetCounts();
  const lift = await cluster.network.fault({ on: "kv", operation: "put", how: "hang-before", times: 1 });
  const answer = call();
  await eventually("the call at KV", async () => (await cluster.network.counts("owner")).kvPuts > 0);
  await meanwhile();
  await lift();
  return await answer;
}

const create = () => account.call("POST", "/keys", { name: "new", mode: "live" });

test("a key does not exist before it is issued: not in the list, not by its id, not in the events", async () => {
  const { id: other } = await account.create();
  const answer = await whileUnderWay(create, async () => {
    const [row] = await cluster.network.ledgerRows(account.name, "SELECT id FROM keys WHERE name = 'new'");
    expectRefused(await account.call("GET", `/keys/${row?.id}`), 404, "not_found");
    expectRefused(await account.call("PATCH", `/keys/${row?.id}`, { name: "x" }), 404, "not_found");
    expectRefused(await account.call("POST", `/keys/${row?.id}/revoke`), 404, "not_found");
    expectRefused(await account.call("POST", `/keys/${row?.id}/rotate`), 404, "not_found");
    expect((await account.keys("revoked")).map(({ id }) => id)).toEqual([other]);
    expect(await account.events()).toHaveLength(1);
  });
  expect(answer.status).toBe(201);
  expect(await account.keys()).toHaveLength(2);
  expect(await account.statusOf(answer.json.secret)).toBe(200);
});

test("a creation in progress when all keys are revoked is abandoned", async () => {
  await account.create();
  const answer = await whileUnderWay(create, async () => {
    expect((await account.call("POST", "/revoke-all", {})).json.revoked).toBe(1);
  });
  expectRefused(answer, 503, "service_unavailable");
  expect(await account.keys()).toEqual([]);
  expect(await account.keys("revoked")).toHaveLength(1);
  expect((await create()).status).toBe(201);
});

test.each([0, 3600])(
  "a key that is revoked while it is rotated (%i s of overlap) has no successor, and one event says that it is revoked",
  async (overlap_seconds) => {
    const old = await account.create();
    const headers = [["Idempotency-Key", randomUUID()]] as const;
    const rotate = () => account.call("POST", `/keys/${old.id}/rotate`, { overlap_seconds }, { headers });
    const answer = await whileUnderWay(rotate, () => account.revoke(old.id));
    const events = (await account.events()).map(({ action, key_id }) => `${action} ${key_id}`);
    expect(events).toEqual([`revoked ${old.id}`, `created ${old.id}`]);
    expectRefused(answer, 409, "conflict");
    expect(await account.keys("revoked")).toHaveLength(1);
    expectRefused(await rotate(), 409, "conflict");
  },
);

test("a key that is renamed during its rotation gives its successor one of the two names", async () => {
  const old = await account.create({ name: "before" });
  const rotate = () => account.call("POST", `/keys/${old.id}/rotate`, { overlap_seconds: 60 });
  const { json } = await whileUnderWay(rotate, () => account.change(old.id, { name: "after" }));
  expect(["before", "after"]).toContain(json.name);
  expect(json.replaces.name).toBe("after");
});

test("creations in progress do not delay other calls on the account", async () => {
  const { id, secret } = await account.create();
  await whileUnderWay(create, async () => {
    expect(await account.statusOf(secret)).toBe(200);
    expect((await create()).status).toBe(201);
    await account.change(id, { name: "renamed" });
    await account.revoke(id);
    expect(await account.statusOf(secret)).toBe(401);
  });
});
