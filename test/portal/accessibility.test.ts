/**
 * Accessibility of the key page: what axe-core finds, keyboard-only use, and the size of the key list. That axe-core finds
 * nothing on any page is a proof: proofs/accessibility.
 */

import { gzipSync } from "node:zlib";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { GatewayCluster } from "../support/gateway-cluster.ts";
import { sharedBrowser } from "../support/shared.ts";
import { loadAxe, violationsOn } from "./axe.ts";
import { fillNewKey, type OpenKeyPage, openKeyPage, reuseKeyPage, sharedKeyPage } from "./key-page.ts";

const LIST_MAX_KIB = 60;
/** Cloudflare compresses the response. */
const LIST_GZIP_MAX_KIB = 10.5;
/** A full page of the list. */
const KEYS_PER_PAGE = 20;

let cluster: GatewayCluster;
let browser: Browser;
let opened: OpenKeyPage;
beforeAll(async () => {
  [cluster, browser] = await Promise.all([sharedKeyPage(), sharedBrowser()]);
  opened = await openKeyPage(cluster, browser);
});
afterAll(() => opened.context.close());

describe("keyboard only", () => {
  test("creates, copies and revokes a key, with the focus where users expect it", async () => {
    const { page, context, origin } = await reuseKeyPage(cluster, opened);
    await context.grantPermissions(["clipboard-read", "clipboard-write"], { origin });
    const focused = () =>
      page.evaluate(() => {
        const { activeElement: element } = document;
        return (
          element?.getAttribute("aria-label") ??
          element?.closest("label")?.textContent ??
          element?.textContent ??
          ""
        );
      });
    /** Presses Tab until the named element has the focus; fails when it is not reached. */
    const tabTo = async (name: string | RegExp) => {
      for (let steps = 0; steps < 40; steps++) {
        await page.keyboard.press("Tab");
        if (new RegExp(name).test(await focused())) return;
      }
      throw new Error(`Tab does not reach ${name}`);
    };
    await page.keyboard.press("Tab");
    expect(await focused()).toBe("Skip to content");
    await page.keyboard.press("Enter");
    await tabTo("^Create API key$");
    await page.keyboard.press("Enter");
    await page.getByLabel("Name").waitFor();
    await page.getByLabel("Name").focus();
    await page.keyboard.type("By keyboard");
    await tabTo("posts:read");
    await page.keyboard.press("Space");
    await tabTo("^Create key$");
    await page.keyboard.press("Enter");
    const key = await page.getByLabel("Your new API key").inputValue();

    await tabTo("^Copy key$");
    await page.keyboard.press("Enter");
    await page.getByRole("button", { name: "Copied" }).waitFor();
    expect(await page.getByRole("status").last().textContent()).toBe("Copied");
    expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(key);

    await tabTo("I have copied it");
    await page.keyboard.press("Enter");
    await page.getByRole("link", { name: "Revoke: By keyboard" }).waitFor();
    await tabTo("^Revoke: By keyboard$");
    await page.keyboard.press("Enter");
    await page.getByRole("dialog", { name: "Revoke By keyboard?" }).waitFor();
    await page.keyboard.press("Escape");
    expect(await page.getByRole("dialog").count()).toBe(0);
    expect(await focused()).toBe("Revoke: By keyboard");
    await page.keyboard.press("Enter");
    await page.getByRole("dialog").waitFor();
    await tabTo("^Revoke key$");
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "By keyboard is revoked" }).waitFor();
  });

  test("a refused form moves the focus to its problems, whose links lead to the fields", async () => {
    const { page, origin } = await reuseKeyPage(cluster, opened);
    await page.goto(`${origin}/portal/keys/new`);
    await fillNewKey(page, " ");
    await page.getByRole("button", { name: "Create key" }).click();
    await page.waitForFunction(() => document.activeElement?.getAttribute("role") === "alert");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    expect(await page.evaluate(() => document.activeElement?.id)).toBe("name");
  });
});

describe("a full page of the list", () => {
  test(`is under ${LIST_GZIP_MAX_KIB} KiB (gzip) in one request, without layout shift`, async () => {
    const { page, owner } = await reuseKeyPage(cluster, opened);
    await page.setViewportSize({ width: 375, height: 700 });
    const permissions = ["posts:read", "posts:write", "accounts:read", "webhooks:write"];
    for (let i = 0; i <= KEYS_PER_PAGE; i++)
      await owner.create({ name: `Production Server ${i}`, permissions });
    const requests: string[] = [];
    page.on("request", (request) => requests.push(request.url()));
    const response = await page.reload();
    await page.waitForLoadState("networkidle");
    const body = (await response?.body()) ?? Buffer.alloc(0);
    expect(await page.locator(".keys tbody tr").count()).toBe(KEYS_PER_PAGE);
    expect(requests).toHaveLength(1);
    expect(gzipSync(body).length).toBeLessThan(LIST_GZIP_MAX_KIB * 1024);
    expect(body.length).toBeLessThan(LIST_MAX_KIB * 1024);
    const shift = await page.evaluate(
      () =>
        new Promise<number>((resolve) => {
          let sum = 0;
          new PerformanceObserver((list) => {
            for (const entry of list.getEntries())
              sum += (entry as PerformanceEntry & { value: number }).value;
          }).observe({ type: "layout-shift", buffered: true });
          requestAnimationFrame(() => requestAnimationFrame(() => resolve(sum)));
        }),
    );
    expect(shift).toBe(0);
    await page.getByRole("link", { name: "Older" }).click();
    await page.getByText("21–21 of 21").waitFor();
    expect(await page.locator(".keys tbody th a").allTextContents()).toEqual(["Production Server 0"]);
  });
});

test("dark mode changes custom properties of colours only, so only the rules on colours run again", async () => {
  const { page } = await reuseKeyPage(cluster, opened);
  const changed = await page.evaluate(() =>
    [...document.styleSheets]
      .flatMap((sheet) => [...sheet.cssRules])
      .filter((rule) => rule instanceof CSSMediaRule && rule.conditionText.includes("prefers-color-scheme"))
      .flatMap((rule) => [...(rule as CSSMediaRule).cssRules])
      .flatMap((rule) => [...(rule as CSSStyleRule).style]),
  );
  expect(changed).toContain("--ink");
  expect(changed.filter((property) => !property.startsWith("--"))).toEqual([]);
});

test("planted violations are found, in dark mode too", async () => {
  const { page, context, origin } = await reuseKeyPage(cluster, opened);
  await loadAxe(context);
  await page.goto(`${origin}/portal/keys/new`);
  await page.evaluate(() => document.querySelector("label[for=name]")?.remove());
  expect((await violationsOn(page, ["wcag2a"])).join()).toContain("label:");
  await page.evaluate(() => document.querySelector("h1")?.style.setProperty("color", "#333"));
  await page.emulateMedia({ colorScheme: "dark", reducedMotion: "reduce" });
  expect((await violationsOn(page, ["color-contrast"])).join()).toContain("color-contrast: <h1");
});
