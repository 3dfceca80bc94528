/**
 * Accessibility of the key page: axe-core (WCAG 2.2 AA) on every page, light and dark, keyboard-only use, 320 px width,
 * and the size of the key list.
 */

import { createRequire } from "node:module";
import { gzipSync } from "node:zlib";
import type { Browser, Page } from "playwright-core";
import { beforeAll, describe, expect, test } from "vitest";
import { Account } from "../control/account.ts";
import type { GatewayCluster } from "../support/gateway-cluster.ts";
import { sharedBrowser } from "../support/shared.ts";
import {
  createKeyOnPage,
  expireSessions,
  type OpenKeyPage,
  openKeyPage,
  RETURN_URL,
  sharedKeyPage,
} from "./key-page.ts";

const AXE = createRequire(import.meta.url).resolve("axe-core/axe.min.js");
const TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
/** The rules that dark mode, which changes only colours, can break. */
const COLOUR_RULES = ["color-contrast", "link-in-text-block"];
const LIST_MAX_KIB = 60;
/** Cloudflare compresses the response. */
const LIST_GZIP_MAX_KIB = 10.5;
/** A full page of the list. */
const KEYS_PER_PAGE = 20;

let cluster: GatewayCluster;
let browser: Browser;
let opened: OpenKeyPage;
let ids: { active: string; retiring: string; revoked: string };
beforeAll(async () => {
  [cluster, browser] = await Promise.all([sharedKeyPage(), sharedBrowser()]);
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
  // axe-core is injected despite the security policy; other files test the policy.
  opened = await openKeyPage(cluster, browser, {
    account: owner.name,
    input: { return_url: RETURN_URL },
    bypassCSP: true,
  });
});

const goTo = (path: string) => async (page: Page) => {
  await page.goto(`${opened.origin}/portal${path}`);
};

/** Every page, and how to open it. */
const PAGES: Readonly<Record<string, (page: Page) => Promise<unknown>>> = {
  list: goTo("/keys?state=all"),
  "list, no match": goTo("/keys?q=nothing"),
  "new key": goTo("/keys/new"),
  "new key, refused": async (page) => {
    await goTo("/keys/new")(page);
    await page.getByRole("radio", { name: "Full access" }).check();
    await page.getByLabel("Name").fill(" ");
    await page.getByLabel("Expires").selectOption("date");
    await page.getByLabel("Last day").fill("2020-01-01");
    await page.getByRole("button", { name: "Create key" }).click();
  },
  "secret shown": (page) => createKeyOnPage(page, "Shown"),
  "secret shown before": (page) => page.reload(),
  details: (page) => goTo(`/keys/${ids.active}`)(page),
  "change access": (page) => goTo(`/keys/${ids.active}/edit`)(page),
  "change access, in a dialog": async (page) => {
    await goTo("/keys")(page);
    await page.getByRole("link", { name: "Change: Active" }).click();
    await page.getByRole("dialog").waitFor();
  },
  "rotate, first step": (page) => goTo(`/keys/${ids.active}/rotate`)(page),
  "rotate, last steps": (page) => goTo(`/keys/${ids.retiring}/rotate`)(page),
  revoke: (page) => goTo(`/keys/${ids.active}/revoke`)(page),
  suspend: (page) => goTo(`/keys/${ids.active}/suspend`)(page),
  "revoke, in a dialog": async (page) => {
    await goTo("/keys")(page);
    await page.getByRole("link", { name: "Revoke: Active" }).click();
    await page.getByRole("dialog").waitFor();
  },
  receipt: (page) => goTo(`/keys/${ids.revoked}/revoke`)(page),
  activity: goTo("/activity"),
  "activity of one key": (page) => goTo(`/activity?key=${ids.active}`)(page),
  "activity, no such key": goTo("/activity?key=nothing"),
  "revoke selected": (page) => goTo(`/keys/revoke?id=${ids.active}&id=${ids.retiring}`)(page),
  "receipt of selected": (page) => goTo(`/keys/revoke?id=${ids.revoked}`)(page),
  "details of a revoked key": (page) => goTo(`/keys/${ids.revoked}`)(page),
  "leave without copying": async (page) => {
    await createKeyOnPage(page, "Not copied");
    await page.getByRole("link", { name: "Activity" }).click();
    await page.getByRole("dialog").waitFor();
  },
  test: goTo("/test"),
  "test, unknown key": async (page) => {
    await page.getByLabel("API key").fill("oct_live_nothing");
    await page.getByRole("button", { name: "Test key" }).click();
  },
  "page not found": goTo("/nothing"),
  "used link": goTo("/enter/x"),
};

