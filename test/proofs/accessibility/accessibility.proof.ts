/**
 * No page of the key page violates a rule of axe-core (WCAG 2.2 AA), light or dark, or scrolls horizontally at 320 px.
 * test/portal/accessibility.test.ts shows that violations are found.
 */

import type { Page } from "playwright-core";
import { beforeAll, expect, test } from "vitest";
import { Account } from "../../control/account.ts";
import { COLOUR_RULES, loadAxe, violationsOn } from "../../portal/axe.ts";
import {
  createKeyOnPage,
  expireSessions,
  type OpenKeyPage,
  openKeyPage,
  RETURN_URL,
  sharedKeyPage,
} from "../../portal/key-page.ts";
import type { GatewayCluster } from "../../support/gateway-cluster.ts";
import { sharedBrowser } from "../../support/shared.ts";
import { shareOf } from "../share.ts";

let cluster: GatewayCluster;
let opened: OpenKeyPage;
let ids: { active: string; retiring: string; revoked: string };
beforeAll(async () => {
  const [keyPage, browser] = await Promise.all([sharedKeyPage(), sharedBrowser()]);
  cluster = keyPage;
  const owner = new Account(cluster);
  const sha256 = "ab".repeat(32);
  const created_at = new Date(Date.now() - 112 * 86_400_000).toISOString();
  await owner.call("POST", "/keys/import", { keys: [{ sha256, name: "Old job", mode: "live", created_at }] });
  const revoked = await owner.create({ name: "Revoked" });
  await owner.revoke(revoked.id);
  const retiring = await owner.create({ name: "Retiring" });
  await owner.rotate(retiring.id, 86_400);
  const active = await owner.create({ name: "Active", permissions: ["posts:read", "posts:write"] });
  ids = { active: active.id, retiring: retiring.id, revoked: revoked.id };
  const input = { return_url: RETURN_URL };
  opened = await openKeyPage(cluster, browser, { account: owner.name, input, reducedMotion: "reduce" });
  await loadAxe(opened.context);
});

const goTo = (path: string) => async (page: Page) => {
  await page.goto(`${opened.origin}/portal${path}`);
};

async function openDialog(page: Page, link: string): Promise<void> {
  await goTo("/keys")(page);
  await page.getByRole("link", { name: link }).click();
  await page.getByRole("dialog").waitFor();
}

/** Every page, and how to open it. Of each four, which are similar, the first is in the share. */
const PAGES: readonly (readonly [name: string, open: (page: Page) => Promise<unknown>])[] = [
  ["list", goTo("/keys?state=all")],
  ["list, no match", goTo("/keys?q=nothing")],
  ["new key", goTo("/keys/new")],
  ["page not found", goTo("/nothing")],

  [
    "new key, refused",
    async (page) => {
      await goTo("/keys/new")(page);
      await page.getByRole("radio", { name: "Full access" }).check();
      await page.getByLabel("Name").fill(" ");
      await page.getByLabel("Expires").selectOption("date");
      await page.getByLabel("Last day").fill("2020-01-01");
      await page.getByRole("button", { name: "Create key" }).click();
      await page.getByRole("alert").waitFor();
    },
  ],
  ["change access", (page) => goTo(`/keys/${ids.active}/edit`)(page)],
  ["rotate, first step", (page) => goTo(`/keys/${ids.active}/rotate`)(page)],
  ["rotate, last steps", (page) => goTo(`/keys/${ids.retiring}/rotate`)(page)],

  ["secret shown", (page) => createKeyOnPage(page, "Shown")],
  [
    "secret shown before",
    async (page) => {
      await createKeyOnPage(page, "Shown");
      await page.reload();
    },
  ],
  [
    "leave without copying",
    async (page) => {
      await createKeyOnPage(page, "Not copied");
      await page.getByRole("link", { name: "Activity" }).click();
      await page.getByRole("dialog").waitFor();
    },
  ],
  ["revoke", (page) => goTo(`/keys/${ids.active}/revoke`)(page)],

  ["change access, in a dialog", (page) => openDialog(page, "Change: Active")],
  ["revoke, in a dialog", (page) => openDialog(page, "Revoke: Active")],
  ["suspend", (page) => goTo(`/keys/${ids.active}/suspend`)(page)],
  ["details of a revoked key", (page) => goTo(`/keys/${ids.revoked}`)(page)],

  ["details", (page) => goTo(`/keys/${ids.active}`)(page)],
  ["revoke selected", (page) => goTo(`/keys/revoke?id=${ids.active}&id=${ids.retiring}`)(page)],
  ["receipt of selected", (page) => goTo(`/keys/revoke?id=${ids.revoked}`)(page)],
  ["activity of one key", (page) => goTo(`/activity?key=${ids.active}`)(page)],

  ["receipt", (page) => goTo(`/keys/${ids.revoked}/revoke`)(page)],
  ["activity, no such key", goTo("/activity?key=nothing")],
  ["test", goTo("/test")],
  [
    "test, unknown key",
    async (page) => {
      await goTo("/test")(page);
      await page.getByLabel("API key").fill("oct_live_nothing");
      await page.getByRole("button", { name: "Test key" }).click();
      await page.getByText("This is not an Octopost key").waitFor();
    },
  ],

  ["activity", goTo("/activity")],
  ["used link", goTo("/enter/x")],
  [
    // The last, since it ends the session.
    "ended session",
    async (page) => {
      await expireSessions(cluster, opened.account);
      await goTo("/keys")(page);
      expect(await page.title()).toContain("Your session has ended");
    },
  ],
];

test.each(shareOf(PAGES, 4))(
  "%s: no violation, light or dark, and no horizontal scrolling at 320 px",
  async (_, open) => {
    const { page } = opened;
    await page.setViewportSize({ width: 1200, height: 800 });
    await page.emulateMedia({ colorScheme: "light" });
    await open(page);
    expect(await violationsOn(page), "light").toEqual([]);
    await page.emulateMedia({ colorScheme: "dark" });
    expect(await violationsOn(page, COLOUR_RULES), "dark").toEqual([]);
    await page.setViewportSize({ width: 320, height: 640 });
    const overflow = () => document.documentElement.scrollWidth - document.documentElement.clientWidth;
    expect(await page.evaluate(overflow)).toBeLessThanOrEqual(0);
  },
);
