/**
 * The page of one key: who made it, what it replaces, its history and its requests a day; and the activity, which is
 * found by key and action.
 */

import { beforeAll, expect, test } from "vitest";
import type { GatewayCluster } from "../support/gateway-cluster.ts";
import { requestPage, sharedKeyPage, signIn } from "./key-page.ts";

let cluster: GatewayCluster;
beforeAll(async () => {
  cluster = await sharedKeyPage();
});

const textOf = (html: string) =>
  html
    .slice(html.indexOf("<main"))
    .replaceAll(/<[^>]*>/g, " ")
    .replaceAll(/\s+/g, " ");

async function open() {
  const session = await signIn(cluster);
  const html = async (path: string) =>
    (await requestPage(cluster, `/portal${path}`, [session.cookie])).body.toString();
  return { ...session, html, text: async (path: string) => textOf(await html(path)) };
}

test("a key says who made it, and links to the keys before and after it", async () => {
  const { owner, html, text } = await open();
  const by = { headers: [["Octopost-Actor", "Ada"]] as const };
  const { json: old } = await owner.call(
    "POST",
    "/keys",
    { name: "CI", mode: "test" },
    { headers: [...by.headers] },
  );
  const successor = await owner.rotate(old.id, 86_400);
  expect(await text(`/keys/${old.id}`)).toContain("Created by Ada (control API)");
  expect(await html(`/keys/${old.id}`)).toContain(`<a href="/portal/keys/${successor.id}">`);
  expect(await html(`/keys/${successor.id}`)).toMatch(
    new RegExp(`<dt>Replaces</dt><dd><a href="/portal/keys/${old.id}">`),
  );
  expect(await text(`/keys/${successor.id}`)).toContain("Created by The control API (no name given)");
  expect(await html(`/keys/${old.id}`)).toContain(`<input id="key-id" readonly="" value="${old.id}"/>`);
});

test("a key's page has the history of this key alone", async () => {
  const { owner, text } = await open();
  const [one, other] = [await owner.create({ name: "One" }), await owner.create({ name: "Other" })];
  for (let i = 0; i < 12; i++) await owner.call("PATCH", `/keys/${one.id}`, { name: `One ${i}` });
  const page = await text(`/keys/${one.id}`);
  expect(page).toContain(`The control API (no name given) renamed One 11 …${one.hint.slice(-4)}`);
  expect(page.match(/The control API \(no name given\) renamed/g)).toHaveLength(10);
  expect(page).toContain("Created by The control API (no name given)");
  expect(page).not.toContain("Other");
  expect(await text(`/keys/${other.id}`)).toContain(
    `The control API (no name given) created Other …${other.hint.slice(-4)}`,
  );
});

test("the chart shows the requests of each day, and says them", async () => {
  const { owner, html, text } = await open();
  const key = await owner.create();
  expect(await text(`/keys/${key.id}`)).toContain("No requests in the last 30 days.");
  const today = Math.floor(Date.now() / 86_400_000);
  await cluster.network.ledgerRows(
    owner.name,
    `INSERT INTO daily_use (key_id, slot, day, uses_before)
     VALUES ('${key.id}', ${(today - 2) % 30}, ${today - 2}, 0), ('${key.id}', ${today % 30}, ${today}, 1200)`,
  );
  await cluster.network.ledgerRows(owner.name, `UPDATE keys SET use_count = 1500 WHERE id = '${key.id}'`);
  const page = await html(`/keys/${key.id}`);
  expect(page).toMatch(/<svg [^>]*role="img" aria-label="About 1,500 requests\. Most on [^"]*: 1,200\."/);
  const heights = [...page.matchAll(/<rect [^>]*height="([\d.]+)"/g)].map(([, height]) => Number(height));
  expect(heights).toHaveLength(30);
  // The same in words, newest first.
  expect(await text(`/keys/${key.id}`)).toMatch(/By day [^:]*: 300 [^:]*: 1,200/);
  expect([heights[27], heights[29], heights.filter((height) => height > 0).length]).toEqual([72, 18, 2]);
});

test("requests through the gateway reach the chart", async () => {
  const { owner, html } = await open();
  const key = await owner.create();
  for (let i = 0; i < 3; i++) {
    await owner.use(key.secret);
    await new Promise((resolve) => setTimeout(resolve, 350));
  }
  expect(await html(`/keys/${key.id}`)).toMatch(/About [23] requests\./);
});

test("a key that was used once says that it is not counted yet", async () => {
  const { owner, text } = await open();
  const key = await owner.create();
  // As when the isolate has reported the time of the use, not yet the use.
  const used = `UPDATE keys SET last_used_at = ${Date.now()} WHERE id = '${key.id}'`;
  await cluster.network.ledgerRows(owner.name, used);
  expect(await text(`/keys/${key.id}`)).toContain(
    "The key was used today. Its first requests are not counted",
  );
});

