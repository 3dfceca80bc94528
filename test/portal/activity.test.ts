/** The activity page shows claimed actors and details as they were given, even when they are named like parts of JavaScript. */

import { beforeAll, expect, test } from "vitest";
import type { GatewayCluster } from "../support/gateway-cluster.ts";
import { requestPage, sharedKeyPage, signIn } from "./key-page.ts";

let cluster: GatewayCluster;
beforeAll(async () => {
  cluster = await sharedKeyPage();
});

const OBJECT_PROPERTIES = [
  "constructor",
  "__proto__",
  "toString",
  "hasOwnProperty",
  "valueOf",
  "__defineGetter__",
];

test.each([...OBJECT_PROPERTIES, "A user of this page"])(
  "the claimed actor %s is shown as a claim",
  async (actor) => {
    const { cookie, owner } = await signIn(cluster);
    const headers = [["Octopost-Actor", actor]] as const;
    await owner.call("POST", "/keys", { name: "A key", mode: "test" }, { headers: [...headers] });
    const page = await requestPage(cluster, "/portal/activity", [cookie]);
    expect(page.status).toBe(200);
    expect(page.body.toString()).toContain(`<strong>${actor}</strong> (control API) created`);
  },
);

test.each(OBJECT_PROPERTIES)("the name %s is shown in every place", async (name) => {
  const { cookie, owner } = await signIn(cluster);
  const key = await owner.create({ name: "Before" });
  await owner.call("PATCH", `/keys/${key.id}`, { name });
  await owner.call("POST", `/keys/${key.id}/revoke`, { reason: name });
  for (const path of ["/keys?state=all", `/keys/${key.id}`, "/activity", `/keys/${key.id}/revoke`]) {
    const page = await requestPage(cluster, `/portal${path}`, [cookie]);
    expect([page.status, page.body.toString().includes(name)], path).toEqual([200, true]);
  }
  const activity = (await requestPage(cluster, "/portal/activity", [cookie])).body.toString();
  expect(activity).toContain(`From “Before” to “${name}”.`);
  expect(activity).toContain(`Reason: ${name}`);
});

test.each(OBJECT_PROPERTIES)("the parameter value %s has no effect", async (value) => {
  const { cookie, owner } = await signIn(cluster);
  const { id } = await owner.create();
  const saved = await requestPage(cluster, `/portal/keys/${id}?done=${value}&since=at_once`, [cookie]);
  expect(saved.status).toBe(200);
  expect(saved.body.toString()).not.toMatch(/class="note good"|native code/);
  for (const query of [`mode=${value}`, `state=${value}`, `page=${value}`, `${value}=1`]) {
    const list = await requestPage(cluster, `/portal/keys?${query}`, [cookie]);
    expect([list.status, list.body.toString().includes("1–1 of 1")], query).toEqual([200, true]);
  }
});

test("the filter offers what matters to customers, as nouns, and each choice finds its events", async () => {
  const { cookie, owner } = await signIn(cluster);
  const key = await owner.create({ name: "A key" });
  await owner.change(key.id, { allowed_ips: ["203.0.113.7"] });
  await owner.call("PUT", "", { tier: "pro" });
  const get = async (query: string) =>
    (await requestPage(cluster, `/portal/activity?${query}`, [cookie])).body.toString();
  const options = [...(await get("")).matchAll(/<option value="([^"]*)"[^>]*>([^<]*)</g)];
  const labels = new Map(options.map(([, value, label]) => [value, label]));
  expect(labels.get("allowed_ips_changed")).toBe("Change of allowed IP addresses");
  expect(labels.get("revoked")).toBe("Revocation");
  for (const upkeep of ["kv_rebuilt", "answer_repeated", "creations_abandoned", "delivery_failed"])
    expect(labels.has(upkeep), upkeep).toBe(false);
  for (const label of labels.values()) expect(label).toMatch(/^(Every action|[A-Z][a-z]+)\b/);
  const changes = await get("action=allowed_ips_changed");
  expect(changes.match(/changed the allowed IP addresses/g)).toHaveLength(1);
  expect(changes).not.toContain("changed the tier");
});

test("an actor who gave no name is not shown as if it had one", async () => {
  const { cookie, owner } = await signIn(cluster);
  const { id } = await owner.create();
  for (const path of ["/activity", `/keys/${id}`]) {
    const page = (await requestPage(cluster, `/portal${path}`, [cookie])).body.toString();
    expect(page, path).toContain("<strong>The control API</strong> (no name given)");
  }
  expect((await requestPage(cluster, "/portal/activity", [cookie])).body.toString()).toContain(
    "<strong>A user of this page</strong> (no name given) opened",
  );
});

test("the activity of a key is found by its id, though the name of another key contains it", async () => {
  const { cookie, owner } = await signIn(cluster);
  const key = await owner.create({ name: "First" });
  await owner.create({ name: `Instead of ${key.id}` });
  const page = (await requestPage(cluster, `/portal/activity?key=${key.id}`, [cookie])).body.toString();
  expect(page).not.toContain("Several keys match.");
  expect(page).toMatch(/created <a [^>]*>First</);
  expect(page).not.toMatch(/created <a [^>]*>Instead of/);
});
