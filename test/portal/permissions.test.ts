/** A new permission is one line of policy.ts: the key page offers it and shows it with no other edit. */

import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { PERMISSIONS } from "../../src/policy.ts";
import { Account } from "../control/account.ts";
import { startBrowser } from "../support/browser.ts";
import { buildChangedWorker } from "../support/changed-worker.ts";
import { type GatewayCluster, startCluster } from "../support/gateway-cluster.ts";
import { type OpenKeyPage, openKeyPage, SETTINGS } from "./key-page.ts";

/** A resource without `write`, an action that no other resource has, and a resource of two words. */
const NEW_PERMISSIONS = `
  "media:read": "List and retrieve media files",
  "posts:publish": "Publish posts",
  "brand_kits:write": "Create and update brand kits",
`;

let remove: () => Promise<void>;
let cluster: GatewayCluster;
let browser: Browser;
let opened: OpenKeyPage;
let owner: Account;
beforeAll(async () => {
  const built = await buildChangedWorker({
    "src/policy.ts": (text) => text.replace('  "webhooks:write":', `${NEW_PERMISSIONS}  "webhooks:write":`),
  });
  remove = built.remove;
  [cluster, browser] = await Promise.all([
    startCluster({ settings: SETTINGS, bundle: built.bundle }),
    startBrowser(),
  ]);
  opened = await openKeyPage(cluster, browser);
  owner = new Account(cluster, opened.account);
});
afterAll(async () => {
  await browser?.close();
  await cluster?.close();
  await remove?.();
});

test("the form of a new key offers every permission", async () => {
  const { page, origin } = opened;
  await page.goto(`${origin}/portal/keys/new`);
  const offered = await page
    .locator("input[name=permissions]")
    .evaluateAll((boxes) => boxes.map((box) => (box as HTMLInputElement).value));
  const added = ["media:read", "posts:publish", "brand_kits:write"];
  expect(offered.sort()).toEqual([...Object.keys(PERMISSIONS), ...added].sort());
  expect(await page.getByRole("columnheader").allInnerTexts()).toEqual([
    "Resource",
    "Read",
    "Write",
    "Publish",
  ]);
  expect(await page.getByRole("rowheader").allInnerTexts()).toEqual([
    "Posts",
    "Accounts",
    "Presets",
    "Webhooks",
    "Media",
    "Brand kits",
  ]);
  expect(await page.getByText("List and retrieve media files").isVisible()).toBe(true);
});

test("a key with a new permission is created on the page, and every page shows the permission", async () => {
  const { page, origin } = opened;
  await page.goto(`${origin}/portal/keys/new`);
  await page.getByLabel("Name").fill("Uploader");
  await page.getByRole("checkbox", { name: /media:read/ }).check();
  await page.getByRole("button", { name: "Create key" }).click();
  expect(await page.getByRole("main").textContent()).toContain("Media: read");
  const [key] = await owner.keys();
  expect(key?.permissions).toEqual(["media:read"]);
  for (const path of ["/keys", `/keys/${key?.id}`, `/keys/${key?.id}/rotate`, `/keys/${key?.id}/revoke`]) {
    await page.goto(`${origin}/portal${path}`);
    expect(await page.getByRole("main").textContent(), path).toContain("Media: read");
  }
});

test("several actions on a resource are listed in words", async () => {
  const { page, origin } = opened;
  const permissions = ["posts:read", "posts:write", "posts:publish", "brand_kits:write"];
  const { id } = await owner.create({ permissions });
  await page.goto(`${origin}/portal/keys/${id}`);
  expect(await page.getByRole("main").textContent()).toContain(
    "Posts: read, write and publish, Brand kits: write",
  );
});
