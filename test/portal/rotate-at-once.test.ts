/** The rotation of a leaked key: the form says what it will do as soon as “No time” is chosen, also without JavaScript. */

import type { Browser } from "playwright-core";
import { beforeAll, describe, expect, test } from "vitest";
import type { GatewayCluster } from "../support/gateway-cluster.ts";
import { sharedBrowser } from "../support/shared.ts";
import { ReusedKeyPages, sharedKeyPage } from "./key-page.ts";
import { MarkupBrowser } from "./markup-browser.ts";

let cluster: GatewayCluster;
let browser: Browser;
beforeAll(async () => {
  [cluster, browser] = await Promise.all([sharedKeyPage(), sharedBrowser()]);
});

const pages = new ReusedKeyPages();
const open = (options: { javaScriptEnabled?: boolean } = {}) => pages.open(cluster, browser, options);

describe.each([
  ["with JavaScript", true],
  ["without JavaScript", false],
])("%s", (_, javaScriptEnabled) => {
  test("a leaked key is found, replaced and revoked at once, from the page that would only revoke it", async () => {
    const { page, owner } = await open({ javaScriptEnabled });
    const key = await owner.create({ name: "Leaked", permissions: ["posts:read"] });
    await page.reload();
    await page.getByRole("link", { name: "Revoke: Leaked" }).click();
    await page.getByRole("link", { name: "Rotate it instead" }).click();
    await page.getByRole("heading", { name: "Rotate Leaked" }).waitFor();
    const steps = () => page.locator(".steps li:visible").allInnerTexts();
    expect(await steps()).toHaveLength(4);
    expect(await page.getByRole("button", { name: "Create the new key", exact: true }).isVisible()).toBe(
      true,
    );
    expect(await page.getByText("Both keys work until then.").isVisible()).toBe(true);

    await page.getByLabel("Keep the old key working for").selectOption("No time: revoke it at once");
    const button = page.getByRole("button", {
      name: "Create the new key and revoke the old one",
      exact: true,
    });
    expect(await button.isVisible()).toBe(true);
    expect(await steps()).toEqual([
      expect.stringContaining("Create the new key and revoke the old one"),
      "Copy the new key into your program",
    ]);
    expect(await page.getByText("fails until it has the new one").isVisible()).toBe(true);
    expect(await page.getByText("Both keys work until then.").isVisible()).toBe(false);
    await button.click();

    const secret = await page.getByLabel("Your new API key").inputValue();
    expect(await page.locator(".steps [aria-current]").textContent()).toContain("Copy the new key");
    expect([await owner.statusOf(key.secret), await owner.statusOf(secret)]).toEqual([401, 200]);
  });
});

test("the form says what the new key has, and when it expires", async () => {
  const page = await MarkupBrowser.open(cluster);
  const { owner } = page;
  const read = async (id: string) => {
    await page.goTo(`/portal/keys/${id}/rotate`);
    return page.text;
  };
  const expires_at = new Date(Date.now() + 30 * 86_400_000).toISOString();
  const [never, expiring] = [await owner.create(), await owner.create({ expires_at })];
  expect(await read(never.id)).toContain("same name, mode, permissions (Full access), allowed IP addresses");
  expect(await read(never.id)).toContain("It never expires, like the old key.");
  expect(await read(expiring.id)).toContain("It expires 30 days after its creation.");
  // A policy shortens the lifetime of new keys.
  await owner.call("PUT", "", { policy: { max_lifetime_days: 7 } });
  for (const { id } of [never, expiring]) expect(await read(id)).toContain("It expires 7 days after");
  const successor = await owner.rotate(never.id, 0);
  const days = (Date.parse(successor.expires_at ?? "") - Date.parse(successor.created_at)) / 86_400_000;
  expect(Math.round(days)).toBe(7);
});