async function violationsOn(page: Page, only: readonly string[] = TAGS): Promise<string[]> {
  if (!(await page.evaluate(() => "axe" in globalThis))) await page.addScriptTag({ path: AXE });
  return await page.evaluate(
    async (runOnly) => {
      const { axe } = globalThis as unknown as { axe: typeof import("axe-core") };
      const { violations } = await axe.run({ runOnly, resultTypes: ["violations"] });
      return violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html}`));
    },
    [...only],
  );
}

async function overflowsWindow(page: Page): Promise<boolean> {
  return await page.evaluate(
    () => document.documentElement.scrollWidth > document.documentElement.clientWidth,
  );
}

test.each(Object.keys(PAGES))(
  "%s: no violation in light or dark mode, and no horizontal scrolling at 320 px",
  async (name) => {
    const { page } = opened;
    await page.setViewportSize({ width: 1200, height: 800 });
    await PAGES[name]?.(page);
    await page.emulateMedia({ colorScheme: "light", reducedMotion: "reduce" });
    expect(await violationsOn(page), "light").toEqual([]);
    await page.emulateMedia({ colorScheme: "dark", reducedMotion: "reduce" });
    expect(await violationsOn(page, COLOUR_RULES), "dark").toEqual([]);
    await page.setViewportSize({ width: 320, height: 640 });
    expect(await overflowsWindow(page)).toBe(false);
  },
);

test("planted violations are found, in dark mode too", async () => {
  const { page } = opened;
  await goTo("/keys/new")(page);
  await page.evaluate(() => document.querySelector("label[for=name]")?.remove());
  expect((await violationsOn(page, ["wcag2a"])).join()).toContain("label:");
  await page.evaluate(() => document.querySelector("h1")?.setAttribute("style", "color: #333"));
  await page.emulateMedia({ colorScheme: "dark" });
  expect((await violationsOn(page, ["color-contrast"])).join()).toContain("color-contrast: <h1");
});

test("dark mode changes custom properties of colours only, so only the rules on colours run again", async () => {
  const { page } = opened;
  await goTo("/keys")(page);
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

describe("keyboard only", () => {
  test("creates, copies and revokes a key, with the focus where users expect it", async () => {
    const { page, context, origin } = await openKeyPage(cluster, browser);
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
    await context.close();
  });

  test("a refused form moves the focus to its problems, whose links lead to the fields", async () => {
    const { page } = opened;
    await page.setViewportSize({ width: 1200, height: 800 });
    await PAGES["new key, refused"]?.(page);
    await page.waitForFunction(() => document.activeElement?.getAttribute("role") === "alert");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    expect(await page.evaluate(() => document.activeElement?.id)).toBe("name");
  });
});

describe("a full page of the list", () => {
  test(`is under ${LIST_GZIP_MAX_KIB} KiB (gzip) in one request, without layout shift`, async () => {
    const { page, context, account } = await openKeyPage(cluster, browser, {
      viewport: { width: 375, height: 700 },
    });
    const owner = new Account(cluster, account);
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
    await context.close();
  });
});

test("the page of an ended session has no violation", async () => {
  await expireSessions(cluster, opened.account);
  await goTo("/keys")(opened.page);
  expect(await violationsOn(opened.page)).toEqual([]);
  expect(await opened.page.title()).toContain("Your session has ended");
});
