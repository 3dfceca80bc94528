/** A session can be kept from ending: by a button without JavaScript, and by a warning two minutes before its end. */

import type { Browser } from "playwright-core";
import { beforeAll, expect, test } from "vitest";
import { Account } from "../control/account.ts";
import type { GatewayCluster } from "../support/gateway-cluster.ts";
import { sharedBrowser } from "../support/shared.ts";
import {
  expireSessions,
  NEW_KEY_PAGE,
  ReusedKeyPages,
  requestPage,
  sharedKeyPage,
  signIn,
} from "./key-page.ts";
import { MarkupBrowser } from "./markup-browser.ts";

const MINUTE_MS = 60_000;

let cluster: GatewayCluster;
let browser: Browser;
beforeAll(async () => {
  [cluster, browser] = await Promise.all([sharedKeyPage(), sharedBrowser()]);
});

/** Lets the account's sessions end so soon, and have begun so long ago. */
const setEnd = (account: string, inMs: number, begunMsAgo = 0) =>
  cluster.network.ledgerRows(
    account,
    `UPDATE portal_tokens SET ends_at = ${Date.now() + inMs}, began_at = ${Date.now() - begunMsAgo} WHERE kind = 'session'`,
  );

async function minutesLeft(account: string): Promise<number> {
  const rows = await cluster.network.ledgerRows(
    account,
    "SELECT ends_at FROM portal_tokens WHERE kind = 'session'",
  );
  return Math.round((Number(rows[0]?.ends_at) - Date.now()) / MINUTE_MS);
}

const pages = new ReusedKeyPages();
const open = (options: { at?: string } = {}) => pages.open(cluster, browser, options);

test("the button in the footer postpones the end without JavaScript", async () => {
  const page = await MarkupBrowser.open(cluster);
  const account = page.owner.name;
  await setEnd(account, 3 * MINUTE_MS);
  expect(page.html.slice(page.html.indexOf("<footer>"))).toContain(">Stay signed in</button>");
  await page.submit("Stay signed in");
  expect(page.heading).toBe("API keys");
  expect(await minutesLeft(account)).toBe(30);
});

test("a warning two minutes before the end postpones it in place, with what was typed", async () => {
  const { page, account } = await open({ at: NEW_KEY_PAGE });
  const warning = page.getByText("Your session ends in less than two minutes.");
  expect(await warning.isVisible()).toBe(false);
  await setEnd(account, 2 * MINUTE_MS + 3000);
  await page.reload();
  await page.getByLabel("Name").fill("Half filled in");
  expect(await warning.isVisible()).toBe(false);
  await warning.waitFor({ state: "visible", timeout: 10_000 });
  await page.getByRole("alert").getByRole("button", { name: "Stay signed in" }).click();
  await warning.waitFor({ state: "hidden" });
  expect(await minutesLeft(account)).toBe(30);
  expect(await page.getByLabel("Name").inputValue()).toBe("Half filled in");
  const cookies = await page.context().cookies();
  expect((cookies[0]?.expires ?? 0) * 1000 - Date.now()).toBeGreaterThan(29 * MINUTE_MS);
});

test("a session that cannot be extended leaves the page as it is, and says so", async () => {
  const { page, account } = await open({ at: NEW_KEY_PAGE });
  await page.getByLabel("Name").fill("Half filled in");
  const lift = await cluster.network.fault({
    on: "ledger",
    operation: "extendPortalSession",
    how: "fail-before",
  });
  await page.locator("footer").getByRole("button", { name: "Stay signed in" }).click();
  const again = page.locator("footer").getByRole("button", { name: "Not extended: try again" });
  await again.waitFor();
  expect(await page.getByLabel("Name").inputValue()).toBe("Half filled in");
  await lift();
  await setEnd(account, 5 * MINUTE_MS);
  await again.click();
  await page.locator("footer").getByRole("button", { name: "Stay signed in" }).waitFor();
  expect(await minutesLeft(account)).toBe(30);
  await expireSessions(cluster, account);
  await page.locator("footer").getByRole("button", { name: "Stay signed in" }).click();
  await page.getByText("Your session has ended. Open this page again").waitFor();
  expect(await page.getByLabel("Name").inputValue()).toBe("Half filled in");
});

test("the warning is in the dialog that is open, and the end can be postponed there", async () => {
  const { page, account, origin } = await open();
  await new Account(cluster, account).create({ name: "Worker" });
  await setEnd(account, 2 * MINUTE_MS + 3000);
  await page.goto(`${origin}/portal/keys`);
  await page.getByRole("link", { name: "Change: Worker" }).click();
  const dialog = page.getByRole("dialog");
  const button = dialog.getByRole("alert").getByRole("button", { name: "Stay signed in" });
  await button.waitFor({ timeout: 10_000 });
  await button.click();
  await button.waitFor({ state: "hidden" });
  expect(await minutesLeft(account)).toBe(30);
  await page.keyboard.press("Escape");
  expect(await dialog.count()).toBe(0);
  await page.locator("body > #session-warning").waitFor({ state: "attached" });
});

test("an ended session is said on the page, and cannot be extended", async () => {
  const { page, account, origin } = await open();
  await setEnd(account, 1500);
  await page.goto(`${origin}/portal/test`);
  await page.getByText("Your session has ended. Open this page again").waitFor({ timeout: 10_000 });
  const { cookie, token, origin: sent, account: other } = await signIn(cluster);
  await expireSessions(cluster, other);
  const late = await requestPage(cluster, "/portal/stay", [cookie, sent], { form_token: token });
  expect(late.status).toBe(403);
  expect(await minutesLeft(other)).toBeLessThan(0);
});

test("a session ends 12 hours after it began, however often it is extended", async () => {
  const { cookie, token, origin, account } = await signIn(cluster);
  await setEnd(account, MINUTE_MS, 12 * 60 * MINUTE_MS - 10 * MINUTE_MS);
  for (let i = 0; i < 2; i++) {
    const stayed = await requestPage(cluster, "/portal/stay", [cookie, origin], { form_token: token });
    expect(stayed.status).toBe(303);
    expect(await minutesLeft(account)).toBe(10);
  }
  await setEnd(account, 5 * MINUTE_MS, 13 * 60 * MINUTE_MS);
  await requestPage(cluster, "/portal/stay", [cookie, origin], { form_token: token });
  // It is never shortened.
  expect(await minutesLeft(account)).toBe(5);
});
