/**
 * The rows of the list: what stands in them for a key in each state, what they offer, and what is done from them without
 * leaving the list.
 */

import type { Browser, Page } from "playwright-core";
import { beforeAll, expect, onTestFinished, test } from "vitest";
import type { GatewayCluster } from "../support/gateway-cluster.ts";
import { sharedBrowser } from "../support/shared.ts";
import { originOf, ReusedKeyPages, requestPage, sharedKeyPage, signIn } from "./key-page.ts";

/** That of a new browser page. */
const VIEWPORT = { width: 1280, height: 720 };
const PERMISSIONS = ["posts:read", "posts:write", "accounts:read", "webhooks:write"];

let cluster: GatewayCluster;
let browser: Browser;
beforeAll(async () => {
  [cluster, browser] = await Promise.all([sharedKeyPage(), sharedBrowser()]);
});

const pages = new ReusedKeyPages();
const open = () => pages.open(cluster, browser);

/** As the gateway does when it hears of a key in public and is told to notify only. */
async function expose(account: string, keyId: string): Promise<void> {
  await cluster.network.ledgerRows(
    account,
    `INSERT INTO events (at, actor, action, key_id, details)
     VALUES (1, 'github', 'exposed', '${keyId}', '{"url":"https://code.example/1"}')`,
  );
}

test("a key in every state fits the window at each width, with its last four characters", async () => {
  const { page, owner } = await open();
  onTestFinished(() => page.setViewportSize(VIEWPORT));
  const name = "Nightly import of the archive of a partner with a long name";
  const allowed_ips = ["203.0.113.0/24"];
  const old = await owner.create({ name, mode: "live", permissions: PERMISSIONS, allowed_ips });
  await owner.rotate(old.id, 30 * 86_400);
  const suspended = await owner.create({ name });
  await owner.suspend(suspended.id);
  const created_at = new Date(Date.now() - 200 * 86_400_000).toISOString();
  const keys = [{ sha256: "cd".repeat(32), name: "Imported", mode: "live", created_at }];
  await owner.call("POST", "/keys/import", { keys });
  await page.goto(`${originOf(cluster)}/portal/keys?state=all`);
  for (const width of [320, 640, 1024, 1025, 1100, 1200, 1280, 1281, 1440, 1920]) {
    await page.setViewportSize({ width, height: 800 });
    const overflow = () => document.documentElement.scrollWidth - document.documentElement.clientWidth;
    expect(await page.evaluate(overflow), `${width} px`).toBe(0);
    const code = page.locator("th code", { hasText: old.hint.slice(-4) }).first();
    const [hint, row] = [await code.boundingBox(), await code.locator("..").boundingBox()];
    const isWhole = hint && row && hint.x + hint.width <= row.x + row.width + 1;
    expect(isWhole, `${width} px: ${JSON.stringify([hint, row])}`).toBe(true);
  }
  // The text of an imported key is not known.
  expect(await page.locator("tr", { hasText: "Imported" }).locator("code").count()).toBe(0);
});

