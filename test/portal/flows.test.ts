/**
 * The tasks of the key page in a real browser: create a key and use it, find it, rotate, rename and revoke it, read the
 * activity, test a key, and return to the dashboard. without-script.test.ts has the same tasks without JavaScript.
 */

import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { Browser } from "playwright-core";
import { afterEach, beforeAll, expect, test } from "vitest";
import { Account } from "../control/account.ts";
import type { GatewayCluster } from "../support/gateway-cluster.ts";
import { sharedBrowser } from "../support/shared.ts";
import {
  createKeyOnPage,
  enterKeyPage,
  headingOf,
  linkTo,
  newAccount,
  RETURN_URL,
  ReusedKeyPages,
  sharedKeyPage,
} from "./key-page.ts";

let cluster: GatewayCluster;
let browser: Browser;
beforeAll(async () => {
  [cluster, browser] = await Promise.all([sharedKeyPage(), sharedBrowser()]);
});

/** Runs the shown command in a shell and returns the status of the response. */
async function paste(command: string): Promise<string> {
  const { stdout } = await promisify(execFile)("sh", ["-c", `${command} -sS -o /dev/null -w '%{http_code}'`]);
  return stdout;
}

// Pages for all tests, since opening one is slow; each test has a session of its own account.
const pages = new ReusedKeyPages();
let complaints: readonly string[] = [];
afterEach(() => expect(complaints).toEqual([]));

async function open(options: { javaScriptEnabled?: boolean } = {}) {
  const opened = await pages.open(cluster, browser, options);
  ({ complaints } = opened);
  return opened;
}

async function openLink(input: object = {}) {
  const opened = await open();
  await enterKeyPage(opened.page, await linkTo(cluster, newAccount(), input));
  return opened;
}

test("an account without keys gets the first steps", async () => {
  const { page } = await openLink();
  expect(await headingOf(page)).toBe("API keys");
  expect(await page.getByRole("heading", { name: "Create your first key" }).isVisible()).toBe(true);
  expect(await page.getByRole("search").count()).toBe(0);
});

test.each([
  ["with JavaScript", true],
  ["without JavaScript", false],
])(
  "%s, a created key works in the pasted curl command, and is refused after it was revoked on the page",
  async (_, javaScriptEnabled) => {
    const { page, owner } = await open({ javaScriptEnabled });
    await page.getByRole("link", { name: "Create API key" }).click();
    await page.getByLabel("Name").fill("Production Server");
    await page.getByRole("radio", { name: "Live" }).check();
    const grid = page.getByRole("checkbox", { name: "posts:read" });
    expect(await page.getByRole("radio", { name: "Only these" }).isChecked()).toBe(true);
    await page.getByRole("radio", { name: "Full access" }).check();
    expect(await grid.isVisible()).toBe(false);
    await page.getByRole("radio", { name: "Only these" }).check();
    await grid.check();
    await page.getByRole("button", { name: "Create key" }).click();
    expect(await headingOf(page)).toBe("Copy your key now");
    const command = await page.getByLabel("ready to paste").inputValue();
    expect(await paste(command)).toBe("200");

    await page.getByRole("link", { name: "I have copied it" }).click();
    await page.getByRole("link", { name: "Revoke: Production Server" }).click();
    await page.getByRole("button", { name: "Revoke key" }).click();
    await page.getByRole("heading", { name: "Production Server is revoked" }).waitFor();
    const [key] = await owner.keys("revoked");
    const since = await page.getByText("Revoked everywhere since").locator("time").getAttribute("datetime");
    expect(since).toBe((await owner.revoke(key?.id ?? "")).effective_at);
    expect(key?.permissions).toEqual(["posts:read"]);
    expect(await paste(command)).toBe("401");
    expect((await owner.events()).map(({ actor, action }) => [actor, action])).toEqual([
      ["key_page", "revoked"],
      ["key_page", "created"],
      ["key_page", "portal_entered"],
      ["control_token", "portal_link_created"],
    ]);
  },
);

