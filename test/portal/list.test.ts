/**
 * The list of keys: found by name, last four characters and id, counted, exported, and revoked several at once; 20 keys
 * fit one view.
 */

import { gzipSync } from "node:zlib";
import type { Browser } from "playwright-core";
import { beforeAll, describe, expect, test } from "vitest";
import { csvOf } from "../../src/portal/file-export.ts";
import type { GatewayCluster } from "../support/gateway-cluster.ts";
import type { RawResponse } from "../support/raw-http.ts";
import { sharedBrowser } from "../support/shared.ts";
import { ReusedKeyPages, requestPage, sharedKeyPage, signIn } from "./key-page.ts";

const PERMISSIONS = ["posts:read", "posts:write", "accounts:read", "webhooks:write"];

let cluster: GatewayCluster;
let browser: Browser;
let session: Awaited<ReturnType<typeof signIn>>;
let keys: Awaited<ReturnType<(typeof session)["owner"]["create"]>>[];
beforeAll(async () => {
  [cluster, browser] = await Promise.all([sharedKeyPage(), sharedBrowser()]);
  session = await signIn(cluster);
  keys = [];
  for (let i = 0; i < 23; i++)
    keys.push(
      await session.owner.create({
        name: i === 7 ? "Needle" : `Production Server ${i}`,
        mode: i % 2 === 0 ? "live" : "test",
        permissions: PERMISSIONS,
        ...(i === 7 && { labels: { team: "hay" } }),
      }),
    );
});

const pages = new ReusedKeyPages();
const open = (options: { javaScriptEnabled?: boolean } = {}) =>
  pages.open(cluster, browser, { ...options, account: session.account });

const get = (path: string) => requestPage(cluster, `/portal${path}`, [session.cookie]);
const post = (path: string, fields: Record<string, string> | [string, string][]) =>
  requestPage(
    cluster,
    `/portal${path}`,
    [session.cookie, session.origin],
    new URLSearchParams([
      ["form_token", session.token],
      ...(Array.isArray(fields) ? fields : Object.entries(fields)),
    ]),
  );

function namesOn(page: RawResponse): string[] {
  const table = page.body.toString().match(/<tbody>[\s\S]*<\/tbody>/)?.[0] ?? "";
  return [...table.matchAll(/<th scope="row"><a [^>]*>([^<]*)</g)].map(([, name]) => name ?? "");
}

describe("a key is found by", () => {
  test.each([
    ["its name, in any case", () => "nEEdl"],
    ["its last four characters", () => keys[7]?.hint.slice(-4) ?? ""],
    ["its last four characters as the list shows them", () => `…${keys[7]?.hint.slice(-4)}`],
    ["its id", () => keys[7]?.id ?? ""],
    ["a label", () => "team:hay"],
    ["a label as its page shows it", () => "team: hay"],
    ["a label's value", () => "hay"],
  ])("%s", async (_, text) => {
    const page = await get(`/keys?q=${encodeURIComponent(text())}`);
    expect(namesOn(page)).toEqual(["Needle"]);
    expect(page.body.toString()).toContain("1–1 of 1");
  });

  test("no part of its id or of its hint's prefix", async () => {
    for (const text of [keys[7]?.id.slice(0, 10) ?? "", "oct_", "key_"]) {
      const page = await get(`/keys?q=${text}`);
      expect([namesOn(page), page.body.includes("No key matches this filter.")], text).toEqual([[], true]);
    }
  });
});

test("is listed with its counts in two ledger calls, however many keys there are", async () => {
  for (const path of ["/keys", "/keys?state=all&q=server&page=2"]) {
    await cluster.network.resetCounts();
    await get(path);
    expect((await cluster.network.counts()).ledgerCalls, path).toEqual({ portalSession: 1, portalKeys: 1 });
  }
});

