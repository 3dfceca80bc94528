/**
 * The page's script in a real browser: buttons are usable again after Stop, a kept page is loaded again, copying
 * says what to do when the clipboard is refused, and relative times agree with the server's.
 */

import type { Browser, Page } from "playwright-core";
import { beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { relativeTime } from "../../src/portal/format-time.ts";
import type { GatewayCluster } from "../support/gateway-cluster.ts";
import { sharedBrowser } from "../support/shared.ts";
import {
  createKeyOnPage,
  fillNewKey,
  NEW_KEY_PAGE,
  openKeyPage,
  ReusedKeyPages,
  sharedKeyPage,
  submitNewKey,
} from "./key-page.ts";

let cluster: GatewayCluster;
let browser: Browser;
beforeAll(async () => {
  [cluster, browser] = await Promise.all([sharedKeyPage(), sharedBrowser()]);
});

const pages = new ReusedKeyPages();
const open = (options: { at?: string } = {}) => pages.open(cluster, browser, options);

/** For a test that changes more than the page. */
async function openAlone(options: Parameters<typeof openKeyPage>[2] = {}) {
  const opened = await openKeyPage(cluster, browser, options);
  onTestFinished(() => opened.context.close());
  return opened;
}

/** Holds every submitted form back until the returned function is called. */
async function holdForms(page: Page): Promise<() => Promise<void>> {
  let release = () => {};
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  const hold = async (route: Parameters<Parameters<Page["route"]>[1]>[0]) => {
    if (route.request().method() === "POST") await released;
    await route.continue().catch(() => {});
  };
  await page.route("**/portal/**", hold);
  // Also after a failure: the next test uses the same page.
  onTestFinished(async () => {
    release();
    await page.unrouteAll({ behavior: "ignoreErrors" });
  });
  return async () => {
    release();
    await page.unroute("**/portal/**", hold);
  };
}

/** Clicks without waiting for the navigation that the click begins. */
async function clickOnly(page: Page, name: string): Promise<void> {
  const button = page.getByRole("button", { name });
  await button.scrollIntoViewIfNeeded();
  const box = await button.boundingBox();
  if (!box) throw new Error(`no button ${name}`);
  await page.mouse.click(box.x + box.width / 2, box.y + box.height / 2);
}

/** Calls `window.stop()`, as the browser's Stop button does, once the form was submitted. */
async function stopAfterSubmit(page: Page): Promise<void> {
  await page.evaluate(() => {
    addEventListener("submit", () => setTimeout(() => window.stop(), 200), { once: true });
  });
}

describe("a form whose request was stopped", () => {
  test("can be submitted again, and creates one key", async () => {
    const { page, owner } = await open({ at: NEW_KEY_PAGE });
    await fillNewKey(page, "Stopped");
    const release = await holdForms(page);
    await stopAfterSubmit(page);
    await clickOnly(page, "Create key");
    await page.waitForTimeout(600);
    const button = page.getByRole("button", { name: "Create key" });
    expect(await button.textContent()).toBe("Create key");
    expect(await button.getAttribute("aria-disabled")).toBeNull();
    await release();
    await button.click();
    expect(await page.getByLabel("Your new API key").inputValue()).toMatch(/^oct_test_/);
    expect(await owner.keys()).toHaveLength(1);
  });

  test("in a dialog can be submitted again", async () => {
    const { page, origin, owner } = await open();
    const { id } = await owner.create({ name: "Stopped" });
    await page.goto(`${origin}/portal/keys`);
    await page.getByRole("link", { name: "Revoke: Stopped" }).click();
    await page.getByRole("dialog").waitFor();
    const release = await holdForms(page);
    await stopAfterSubmit(page);
    await clickOnly(page, "Revoke key");
    await page.waitForTimeout(600);
    await release();
    await page.getByRole("button", { name: "Revoke key" }).click();
    await page.getByRole("heading", { name: "Stopped is revoked" }).waitFor();
    expect((await owner.get(id)).revoked_at).not.toBeNull();
  });
});

test("a second click while the form is being sent does not submit it again", async () => {
  const { page, owner } = await open({ at: NEW_KEY_PAGE });
  await fillNewKey(page, "Clicked twice");
  let posts = 0;
  page.on("request", (request) => {
    if (request.method() === "POST") posts += 1;
  });
  const release = await holdForms(page);
  await clickOnly(page, "Create key");
  await page.waitForTimeout(200);
  // The label changes, so the second click goes to the place of the button.
  await page.mouse.down();
  await page.mouse.up();
  await page.waitForTimeout(200);
  await release();
  await page.getByLabel("Your new API key").waitFor();
  expect([posts, (await owner.keys()).length]).toEqual([1, 1]);
});

test("a button in a row of the list says at once that it works, and is sent once", async () => {
  const { page, owner } = await open();
  const { id } = await owner.create({ name: "Slow" });
  await owner.suspend(id);
  await page.reload();
  let posts = 0;
  page.on("request", (request) => {
    if (request.method() === "POST") posts += 1;
  });
  await page.evaluate(() => {
    addEventListener("submit", ({ submitter }) =>
      setTimeout(() => sessionStorage.setItem("busy", submitter?.outerHTML ?? "")),
    );
  });
  const release = await holdForms(page);
  await clickOnly(page, "Resume: Slow");
  await page.waitForTimeout(200);
  await page.mouse.down();
  await page.mouse.up();
  await page.waitForTimeout(200);
  await release();
  await page.getByText("Resumed. The change takes effect everywhere within seconds.").waitFor();
  const busy = await page.evaluate(() => sessionStorage.getItem("busy"));
  expect(busy).toMatch(/aria-disabled="true"[^>]*>Resuming…</);
  expect([posts, (await owner.get(id)).state]).toEqual([1, "active"]);
});

/** Chromium keeps no page that has no-store; others may, and tell the page so. */
test("a page that the browser has kept is loaded again when it is shown", async () => {
  const { page } = await open();
  const loaded = page.waitForEvent("load");
  await page.evaluate(() => dispatchEvent(new PageTransitionEvent("pageshow", { persisted: true })));
  await loaded;
  expect(new URL(page.url()).pathname).toBe("/portal/keys");
});

describe("copying", () => {
  const breakClipboard: Readonly<Record<string, () => void>> = {
    "refuses access": () => {
      Object.defineProperty(navigator, "clipboard", {
        value: { writeText: () => Promise.reject(new DOMException("denied", "NotAllowedError")) },
      });
    },
    "is missing": () => {
      Object.defineProperty(navigator, "clipboard", { value: undefined });
    },
  };

  test.each(Object.keys(breakClipboard))(
    "asks for Ctrl+C when the clipboard %s, and confirms the copy",
    async (how) => {
      const { page } = await open({ at: NEW_KEY_PAGE });
      const secret = await submitNewKey(page, "Manual");
      await page.evaluate(breakClipboard[how] ?? (() => {}));
      await page.getByRole("button", { name: "Copy key" }).click();
      await page.getByRole("button", { name: "Press Ctrl+C to copy" }).waitFor();
      expect(await page.getByRole("status").last().textContent()).toBe("Press Ctrl+C to copy");
      // The key is selected in the focused field, so that Ctrl+C copies it.
      expect(
        await page.evaluate(() => {
          const field = document.activeElement as HTMLTextAreaElement;
          return field.value.slice(field.selectionStart, field.selectionEnd);
        }),
      ).toBe(secret);
      await page.keyboard.press("Control+C");
      await page.getByRole("button", { name: "Copied" }).first().waitFor();
    },
  );

  test("names the keys of a Mac", async () => {
    const userAgent =
      "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 Chrome/153 Safari/537.36";
    const { page } = await openAlone({ userAgent });
    await createKeyOnPage(page, "Manual");
    await page.evaluate(breakClipboard["refuses access"] ?? (() => {}));
    await page.getByRole("button", { name: "Copy command" }).click();
    await page.getByRole("button", { name: "Press ⌘C to copy" }).waitFor();
  });
});

describe("relative times", () => {
  const HOUR = 3_600_000;
  const HOURS = [
    0.01,
    0.5,
    0.99,
    1,
    23.6,
    34.5,
    47.6,
    48,
    24 * 7,
    24 * 30,
    24 * 59.6,
    24 * 90,
    24 * 365,
    24 * 800,
  ];

  test("are the server's, and stay so on a computer whose clock is wrong", async () => {
    const { page, origin } = await openAlone();
    await page.addInitScript(() => {
      const realNow = Date.now;
      Date.now = () => realNow() - 5 * 3_600_000;
    });
    await page.goto(`${origin}/portal/test`);
    const now = Date.now();
    const times = HOURS.flatMap((hours) => [-hours, hours]).map((hours) =>
      new Date(now + hours * HOUR + 5_000).toISOString(),
    );
    const shown = await page.evaluate((times) => {
      for (const time of times) {
        const element = document.createElement("time");
        element.dateTime = time;
        element.dataset.relative = "";
        element.className = "sample";
        document.querySelector("main")?.appendChild(element as unknown as Node);
      }
      dispatchEvent(new Event("focus"));
      return [...document.querySelectorAll(".sample")].map((element) => element.textContent);
    }, times);
    expect(shown).toEqual(times.map((time) => relativeTime(time, now)));
  });
});
