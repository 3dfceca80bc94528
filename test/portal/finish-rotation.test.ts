/** The last steps of a rotation show the key that replaces the old one, however much has happened since. */

import { afterAll, beforeAll, expect, test } from "vitest";
import { type GatewayCluster, startCluster } from "../support/gateway-cluster.ts";
import { requestPage, SETTINGS, signIn } from "./key-page.ts";

let cluster: GatewayCluster;
beforeAll(async () => {
  cluster = await startCluster({ settings: SETTINGS });
});
afterAll(() => cluster.close());

test("the new key is shown after more than 200 later events", async () => {
  const { cookie, owner } = await signIn(cluster);
  const old = await owner.create({ name: "Old" });
  const successor = await owner.rotate(old.id, 86_400);
  const other = await owner.create({ name: "Other" });
  for (let i = 0; i < 205; i++) await owner.call("PATCH", `/keys/${other.id}`, { name: `Other ${i}` });
  await cluster.network.resetCounts();
  const page = await requestPage(cluster, `/portal/keys/${old.id}/rotate`, [cookie]);
  expect(page.body.toString()).toContain(successor.hint);
  expect((await cluster.network.counts()).ledgerCalls).toEqual({ portalSession: 1, getKey: 2 });
});

test("a key links to the key that replaces it", async () => {
  const { cookie, owner } = await signIn(cluster);
  const old = await owner.create({ name: "Old" });
  const successor = await owner.rotate(old.id, 86_400);
  const link = `<a href="/portal/keys/${successor.id}">`;
  const page = async () => (await requestPage(cluster, `/portal/keys/${old.id}`, [cookie])).body.toString();
  expect(await page()).toContain(link);
  await owner.revoke(old.id);
  expect(await page()).toContain(link);
  const unrotated = await requestPage(cluster, `/portal/keys/${successor.id}`, [cookie]);
  expect(unrotated.body.toString()).not.toContain("Replaced by");
});

test("cancelling the scheduled revocation ends the rotation", async () => {
  const { cookie, origin, token, owner } = await signIn(cluster);
  const old = await owner.create({ name: "Old" });
  await owner.rotate(old.id, 86_400);
  const form = { form_token: token, when: "never" };
  const response = await requestPage(cluster, `/portal/keys/${old.id}/end`, [cookie, origin], form);
  expect(response.status).toBe(303);
  const page = await requestPage(cluster, `/portal/keys/${old.id}`, [cookie]);
  expect(page.body.toString()).not.toContain("Replaced by");
  expect((await owner.get(old.id)).revokes_at).toBeNull();
});
