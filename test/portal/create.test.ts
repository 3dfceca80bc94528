/**
 * Creating a key: access is a choice, nothing is offered that does not exist, the first request works, and a key that
 * was not copied is not lost without a word.
 */

import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { Browser, Page } from "playwright-core";
import { beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { PERMISSIONS, POLICY } from "../../src/policy.ts";
import type { GatewayCluster } from "../support/gateway-cluster.ts";
import { sharedBrowser } from "../support/shared.ts";
import {
  createKeyOnPage,
  fillNewKey,
  headingOf,
  openKeyPage,
  ReusedKeyPages,
  sharedKeyPage,
} from "./key-page.ts";

let cluster: GatewayCluster;
let browser: Browser;
beforeAll(async () => {
  [cluster, browser] = await Promise.all([sharedKeyPage(), sharedBrowser()]);
});

const pages = new ReusedKeyPages();
const open = (options: { javaScriptEnabled?: boolean } = {}) => pages.open(cluster, browser, options);

/** For a test that changes more than the page. */
async function openAlone() {
  const opened = await openKeyPage(cluster, browser);
  onTestFinished(() => opened.context.close());
  return opened;
}

/** Opens the form, chooses and submits; the page that shows the key stays open. */
async function createWith(page: Page, origin: string, choices: { access: string; permissions?: string[] }) {
  await page.goto(`${origin}/portal/keys/new`);
  await page.getByLabel("Name").fill("Chosen");
  await page.getByRole("radio", { name: "Live" }).check();
  await page.getByRole("radio", { name: choices.access }).check();
  for (const name of choices.permissions ?? []) await page.getByRole("checkbox", { name }).check();
  await page.getByRole("button", { name: "Create key" }).click();
}

/** Runs the shown command in a shell and returns the status of the response. */
async function paste(command: string): Promise<string> {
  const { stdout } = await promisify(execFile)("sh", ["-c", `${command} -sS -o /dev/null -w '%{http_code}'`]);
  return stdout;
}

describe.each([
  ["with JavaScript", true],
  ["without JavaScript", false],
])("access, %s", (_, javaScriptEnabled) => {
  test("is full, read only, or what is selected; nothing selected is refused", async () => {
    const { page, origin, owner } = await open({ javaScriptEnabled });
    await createWith(page, origin, { access: "Only these" });
    expect(await page.getByRole("alert").textContent()).toContain("need at least one selected permission");
    expect((await owner.shown()).keys).toEqual([]);
    const reading = Object.keys(PERMISSIONS).filter((one) => one.endsWith(":read"));
    for (const [access, permissions, expected] of [
      ["Full access", [], []],
      ["Read only", [], reading],
      ["Only these", ["posts:write", "presets:read"], ["posts:write", "presets:read"]],
    ] as const) {
      await createWith(page, origin, { access, permissions: [...permissions] });
      await page.getByLabel("Your new API key").waitFor();
      const [key] = await owner.keys();
      expect([...(key?.permissions ?? [])].sort(), access).toEqual([...expected].sort());
    }
  });

  test("full access means full access when permissions were ticked before", async () => {
    const { page, origin, owner } = await open({ javaScriptEnabled });
    await page.goto(`${origin}/portal/keys/new`);
    await page.getByLabel("Name").fill("Changed my mind");
    await page.getByRole("checkbox", { name: "posts:read" }).check();
    await page.getByRole("radio", { name: "Full access" }).check();
    await page.getByRole("button", { name: "Create key" }).click();
    await page.getByLabel("Your new API key").waitFor();
    expect((await owner.keys())[0]?.permissions).toEqual([]);
  });
});

test("every endpoint that a permission's text names exists", async () => {
  const { page, origin } = await open({ javaScriptEnabled: false });
  await page.goto(`${origin}/portal/keys/new`);
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
    const label = await page
      .locator(`label:has([value="${permission}"]) span`)
      .allTextContents()
      .then(String);
    const text = label.replace(permission, "").toLowerCase();
    const rows = POLICY.filter((row) => row.permission === permission);
    const verbs = Object.keys(endpointOf).filter((verb) => new RegExp(`\\b${verb}\\b`).test(text));
    expect(verbs.length, label).toBeGreaterThan(0);
    for (const verb of verbs) {
      const exists = rows.some(({ method, route }) => endpointOf[verb]?.test(`${method} ${route}`));
      expect(exists, `${permission}: ${verb}`).toBe(true);
    }
  }
  expect(await page.getByText("Write does not include read.").isVisible()).toBe(true);
  // So it is: no row that reads asks for a permission to write.
  expect(
    POLICY.filter(({ method, permission }) => method === "GET" && !permission.endsWith(":read")),
  ).toEqual([]);
  expect(await page.getByText("live keys only").count()).toBe(1);
});