test("a refused form names the wrong field, keeps the other values, and creates nothing", async () => {
  const { page, owner } = await open();
  await page.getByRole("link", { name: "Create API key" }).click();
  await page.getByLabel("Name").fill("  ");
  await page.getByRole("radio", { name: "Live" }).check();
  await page.getByRole("checkbox", { name: "presets:write" }).check();
  await page.getByLabel("Expires").selectOption("date");
  await page.getByLabel("Last day").fill("2020-01-01");
  await page.getByRole("button", { name: "Create key" }).click();
  await page.getByRole("alert").waitFor();
  expect(await page.title()).toMatch(/^Error: /);
  expect(await page.getByRole("alert").textContent()).toContain("Name is required");
  expect(await page.getByLabel("Name").getAttribute("aria-invalid")).toBe("true");
  expect(await page.getByRole("radio", { name: "Live" }).isChecked()).toBe(true);
  expect(await page.getByRole("checkbox", { name: "presets:write" }).isChecked()).toBe(true);

  await page.getByLabel("Name").fill("x");
  await page.getByRole("button", { name: "Create key" }).click();
  expect(await page.getByRole("alert").textContent()).toContain("Last day (UTC) must be in the future");
  await page.getByLabel("Expires").selectOption("90");
  await page.getByRole("button", { name: "Create key" }).click();
  await page.getByLabel("Your new API key").waitFor();
  const [key, ...more] = await owner.keys();
  expect(more).toEqual([]);
  const days = (Date.parse(key?.expires_at ?? "") - Date.parse(key?.created_at ?? "")) / 86_400_000;
  expect(Math.round(days)).toBe(90);
});

test("keys are filtered by name, mode and state, and an old key shows its age", async () => {
  const { page, owner } = await open();
  const created_at = new Date(Date.now() - 112 * 86_400_000).toISOString();
  const sha256 = Buffer.from(owner.name.padEnd(32, "x")).toString("hex");
  await owner.call("POST", "/keys/import", {
    keys: [{ sha256, name: "Old job", mode: "live", created_at }],
  });
  await owner.create({ name: "Sandbox", mode: "test", permissions: ["posts:read", "posts:write"] });
  const revoked = await owner.create({ name: "Gone" });
  await owner.revoke(revoked.id);
  const names = () => page.locator(".keys tbody th a").allInnerTexts();

  await page.reload();
  expect(await names()).toEqual(["Sandbox", "Old job"]);
  expect(await page.getByText("Posts: read and write").isVisible()).toBe(true);
  expect(await page.getByRole("link", { name: "Rotate: 112 days old" }).count()).toBe(1);
  await page.getByRole("combobox", { name: "State" }).selectOption("Revoked");
  await page.getByRole("button", { name: "Apply" }).click();
  expect(await names()).toEqual(["Gone"]);
  await page.getByRole("combobox", { name: "State" }).selectOption("All");
  await page.getByRole("combobox", { name: "Mode" }).selectOption("Live");
  await page.getByRole("searchbox", { name: "Name" }).fill("OLD");
  await page.getByRole("button", { name: "Apply" }).click();
  expect(await names()).toEqual(["Old job"]);
  await page.getByRole("searchbox", { name: "Name" }).fill("nothing");
  await page.getByRole("button", { name: "Apply" }).click();
  expect(await page.getByText("No key matches this filter.").isVisible()).toBe(true);
});

test("a rotation has four steps, and both keys work until the old key is revoked", async () => {
  const { page, owner } = await open();
  const old = await owner.create({ name: "CI", permissions: ["posts:read"] });
  expect(await owner.statusOf(old.secret)).toBe(200);
  await page.reload();
  await page.getByRole("link", { name: "Rotate: CI" }).click();
  const step = () => page.locator(".steps [aria-current]:visible").textContent();
  expect(await step()).toContain("Create the new key");
  await page.getByLabel("Keep the old key working for").selectOption("7 days");
  await page.getByRole("button", { name: "Create the new key" }).click();
  expect(await headingOf(page)).toBe("Copy the new key now");
  expect(await step()).toContain("Copy it");
  const newSecret = await page.getByLabel("Your new API key").inputValue();
  expect(await owner.statusOf(newSecret)).toBe(200);

  await page.getByRole("link", { name: "next step" }).click();
  expect(await step()).toContain("Wait until the old key is unused");
  const uses = () => page.locator("#uses").textContent();
  expect(await uses()).toMatch(/New key[\s\S]*Last used: just now[\s\S]*Old key[\s\S]*In use/);
  const { revokes_at } = await owner.get(old.id);
  await page.getByRole("button", { name: "Save" }).click();
  expect(await page.getByRole("status").first().textContent()).toMatch(
    /^Saved. The old key will be revoked on \d+ [A-Z][a-z]{2} \d{4}, \d\d:\d\d UTC.$/,
  );
  expect((await owner.get(old.id)).revokes_at).toBe(revokes_at);
  await page.getByLabel("When", { exact: true }).selectOption("In 1 hour");
  await page.getByRole("button", { name: "Save" }).click();
  const saved = `${(await owner.get(old.id)).revokes_at?.slice(11, 16)} UTC`;
  expect(await page.getByRole("status").first().textContent()).toContain(saved);
  const hours = (Date.parse((await owner.get(old.id)).revokes_at ?? "") - Date.now()) / 3_600_000;
  expect(Math.round(hours)).toBe(1);

  await page.getByRole("link", { name: "Revoke the old key now" }).click();
  await page.getByRole("button", { name: "Revoke key" }).click();
  await page.getByRole("heading", { name: "CI is revoked" }).waitFor();
  expect([await owner.statusOf(old.secret), await owner.statusOf(newSecret)]).toEqual([401, 200]);
});