test("the keys of a rotation link to each other, and states offer what one would want", async () => {
  const { cookie, owner } = await signIn(cluster);
  const old = await owner.create({ name: "Old" });
  const successor = await owner.rotate(old.id, 86_400);
  const revoked = await owner.create({ name: "Revoked" });
  await owner.revoke(revoked.id);
  const expired = await owner.create({ name: "Expired" });
  const soon = await owner.create({
    name: "Soon",
    expires_at: new Date(Date.now() + 3 * 86_400_000).toISOString(),
  });
  await cluster.network.ledgerRows(owner.name, `UPDATE keys SET expires_at = 1 WHERE id = '${expired.id}'`);
  const body = (await requestPage(cluster, "/portal/keys?state=all", [cookie])).body.toString();
  const rowOf = (id: string) =>
    body
      .match(/<tr>[\s\S]*?<\/tr>/g)
      ?.find((row) => row.includes(`<th scope="row"><a href="/portal/keys/${id}"`)) ?? "";
  expect(rowOf(old.id)).toContain(`href="/portal/keys/${successor.id}"`);
  expect(rowOf(successor.id)).toContain(`href="/portal/keys/${old.id}"`);
  const offers = (id: string) =>
    [...rowOf(id).matchAll(/aria-label="([A-Z][^":]*): /g)].map(([, label]) => label);
  expect(offers(old.id)).toEqual(["Select", "Replaced", "Change", "Continue rotation", "Suspend", "Revoke"]);
  expect(offers(successor.id)).toEqual([
    "Select",
    `Replaces …${old.hint.slice(-4)}`,
    "Change",
    "Rotate",
    "Suspend",
    "Revoke",
  ]);
  expect(offers(revoked.id)).toEqual(["Create one like it"]);
  expect(offers(expired.id)).toEqual(["Select", "Create one like it", "Revoke"]);
  expect(rowOf(soon.id)).toContain("Expires in 3 days");
});

const receiptOn = (page: Page) => page.getByRole("status").filter({ hasText: "In effect everywhere since" });

test("a key is suspended and resumed in the list; the receipt stands above the same filter", async () => {
  const { page, origin, owner } = await open();
  const key = await owner.create({ name: "Worker" });
  await owner.create({ name: "Other" });
  await owner.use(key.secret);
  await page.goto(`${origin}/portal/keys?q=work&state=all`);
  await page.getByRole("link", { name: "Suspend: Worker" }).click();
  await page.getByRole("heading", { name: "Suspend Worker?" }).waitFor();
  expect((await owner.get(key.id)).state).toBe("active");
  await page.getByRole("button", { name: "Suspend key" }).click();
  await receiptOn(page).waitFor();
  expect(await receiptOn(page).textContent()).toContain("Worker");
  expect(await receiptOn(page).textContent()).toContain("Suspended.");
  expect(await owner.statusOf(key.secret)).toBe(401);
  expect(await page.getByRole("searchbox").inputValue()).toBe("work");
  expect(await page.getByText("1–1 of 1").isVisible()).toBe(true);
  await page.getByRole("button", { name: "Resume: Worker" }).click();
  await page.getByRole("link", { name: "Suspend: Worker" }).waitFor();
  // A resumption holds within a lease.
  await expect.poll(() => owner.statusOf(key.secret), { timeout: 5000 }).toBe(200);
});