test("a whole key is not searched for, and the page does not repeat it", async () => {
  const { secret } = await (await signIn(cluster)).owner.create();
  for (const path of [`/keys?q=${secret}`, `/activity?key=${secret}`]) {
    const page = (await get(path)).body.toString();
    expect(
      [page.includes(secret.slice(9)), page.includes("1–20 of"), page.includes("activity")],
      path,
    ).toEqual([false, path.startsWith("/keys"), true]);
  }
  expect((await get(`/keys?q=${secret}`)).body.toString()).toContain("its last four characters are enough");
  // A browser does not send it at all.
  const { page } = await open();
  await page.getByRole("searchbox").fill(secret);
  await page.getByRole("button", { name: "Apply" }).click();
  expect(await page.getByRole("searchbox").evaluate((field: HTMLInputElement) => field.validity.valid)).toBe(
    false,
  );
  expect(page.url()).not.toContain(secret);
});

test("a page says which of how many keys it shows, and leads to the others with the same filter", async () => {
  const first = await get("/keys?mode=&state=");
  expect(namesOn(first)).toHaveLength(20);
  expect(first.body.toString()).toContain("1–20 of 23");
  const older = /<a href="([^"]+)">Older</.exec(first.body.toString())?.[1]?.replaceAll("&amp;", "&") ?? "";
  const second = await requestPage(cluster, older, [session.cookie]);
  expect(namesOn(second)).toEqual([2, 1, 0].map((i) => `Production Server ${i}`));
  expect(second.body.toString()).toContain("21–23 of 23");
  const live = await get("/keys?mode=live&q=server");
  expect(live.body.toString()).toContain("1–12 of 12");
  for (const page of ["0", "-1", "1.5", "99", "x"])
    expect((await get(`/keys?page=${page}`)).status, page).toBe(200);
});

test("20 keys fit one view of a desktop, in one small request; a phone has cards without horizontal scrolling", async () => {
  const { page } = await open();
  await page.setViewportSize({ width: 1440, height: 900 });
  const requests: string[] = [];
  page.on("request", (request) => requests.push(request.url()));
  const response = await page.reload();
  await page.waitForLoadState("networkidle");
  expect(await page.locator(".keys tbody tr").count()).toBe(20);
  expect(await page.evaluate(() => document.documentElement.scrollHeight)).toBeLessThanOrEqual(1000);
  const lastRow = await page.locator(".keys tbody tr").last().boundingBox();
  expect((lastRow?.y ?? 0) + (lastRow?.height ?? 0)).toBeLessThanOrEqual(900);
  expect(requests).toHaveLength(1);
  expect(gzipSync((await response?.body()) ?? Buffer.alloc(0)).length).toBeLessThan(12 * 1024);
  await page.setViewportSize({ width: 360, height: 740 });
  expect(
    await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth),
  ).toBe(0);
  expect(await page.getByRole("link", { name: "Revoke: Production Server 22" }).isVisible()).toBe(true);
});