test("a key is renamed, and the activity shows who did what", async () => {
  const { page, owner } = await open();
  await createKeyOnPage(page, "Before");
  await page.getByRole("link", { name: "I have copied it" }).click();
  await page.getByRole("link", { name: "Before", exact: true }).click();
  await page.getByLabel("Name").fill("After");
  await page.getByRole("button", { name: "Save name" }).click();
  expect(await headingOf(page)).toBe("After");
  expect(await page.getByText("The name was saved.").isVisible()).toBe(true);
  await page.getByLabel("Name").fill(" ");
  await page.getByRole("button", { name: "Save name" }).click();
  expect(await page.getByRole("alert").textContent()).toContain("Name is required");

  await owner.call("PUT", "", { tier: "pro" });
  await page.getByRole("link", { name: "Activity", exact: true }).click();
  const last4 = (await owner.keys())[0]?.hint.slice(-4);
  const activity = (await page.locator(".events li p:not(.when)").allInnerTexts()).join("\n");
  expect(activity).toBe(
    [
      "The control API (no name given) changed the tier of the account",
      `A user of this page (no name given) renamed After …${last4}`,
      "From “Before” to “After”.",
      `A user of this page (no name given) created After …${last4}`,
      "A user of this page (no name given) opened the key page of the account",
      "The control API (no name given) requested a link to the key page of the account",
    ].join("\n"),
  );
});

test("a key is identified and can be revoked; its text is in no answer and no log", async () => {
  const { page, owner } = await open();
  const [own, other] = [
    await owner.create({ name: "Mine", mode: "test", permissions: ["accounts:read"] }),
    await new Account(cluster).create({ name: "Not to be shown" }),
  ];
  const identify = async (secret: string) => {
    await page.getByRole("link", { name: "Test a key" }).click();
    await page.getByLabel("API key").fill(secret);
    await page.getByRole("button", { name: "Test key" }).click();
    return await page.getByRole("main").textContent();
  };
  expect(await identify(own.secret)).toMatch(/A key of this account\s*Mine[\s\S]*Test[\s\S]*Accounts: read/);
  expect(await identify("oct_live_nothing")).toContain("This is not an Octopost key");
  const identified = await identify(other.secret);
  expect(identified).toMatch(/A key of another account[\s\S]*Live[\s\S]*Full access/);
  expect(await page.content()).not.toMatch(/Not to be shown|oct_live_[0-9A-Za-z]{30}/);
  await page.locator("#again").fill(other.secret);
  await page.getByRole("button", { name: "Revoke that key" }).click();
  expect(await page.getByText("The key is revoked.").isVisible()).toBe(true);
  expect(await owner.statusOf(other.secret)).toBe(401);

  expect(await identify(own.secret)).toContain("Mine");
  await page.getByRole("link", { name: "Revoke this key" }).click();
  await page.getByRole("button", { name: "Revoke key" }).click();
  await page.getByRole("heading", { name: "Mine is revoked" }).waitFor();
  expect(cluster.logs.join("\n")).not.toMatch(/oct_(?:live|test)_[0-9A-Za-z]{30}/);
});

test("a link leads back to the dashboard, and signing out ends the session", async () => {
  const { page, origin } = await openLink({ return_url: RETURN_URL });
  const back = page.getByRole("link", { name: "Back to Octopost" });
  expect(await back.getAttribute("href")).toBe(RETURN_URL);
  await page.getByRole("button", { name: "Sign out" }).click();
  expect(await headingOf(page)).toBe("You are signed out");
  expect(await back.getAttribute("href")).toBe(RETURN_URL);
  await page.goto(`${origin}/portal/keys`);
  expect(await headingOf(page)).toBe("Your session has ended");
});