test("access is changed in a dialog of the list, also after the form was refused, with the receipt in the list", async () => {
  const { page, owner } = await open();
  const key = await owner.create({ name: "Worker", mode: "test" });
  await page.reload();
  await page.getByRole("link", { name: "Change: Worker" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("radio", { name: "Only these" }).check();
  await dialog.getByRole("button", { name: "Save" }).click();
  await page.getByRole("alert").filter({ hasText: "at least one" }).waitFor();
  await page.getByRole("checkbox", { name: "posts:read" }).check();
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("Access changed. In effect everywhere since").waitFor();
  expect(new URL(page.url()).pathname).toBe("/portal/keys");
  expect((await owner.get(key.id)).permissions).toEqual(["posts:read"]);
});

test("a list in a form leads to the list and nowhere else", async () => {
  const { cookie, origin, token, owner } = await signIn(cluster);
  const key = await owner.create();
  for (const list of ["//evil.example", "q=%0d%0aSet-Cookie:a", "page=1e9&state=constructor&since=1"]) {
    const form = { form_token: token, list };
    const done = await requestPage(cluster, `/portal/keys/${key.id}/suspend`, [cookie, origin], form);
    const location = new URL(done.header("Location") ?? "", originOf(cluster));
    expect([done.status, location.origin, location.pathname], list).toEqual([
      303,
      originOf(cluster),
      "/portal/keys",
    ]);
    expect([...location.searchParams.keys()], list).toEqual([
      "q",
      "mode",
      "state",
      "page",
      "changed",
      "done",
      "since",
      "proof",
    ]);
    const page = await requestPage(cluster, `${location.pathname}${location.search}`, [cookie]);
    expect([page.status, page.body.includes("In effect everywhere since")], list).toEqual([200, true]);
    await owner.resume(key.id);
  }
});

test("a key that was found in public says so until it is revoked, in the list and on its page", async () => {
  const { cookie, owner, account } = await signIn(cluster);
  const [exposed, revoked, other] = [await owner.create(), await owner.create(), await owner.create()];
  for (const { id } of [exposed, revoked]) await expose(account, id);
  await owner.revoke(revoked.id);
  const get = async (path: string) =>
    (await requestPage(cluster, `/portal${path}`, [cookie])).body.toString();
  expect((await get("/keys?state=all")).match(/Found in public/g)).toHaveLength(1);
  const where = `href="/portal/activity?key=${exposed.id}&amp;action=exposed"`;
  expect(await get(`/keys/${exposed.id}`)).toContain(where);
  for (const { id } of [revoked, other]) expect(await get(`/keys/${id}`)).not.toContain("found in public.");
  expect(await get(`/activity?key=${exposed.id}&action=exposed`)).toContain("https://code.example/1");
});

test("a suspended key that was found in public is not to be rotated or resumed, but revoked and replaced", async () => {
  const { cookie, owner, account } = await signIn(cluster);
  const { id } = await owner.create();
  await expose(account, id);
  await owner.suspend(id);
  const get = async (path: string) =>
    (await requestPage(cluster, `/portal${path}`, [cookie])).body.toString();
  expect(await get("/keys")).toContain(`<a class="badge exposed" href="/portal/keys/${id}">`);
  const page = await get(`/keys/${id}`);
  expect(page).toContain("Do not resume it.");
  expect(page).toContain(`href="/portal/keys/new?like=${id}"`);
  expect(page).not.toMatch(/rotate it now|href="[^"]*\/rotate"/);
});

test("a key that is revoked from a page of the list leads back to that page", async () => {
  const { cookie, origin, token, owner } = await signIn(cluster);
  const { id } = await owner.create({ name: "Worker" });
  const list = "q=work&mode=&state=all&page=1";
  const rows = (await requestPage(cluster, `/portal/keys?${list}`, [cookie])).body.toString();
  const link = `/portal/keys/${id}/revoke?${new URLSearchParams({ list })}`;
  expect(rows).toContain(`href="${link}"`);
  const form = (await requestPage(cluster, link, [cookie])).body.toString();
  expect(form).toContain(`href="/portal/keys?${list.replaceAll("&", "&amp;")}" data-close`);
  const fields = { form_token: token, list };
  const done = await requestPage(cluster, `/portal/keys/${id}/revoke`, [cookie, origin], fields);
  expect(done.header("Location")).toBe(link);
  const receipt = (await requestPage(cluster, link, [cookie])).body.toString();
  expect(receipt).toContain(`href="/portal/keys?${list.replaceAll("&", "&amp;")}">To your keys`);
});

test("no key of a suspended account offers to be resumed, and the page says why", async () => {
  const { cookie, owner } = await signIn(cluster);
  const [key, suspended] = [await owner.create(), await owner.create()];
  await owner.suspend(suspended.id);
  await owner.call("POST", "/suspend");
  for (const path of ["/keys", `/keys/${key.id}`, `/keys/${suspended.id}`]) {
    const page = (await requestPage(cluster, `/portal${path}`, [cookie])).body.toString();
    expect([/>Resume</.test(page), /suspended all keys|All keys of this account/.test(page)], path).toEqual([
      false,
      true,
    ]);
  }
  await owner.call("POST", "/resume");
  const page = (await requestPage(cluster, "/portal/keys", [cookie])).body.toString();
  expect(page.match(/>Resume</g)).toHaveLength(1);
});