describe("the export", () => {
  test("has every key of the filter, with state, permissions and times", async () => {
    const file = await get("/keys.csv?mode=test");
    expect([file.status, file.header("Content-Type"), file.header("Content-Disposition")]).toEqual([
      200,
      "text/csv; charset=utf-8",
      'attachment; filename="api-keys.csv"',
    ]);
    const [head, ...rows] = file.body.toString().replace("\ufeff", "").trimEnd().split("\r\n");
    expect(head).toMatch(
      /^name,id,hint,mode,state,permissions,allowed_ips,labels,requests_per_minute,publish_per_hour,created_at,/,
    );
    expect(rows).toHaveLength(11);
    const needle = rows.find((row) => row.startsWith("Needle,")) ?? "";
    expect(needle).toContain(`${keys[7]?.id},${keys[7]?.hint},test,active,${PERMISSIONS.join(" ")},`);
    expect(file.body.toString()).not.toMatch(/oct_(?:live|test)_[0-9A-Za-z]{30}/);
  });

  test("has no cell that a spreadsheet takes for a formula", async () => {
    const { cookie, owner } = await signIn(cluster);
    const name = '=HYPERLINK("https://evil.example","Click")';
    await owner.create({ name });
    const file = await requestPage(cluster, "/portal/keys.csv", [cookie]);
    expect(file.body.toString()).toContain(`"'=HYPERLINK(""https://evil.example"",""Click"")",key_`);
    const activity = await requestPage(cluster, "/portal/activity.csv", [cookie]);
    expect(activity.body.toString()).toContain(`"'=HYPERLINK(""`);
    for (const text of ["=1", "+1", "-1", "@SUM(1)", "\t=1", "\r=1", " =1", "＝1", "＠SUM(1)"]) {
      const [, cell] = csvOf(["x"], [[text]]).split("\r\n");
      expect(cell?.replace(/^"/, "").startsWith("'"), JSON.stringify(text)).toBe(true);
    }
    expect(csvOf(["a"], [["x-1"], [null], [-1]])).toBe("\ufeffa\r\nx-1\r\n\r\n-1\r\n");
  });
});

describe("several keys are revoked at once", () => {
  test("after a page that names each; the receipts say since when", async () => {
    const { cookie, owner } = session;
    const selected = keys.slice(0, 3);
    await owner.use(selected[0]?.secret ?? "");
    const query = new URLSearchParams(selected.map(({ id }) => ["id", id]));
    const confirmation = await get(`/keys/revoke?${query}`);
    expect(confirmation.body.toString()).toContain("Revoke 3 keys?");
    for (const { hint } of selected) expect(confirmation.body.toString()).toContain(hint);
    expect((await owner.get(selected[0]?.id ?? "")).revoked_at).toBeNull();
    const done = await post(
      "/keys/revoke",
      selected.map(({ id }): [string, string] => ["id", id]),
    );
    expect(done.status).toBe(303);
    for (const { secret } of selected) expect(await owner.statusOf(secret)).toBe(401);
    const receipts = await requestPage(cluster, done.header("Location") ?? "", [cookie]);
    const text = receipts.body.toString();
    expect(text).toContain("3 keys are revoked");
    expect([...text.matchAll(/Revoked everywhere since <time datetime="([^"]+)">/g)]).toHaveLength(3);
    // The same form again leads to the same receipts and makes no event.
    const events = (await owner.events()).length;
    const again = await post(
      "/keys/revoke",
      selected.map(({ id }): [string, string] => ["id", id]),
    );
    expect(again.header("Location")).toBe(done.header("Location"));
    expect(await owner.events()).toHaveLength(events);
  });

  test("never with a GET, never another account's, and nothing when nothing is selected", async () => {
    const other = await signIn(cluster);
    const foreign = await other.owner.create();
    for (const response of [
      await get(`/keys/revoke?id=${foreign.id}`),
      await post("/keys/revoke", { id: foreign.id }),
    ])
      expect(response.status).toBe(404);
    expect((await other.owner.get(foreign.id)).revoked_at).toBeNull();
    await get(`/keys/revoke?id=${keys[5]?.id}`);
    expect((await session.owner.get(keys[5]?.id ?? "")).revoked_at).toBeNull();
    const none = await get("/keys/revoke");
    expect([none.status, none.header("Location")]).toEqual([303, "/portal/keys"]);
    const forged = await requestPage(cluster, "/portal/keys/revoke", [session.cookie, session.origin], {
      form_token: other.token,
      id: keys[5]?.id ?? "",
    });
    expect(forged.status).toBe(403);
    expect((await session.owner.get(keys[5]?.id ?? "")).revoked_at).toBeNull();
  });

  test("in a browser without JavaScript, from the checkboxes of the list", async () => {
    const { page } = await open({ javaScriptEnabled: false });
    const button = page.getByRole("button", { name: "Revoke selected…" });
    expect(await button.isVisible()).toBe(false);
    await page.getByRole("checkbox", { name: "Select: Production Server 22" }).check();
    await page.getByRole("checkbox", { name: "Select: Production Server 21" }).check();
    await button.click();
    await page.getByRole("button", { name: "Revoke 2 keys" }).click();
    await page.getByRole("heading", { name: "2 keys are revoked" }).waitFor();
    expect((await session.owner.get(keys[22]?.id ?? "")).revoked_at).not.toBeNull();
  });
});
