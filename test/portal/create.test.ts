/**
 * Creating a key: access is a choice, nothing is offered that does not exist, the first request works, and a key that
 * was not copied is not lost without a word.
 */

import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { Browser, Dialog, Page } from "playwright-core";
import { beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { PERMISSIONS, POLICY } from "../../src/policy.ts";
import type { GatewayCluster } from "../support/gateway-cluster.ts";
import { sharedBrowser } from "../support/shared.ts";
import {
  createKeyOnPage,
  headingOf,
  NEW_KEY_PAGE,
  ReusedKeyPages,
  sharedKeyPage,
  submitNewKey,
} from "./key-page.ts";
import { MarkupBrowser } from "./markup-browser.ts";

let cluster: GatewayCluster;
let browser: Browser;
beforeAll(async () => {
  [cluster, browser] = await Promise.all([sharedKeyPage(), sharedBrowser()]);
});

const pages = new ReusedKeyPages();
const open = (options: { at?: string } = {}) => pages.open(cluster, browser, options);

/** Opens the form, chooses and submits. */
async function createWith(page: MarkupBrowser, access: string, permissions: readonly string[] = []) {
  await page.goTo("/portal/keys/new");
  await page.submit("Create key", { name: "Chosen", mode: "live", access, permissions });
}

/** Runs the shown command in a shell and returns the status of the response. */
async function paste(command: string): Promise<string> {
  const { stdout } = await promisify(execFile)("sh", ["-c", `${command} -sS -o /dev/null -w '%{http_code}'`]);
  return stdout;
}

describe("access", () => {
  test("is full, read only, or what is selected; nothing selected is refused", async () => {
    const page = await MarkupBrowser.open(cluster);
    await createWith(page, "selected");
    expect(page.withRole("alert").join()).toContain("need at least one selected permission");
    expect((await page.owner.shown()).keys).toEqual([]);
    const reading = Object.keys(PERMISSIONS).filter((one) => one.endsWith(":read"));
    for (const [access, permissions, expected] of [
      ["full", [], []],
      ["read", [], reading],
      ["selected", ["posts:write", "presets:read"], ["posts:write", "presets:read"]],
    ] as const) {
      await createWith(page, access, permissions);
      expect(page.valueOf("key"), access).toMatch(/^oct_live_/);
      const [key] = await page.owner.keys();
      expect([...(key?.permissions ?? [])].sort(), access).toEqual([...expected].sort());
    }
  });

  // The hidden checkboxes stay checked, so a browser sends them too.
  test("full access means full access when permissions were ticked before", async () => {
    const page = await MarkupBrowser.open(cluster);
    await createWith(page, "full", ["posts:read"]);
    expect(page.heading).toBe("Copy your key now");
    expect((await page.owner.keys())[0]?.permissions).toEqual([]);
  });

  test("is a choice of three radio buttons", async () => {
    const { page, origin, owner } = await open();
    for (const [access, permissions] of [
      ["Read only", Object.keys(PERMISSIONS).filter((one) => one.endsWith(":read"))],
      ["Full access", []],
    ] as const) {
      await page.goto(`${origin}/portal/keys/new`);
      await page.getByLabel("Name").fill("Changed my mind");
      await page.getByRole("checkbox", { name: "posts:read" }).check();
      await page.getByRole("radio", { name: access }).check();
      await page.getByRole("button", { name: "Create key" }).click();
      await page.getByLabel("Your new API key").waitFor();
      const [key] = await owner.keys();
      expect([...(key?.permissions ?? [])].sort(), access).toEqual([...permissions].sort());
    }
  });
});

test("every endpoint that a permission's text names exists", async () => {
  const page = await MarkupBrowser.open(cluster);
  await page.goTo("/portal/keys/new");
  const endpointOf: Readonly<Record<string, RegExp>> = {
    list: /^GET \/v1\/\w+$/,
    retrieve: /^GET \/v1\/\w+\/:id$/,
    connect: /^POST \/v1\/\w+$/,
    create: /^POST \/v1\/\w+$/,
    update: /^PUT \/v1\/\w+\/:id$/,
    delete: /^DELETE \/v1\/\w+\/:id$/,
    disconnect: /^DELETE \/v1\/\w+\/:id$/,
    publish: /^POST \/v1\/\w+\/:id\/publish$/,
  };
  for (const permission of Object.keys(PERMISSIONS)) {
    const label = page.labelOfChoice(permission);
    const text = label.replace(permission, "").toLowerCase();
    const rows = POLICY.filter((row) => row.permission === permission);
    const verbs = Object.keys(endpointOf).filter((verb) => new RegExp(`\\b${verb}\\b`).test(text));
    expect(verbs.length, label).toBeGreaterThan(0);
    for (const verb of verbs) {
      const exists = rows.some(({ method, route }) => endpointOf[verb]?.test(`${method} ${route}`));
      expect(exists, `${permission}: ${verb}`).toBe(true);
    }
  }
  expect(page.text).toContain("Write does not include read.");
  // So it is: no row that reads asks for a permission to write.
  expect(
    POLICY.filter(({ method, permission }) => method === "GET" && !permission.endsWith(":read")),
  ).toEqual([]);
  expect(page.text.match(/live keys only/g)).toHaveLength(1);
});

test.each([
  ["posts:read", "200"],
  ["presets:read", "200"],
  ["presets:write", "200"],
])("the first request of a key with %s is accepted", async (permission, status) => {
  const page = await MarkupBrowser.open(cluster);
  await createWith(page, "selected", [permission]);
  expect(await paste(page.valueOf("curl"))).toBe(status);
});

describe("a key that is not copied yet", () => {
  const copyButton = (page: Page) => page.getByRole("button", { name: /Copy key|Copied/ });
  const isMain = (locator: ReturnType<Page["locator"]>) =>
    locator.evaluate((element) => element.classList.contains("main"));

  test("makes Copy the main action until it is copied", async () => {
    const { page, context, origin } = await open({ at: NEW_KEY_PAGE });
    await context.grantPermissions(["clipboard-read", "clipboard-write"], { origin });
    await submitNewKey(page, "Copied");
    const next = page.getByRole("link", { name: "I have copied it" });
    expect([await isMain(copyButton(page)), await isMain(next)]).toEqual([true, false]);
    await copyButton(page).click();
    await page.getByRole("button", { name: "Copied" }).waitFor();
    expect([await isMain(copyButton(page)), await isMain(next)]).toEqual([false, true]);
    await page.getByRole("link", { name: "Activity" }).click();
    expect(await headingOf(page)).toBe("Activity");
  });

  test("asks before a link or a button leaves the page", async () => {
    const { page } = await open({ at: NEW_KEY_PAGE });
    const secret = await submitNewKey(page, "Not copied");
    const dialog = page.getByRole("dialog", { name: "Leave without copying the key?" });
    await page.getByRole("link", { name: "Activity" }).click();
    await dialog.waitFor();
    await page.getByRole("button", { name: "Stay and copy it" }).click();
    expect(await dialog.isVisible()).toBe(false);
    expect(await page.getByLabel("Your new API key").inputValue()).toBe(secret);
    await page.getByRole("button", { name: "Sign out" }).click();
    await dialog.waitFor();
    await page.keyboard.press("Escape");
    expect(await page.getByLabel("Your new API key").inputValue()).toBe(secret);
    await page.getByRole("link", { name: "Activity" }).click();
    await page.getByRole("button", { name: "Leave", exact: true }).click();
    await page.getByRole("heading", { name: "Activity", exact: true }).waitFor();
  });

  test("has the browser ask before a reload, and not after the key was copied by keyboard", async () => {
    const { page } = await open({ at: NEW_KEY_PAGE });
    const secret = await submitNewKey(page, "Not copied");
    const asked: string[] = [];
    const dismiss = async (dialog: Dialog) => {
      asked.push(dialog.type());
      await dialog.dismiss();
    };
    page.on("dialog", dismiss);
    onTestFinished(() => void page.off("dialog", dismiss));
    // Browsers ask only on a page that the user has touched.
    await page.getByLabel("Your new API key").click();
    await page.reload({ timeout: 2000 }).catch(() => {});
    expect(asked).toEqual(["beforeunload"]);
    expect(await page.getByLabel("Your new API key").inputValue()).toBe(secret);
    await page.getByLabel("Your new API key").press("Control+A");
    await page.getByLabel("Your new API key").press("Control+C");
    await page.reload();
    expect(asked).toHaveLength(1);
    expect(await headingOf(page)).toBe("This key has been shown");
  });
});

describe("a key that was lost when it was shown", () => {
  test("is replaced in one step: the new key is shown, the old one is revoked", async () => {
    const page = await MarkupBrowser.open(cluster);
    const { owner } = page;
    await createWith(page, "full");
    const lost = page.valueOf("key");
    await page.reload();
    expect(page.heading).toBe("This key has been shown");
    expect(page.text).toContain("It has never been used.");
    await page.submit("Replace this key");
    const secret = page.valueOf("key");
    expect(page.text).toContain("which is revoked");
    expect([await owner.statusOf(lost), await owner.statusOf(secret)]).toEqual([401, 200]);
    const keys = await owner.keys();
    expect(keys.map(({ name, hint }) => [name, hint.slice(-4)])).toEqual([["Chosen", secret.slice(-4)]]);
    await page.follow(/I have copied it/);
    expect(page.heading).toBe("API keys");
  });

  test("is replaced in a browser that runs the page's script", async () => {
    const { page, owner } = await open();
    const lost = await createKeyOnPage(page, "Lost");
    await page.reload();
    await page.getByRole("button", { name: "Replace this key" }).click();
    const secret = await page.getByLabel("Your new API key").inputValue();
    expect([await owner.statusOf(lost), await owner.statusOf(secret)]).toEqual([401, 200]);
    await page.getByRole("link", { name: "I have copied it" }).click();
    expect(await headingOf(page)).toBe("API keys");
  });

  test("is not offered a replacement when it is revoked", async () => {
    const page = await MarkupBrowser.open(cluster);
    await createWith(page, "full");
    const [key] = await page.owner.keys();
    await page.owner.revoke(key?.id ?? "");
    await page.reload();
    expect(page.heading).toBe("This key has been shown");
    expect(page.labels).not.toContain("Replace this key");
  });
});
