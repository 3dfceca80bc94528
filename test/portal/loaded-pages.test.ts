/** Pages that the script loads: a form for a dialog, and the state of a rotation. */

import type { Browser } from "playwright-core";
import { beforeAll, expect, test } from "vitest";
import type { GatewayCluster } from "../support/gateway-cluster.ts";
import { sharedBrowser } from "../support/shared.ts";
import { ReusedKeyPages, sharedKeyPage } from "./key-page.ts";

let cluster: GatewayCluster;
let browser: Browser;
beforeAll(async () => {
  [cluster, browser] = await Promise.all([sharedKeyPage(), sharedBrowser()]);
});

const pages = new ReusedKeyPages();
const open = () => pages.open(cluster, browser);

test("a link that is clicked twice opens one dialog", async () => {
  const { page, owner } = await open();
  await owner.create({ name: "Twice" });
  await page.reload();
  await page.getByRole("link", { name: "Revoke: Twice" }).dblclick();
  await page.getByRole("dialog").waitFor();
  await page.waitForTimeout(500);
  expect(await page.locator("dialog").count()).toBe(1);
});

test("the page of a rotation shows that its old key was revoked elsewhere", async () => {
  const { page, origin, owner } = await open();
  const old = await owner.create({ name: "Old" });
  await owner.rotate(old.id, 86_400);
  await page.goto(`${origin}/portal/keys/${old.id}/rotate`);
  await page.getByText("This step opens when the new key has been used").waitFor();
  await owner.revoke(old.id);
  await page.getByText("This key is revoked and cannot be rotated.").waitFor({ timeout: 15_000 });
});
