/**
 * Going back in a browser that keeps pages in its back/forward cache, as a user's browser does: no key is shown again, and
 * buttons are usable. The only file that starts such a browser, in which each page costs a process.
 */

import type { Browser } from "playwright-core";
import { beforeAll, expect, onTestFinished, test } from "vitest";
import type { GatewayCluster } from "../support/gateway-cluster.ts";
import { sharedBrowser } from "../support/shared.ts";
import {
  contentOf,
  fillNewKey,
  KEY_TEXT,
  NEW_KEY_PAGE,
  openKeyPage,
  sharedKeyPage,
  submitNewKey,
} from "./key-page.ts";

let cluster: GatewayCluster;
let browser: Browser;
beforeAll(async () => {
  [cluster, browser] = await Promise.all([sharedKeyPage(), sharedBrowser({ keepsPages: true })]);
});

async function open(options: { javaScriptEnabled?: boolean; at?: string } = {}) {
  const opened = await openKeyPage(cluster, browser, options);
  onTestFinished(() => opened.context.close());
  return opened;
}

test.each([
  ["with JavaScript", true],
  ["without JavaScript", false],
])("%s, going on and then back does not show a key again", async (_, javaScriptEnabled) => {
  const { page } = await open({ javaScriptEnabled, at: NEW_KEY_PAGE });
  await submitNewKey(page, "Once");
  await page.getByRole("link", { name: "I have copied it" }).click();
  await page.getByRole("heading", { name: "API keys" }).waitFor();
  await page.goBack();
  await page.getByRole("heading", { name: "This key has been shown" }).waitFor();
  expect(await contentOf(page)).not.toMatch(KEY_TEXT);
});

test("going back to a submitted form shows a usable button", async () => {
  const { page } = await open({ at: NEW_KEY_PAGE });
  await fillNewKey(page, "Once");
  await page.getByRole("button", { name: "Create key" }).click();
  await page.getByLabel("Your new API key").waitFor();
  await page.goBack();
  const button = page.getByRole("button", { name: "Create key" });
  await button.waitFor();
  expect(await button.getAttribute("aria-disabled")).toBeNull();
});