test.each([
  ["posts:read", "200"],
  ["presets:read", "200"],
  ["presets:write", "200"],
])("the first request of a key with %s is accepted", async (permission, status) => {
  const { page, origin } = await open();
  await createWith(page, origin, { access: "Only these", permissions: [permission] });
  expect(await paste(await page.getByLabel("ready to paste").inputValue())).toBe(status);
});

describe("a key that is not copied yet", () => {
  const copyButton = (page: Page) => page.getByRole("button", { name: /Copy key|Copied/ });
  const isMain = (locator: ReturnType<Page["locator"]>) =>
    locator.evaluate((element) => element.classList.contains("main"));

  test("makes Copy the main action until it is copied", async () => {
    const { page, context, origin } = await openAlone();
    await context.grantPermissions(["clipboard-read", "clipboard-write"], { origin });
    await createKeyOnPage(page, "Copied");
    const next = page.getByRole("link", { name: "I have copied it" });
    expect([await isMain(copyButton(page)), await isMain(next)]).toEqual([true, false]);
    await copyButton(page).click();
    await page.getByRole("button", { name: "Copied" }).waitFor();
    expect([await isMain(copyButton(page)), await isMain(next)]).toEqual([false, true]);
    await page.getByRole("link", { name: "Activity" }).click();
    expect(await headingOf(page)).toBe("Activity");
  });

  test("asks before a link or a button leaves the page", async () => {
    const { page } = await open();
    const secret = await createKeyOnPage(page, "Not copied");
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
    const { page } = await openAlone();
    const secret = await createKeyOnPage(page, "Not copied");
    const asked: string[] = [];
    page.on("dialog", async (dialog) => {
      asked.push(dialog.type());
      await dialog.dismiss();
    });
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

describe.each([
  ["with JavaScript", true],
  ["without JavaScript", false],
])("a key that was lost when it was shown, %s", (_, javaScriptEnabled) => {
  test("is replaced in one step: the new key is shown, the old one is revoked", async () => {
    const { page, owner } = await open({ javaScriptEnabled });
    const lost = await createKeyOnPage(page, "Lost");
    await page.reload();
    expect(await headingOf(page)).toBe("This key has been shown");
    expect(await page.getByText("It has never been used.").isVisible()).toBe(true);
    await page.getByRole("button", { name: "Replace this key" }).click();
    const secret = await page.getByLabel("Your new API key").inputValue();
    expect(await page.getByText("which is revoked").isVisible()).toBe(true);
    expect([await owner.statusOf(lost), await owner.statusOf(secret)]).toEqual([401, 200]);
    const keys = await owner.keys();
    expect(keys.map(({ name, hint }) => [name, hint.slice(-4)])).toEqual([["Lost", secret.slice(-4)]]);
    await page.getByRole("link", { name: "I have copied it" }).click();
    expect(await headingOf(page)).toBe("API keys");
  });

  test("is not offered a replacement when it is revoked", async () => {
    const { page, owner } = await open({ javaScriptEnabled });
    await createKeyOnPage(page, "Revoked");
    const [key] = await owner.keys();
    await owner.revoke(key?.id ?? "");
    await page.reload();
    expect(await headingOf(page)).toBe("This key has been shown");
    expect(await page.getByRole("button", { name: "Replace this key" }).count()).toBe(0);
  });
});

test("addresses, labels and limits are given with the key, and shown with it", async () => {
  const { page, origin, owner } = await open({ javaScriptEnabled: false });
  await page.goto(`${origin}/portal/keys/new`);
  await fillNewKey(page, "Restricted");
  const more = page.getByText("Allowed IP addresses, labels and limits");
  await more.click();
  await page.getByLabel("Allowed IP addresses").fill("203.0.113.7\n2001:db8::/32");
  await page.getByLabel("Labels").fill("team billing");
  await page.getByRole("button", { name: "Create key" }).click();
  // Refused: the fields stay open, with what was entered.
  expect(await page.getByRole("alert").textContent()).toContain("These lines have no colon: “team billing”");
  expect(await page.getByLabel("Allowed IP addresses").inputValue()).toBe("203.0.113.7\n2001:db8::/32");
  await page.getByLabel("Labels").fill("team: billing\n\nnote: a: b");
  await page.getByLabel("Requests per minute").fill("30");
  await page.getByRole("button", { name: "Create key" }).click();
  expect(await page.getByRole("alert").textContent()).toContain(
    "Publishes per hour is empty. Fill in both limits or neither.",
  );
  await page.getByLabel("Publishes per hour").fill("5");
  await page.getByRole("button", { name: "Create key" }).click();
  await page.getByLabel("Your new API key").waitFor();
  const [key] = await owner.keys();
  expect(key).toMatchObject({
    allowed_ips: ["203.0.113.7/32", "2001:db8::/32"],
    labels: { team: "billing", note: "a: b" },
    limits: { requests_per_minute: 30, publish_per_hour: 5 },
  });
  await page.goto(`${origin}/portal/keys/${key?.id}`);
  expect(await page.getByText("203.0.113.7/32, 2001:db8::/32").isVisible()).toBe(true);
  expect(await page.getByText("note: a: b, team: billing").isVisible()).toBe(true);
  expect(await page.getByText("Requests per minute: 30, Publishes per hour: 5").isVisible()).toBe(true);
});

test("“create one like it” fills in the form with the key's name, mode, access, lifetime and labels", async () => {
  const { page, origin, owner } = await open({ javaScriptEnabled: false });
  const inDays = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString();
  const { id } = await owner.create({
    name: "Model",
    mode: "live",
    permissions: ["posts:write"],
    allowed_ips: ["203.0.113.0/24"],
    labels: { team: "billing" },
    limits: { requests_per_minute: 30, publish_per_hour: 5 },
    expires_at: inDays(90),
  });
  await page.goto(`${origin}/portal/keys/new?like=${id}`);
  expect(await page.getByLabel("Name").inputValue()).toBe("Model");
  expect(await page.getByRole("radio", { name: "Live" }).isChecked()).toBe(true);
  expect(await page.getByRole("checkbox", { name: "posts:write" }).isChecked()).toBe(true);
  expect(await page.getByLabel("Allowed IP addresses").inputValue()).toBe("203.0.113.0/24");
  expect(await page.getByLabel("Labels").inputValue()).toBe("team: billing");
  expect(await page.getByLabel("Publishes per hour").inputValue()).toBe("5");
  expect(await page.getByLabel("Expires").inputValue()).toBe("90");
  const odd = await owner.create({ expires_at: inDays(12) });
  await page.goto(`${origin}/portal/keys/new?like=${odd.id}`);
  expect(await page.getByLabel("Last day").inputValue()).toBe(inDays(12).slice(0, 10));
  for (const like of ["", "key_0000000000000000000000", "constructor"]) {
    await page.goto(`${origin}/portal/keys/new?like=${like}`);
    expect(await page.getByLabel("Name").inputValue(), like).toBe("");
  }
});