test("the history says what each change changed", async () => {
  const { owner, text } = await open();
  const key = await owner.create({ permissions: ["posts:read", "posts:write"] });
  const path = `/keys/${key.id}`;
  await owner.change(key.id, { permissions: ["posts:read"], allowed_ips: ["203.0.113.7"] });
  await owner.change(key.id, { labels: { team: "billing" }, expires_at: "2099-01-01T00:00:00Z" });
  await owner.change(key.id, { limits: { requests_per_minute: 30, publish_per_hour: 5 } });
  for (const sentence of [
    "From Posts: read and write to Posts: read.",
    "From anywhere to 203.0.113.7/32.",
    "Labels: team: billing",
    "Expires: 1 Jan 2099, 00:00 UTC.",
    "From those of the plan to Requests per minute: 30, Publishes per hour: 5.",
  ])
    expect(await text(path)).toContain(sentence);
  await owner.change(key.id, { labels: {}, expires_at: null, limits: null });
  for (const sentence of [
    "It has no labels now.",
    "Expires: never.",
    "From Requests per minute: 30, Publishes per hour: 5 to those of the plan.",
  ])
    expect(await text(path)).toContain(sentence);
});

test("a revoked key offers its receipt and one like it, and nothing else", async () => {
  const { owner, html } = await open();
  const key = await owner.create();
  await owner.revoke(key.id);
  const page = await html(`/keys/${key.id}`);
  expect(page).toContain(`href="/portal/keys/new?like=${key.id}"`);
  expect(page).not.toMatch(/href="[^"]*\/rotate"|class="button danger"/);
});

test("a used key is explained in few ledger calls", async () => {
  const { owner, html } = await open();
  const { id } = await owner.create();
  await cluster.network.resetCounts();
  await html(`/keys/${id}`);
  expect((await cluster.network.counts()).ledgerCalls).toEqual({
    portalSession: 1,
    portalKeys: 1,
    keyUsage: 1,
    listEvents: 2,
  });
  await cluster.network.resetCounts();
  await html("/activity");
  expect((await cluster.network.counts()).ledgerCalls).toEqual({ portalSession: 1, listEvents: 1 });
});

test("the activity of a key is found by its last four characters, and says who made it", async () => {
  const { owner, text, html } = await open();
  const { json: key } = await owner.call(
    "POST",
    "/keys",
    { name: "Production Server", mode: "live" },
    { headers: [["Octopost-Actor", "Ada"]] },
  );
  const other = await owner.create({ name: "Other" });
  await owner.call("PATCH", `/keys/${key.id}`, { name: "Production" });
  const last4 = key.hint.slice(-4);
  const page = await text(`/activity?key=${last4}`);
  expect(page).toContain(`Ada (control API) created Production …${last4}`);
  expect(page).not.toContain("Other");
  const created = await text(`/activity?key=${key.id}&action=created`);
  expect(created).toContain("created Production");
  expect(created).not.toContain("renamed Production");
  expect(await text("/activity?key=nothing+like+it")).toContain("No key matches this text.");
  const both = await html("/activity?key=o");
  expect(both).toContain("Several keys match.");
  for (const id of [key.id, other.id]) expect(both).toContain(`key=${id}`);
  // The exact time is read out and is the tooltip.
  expect(await html("/activity")).toMatch(
    /<time [^>]*title="[^"]*\d\d:\d\d:\d\d UTC"[^>]*>just now<\/time><span class="visually-hidden"> \([^)]*UTC\)/,
  );
});

test("the activity is exported with its filter, as CSV and JSON", async () => {
  const { owner, cookie } = await open();
  const key = await owner.create({ name: "Exported" });
  await owner.create({ name: "Other" });
  const csv = await requestPage(cluster, `/portal/activity.csv?key=${key.id}`, [cookie]);
  const rows = csv.body.toString().replace("\ufeff", "").trimEnd().split("\r\n");
  expect(rows).toHaveLength(2);
  expect(rows[1]).toMatch(/Z,control_token,,created,Exported,oct_live_…[^,]{4},key_/);
  const json = await requestPage(cluster, "/portal/activity.json?action=created", [cookie]);
  const { events } = JSON.parse(json.body.toString());
  expect(events.map(({ key_name }: { key_name: string }) => key_name)).toEqual(["Other", "Exported"]);
  expect(json.header("Content-Disposition")).toBe('attachment; filename="api-key-activity.json"');
});
