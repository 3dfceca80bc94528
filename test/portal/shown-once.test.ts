/**
 * The promise that a key is shown exactly once: whatever is done to the page that shows it (reloaded, left, gone back
 * to, opened twice) and to the form that makes it (sent twice, gone back to), one key is made and its text is seen once.
 */

import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { Account } from "../control/account.ts";
import { startBrowser } from "../support/browser.ts";
import { type GatewayCluster, startCluster } from "../support/gateway-cluster.ts";
import { linkTo, makeKey, newAccount, SETTINGS, type Visit, visit } from "./key-page.ts";

let cluster: GatewayCluster;
let browser: Browser;
beforeAll(async () => {
  [cluster, browser] = await Promise.all([
    startCluster({ settings: SETTINGS }),
    startBrowser({ keepsPages: true }),
  ]);
});
afterAll(async () => {
  await browser.close();
  await cluster.close();
});

const KEY_TEXT = /oct_(?:live|test)_[0-9A-Za-z]{36}/;
const GONE = "This key has been shown";

async function heading(page: Page): Promise<string | null> {
  return await page.getByRole("heading", { level: 1 }).first().textContent();
}

/** All that is in the page, what stands in its fields too. */
async function everything(page: Page): Promise<string> {
  const fields = await page
    .locator("input, textarea")
    .evaluateAll((found) => found.map((field) => (field as HTMLInputElement).value).join("\n"));
  return `${await page.content()}\n${fields}`;
}

describe.each([
  ["with JavaScript", true],
  ["without JavaScript", false],
])("%s", (_, javaScriptEnabled) => {
  // One page for all, as opening one is what takes time; each test comes in by a link to an account of its own.
  let first: Visit;
  beforeAll(async () => {
    first = await visit(cluster, browser, { javaScriptEnabled });
  });
  afterAll(() => first.context.close());

  async function open() {
    const account = newAccount();
    await first.page.goto(await linkTo(cluster, account));
    return { ...first, account, owner: new Account(cluster, account) };
  }

  test("reloading the page that shows a key does not show it again", async () => {
    const { page, owner } = await open();
    expect(await makeKey(page, "Once")).toMatch(KEY_TEXT);
    await page.reload();
    expect(await heading(page)).toBe(GONE);
    expect(await everything(page)).not.toMatch(KEY_TEXT);
    expect(await owner.keys()).toHaveLength(1);
  });

  test("going on and coming back does not show it again", async () => {
    const { page } = await open();
    await makeKey(page, "Once");
    await page.getByRole("link", { name: "I have copied it" }).click();
    await page.getByRole("heading", { name: "API keys" }).waitFor();
    await page.goBack();
    await page.getByRole("heading", { name: GONE }).waitFor();
    expect(await everything(page)).not.toMatch(KEY_TEXT);
  });

  test("a second tab with the same address does not show it", async () => {
    const { page, context } = await open();
    const secret = await makeKey(page, "Once");
    const second = await context.newPage();
    await second.goto(page.url());
    expect(await heading(second)).toBe(GONE);
    expect(await everything(second)).not.toContain(secret);
  });

  test("the text of a rotated key is shown once too", async () => {
    const { page, owner } = await open();
    const { id } = await owner.create({ name: "Old" });
    await page.goto(new URL(`/portal/keys/${id}/rotate`, page.url()).href);
    await page.getByRole("button", { name: "Make the new key" }).click();
    expect(await page.getByLabel("Your new API key").inputValue()).toMatch(KEY_TEXT);
    await page.reload();
    expect(await heading(page)).toBe(GONE);
    expect(await everything(page)).not.toMatch(KEY_TEXT);
    await page.getByRole("link", { name: "Continue rotation" }).click();
    expect(await heading(page)).toBe("Rotate Old");
  });
});

describe("the form of a new key", () => {
  /** Sends the very form that the page holds, as a browser does, without following where it leads. */
  async function send(page: Page, changes: Record<string, string> = {}) {
    const form = await page
      .locator("main form")
      .evaluate((element) =>
        [...new FormData(element as HTMLFormElement)].map(([name, value]) => [name, String(value)]),
      );
    const origin = new URL(page.url()).origin;
    return await page.request.post(page.url(), {
      form: { ...Object.fromEntries(form), name: "Once", ...changes },
      headers: { Origin: origin },
      maxRedirects: 0,
    });
  }

  let first: Visit;
  beforeAll(async () => {
    first = await visit(cluster, browser);
  });
  afterAll(() => first.context.close());

  async function openForm() {
    const account = newAccount();
    await first.page.goto(await linkTo(cluster, account));
    await first.page.goto(`${first.origin}/portal/keys/new`);
    return { ...first, account, owner: new Account(cluster, account) };
  }

  test("sent twice makes one key, and both answers lead to the one page that shows it", async () => {
    const { page, owner } = await openForm();
    const first = await send(page);
    const second = await send(page);
    expect([first.status(), second.status()]).toEqual([303, 303]);
    expect(second.headers().location).toBe(first.headers().location);
    expect(await owner.keys()).toHaveLength(1);
    await page.goto(new URL(first.headers().location ?? "", page.url()).href);
    expect(await everything(page)).toMatch(KEY_TEXT);
  });

  test("sent again after the key was shown shows nothing", async () => {
    const { page, owner, context } = await openForm();
    const { location = "" } = (await send(page)).headers();
    const shown = await context.newPage();
    await shown.goto(new URL(location, page.url()).href);
    expect(await everything(shown)).toMatch(KEY_TEXT);
    expect((await send(page)).status()).toBe(303);
    await shown.reload();
    expect(await everything(shown)).not.toMatch(KEY_TEXT);
    expect(await owner.keys()).toHaveLength(1);
  });

  test("sent again with other contents is refused, and comes back as a new form", async () => {
    const { page, owner } = await openForm();
    await send(page);
    const again = await send(page, { name: "Another" });
    expect(again.status()).toBe(422);
    expect(await again.text()).toContain("This form had been sent already");
    expect(await owner.keys()).toHaveLength(1);
  });

  test("what the ledger keeps to show the key is sealed before, and gone after", async () => {
    const { page, account } = await openForm();
    const rows = () => cluster.distance.ledgerRows(account, "SELECT answer, sealed_secret FROM answers");
    const { location = "" } = (await send(page)).headers();
    const [before] = await rows();
    expect(before?.sealed_secret).not.toBeNull();
    expect(JSON.stringify(before)).not.toMatch(KEY_TEXT);
    await page.goto(new URL(location, page.url()).href);
    expect((await rows())[0]?.sealed_secret).toBeNull();
  });

  test("the page that shows a key shows it to nobody else: not to another session of the account", async () => {
    const { page, account } = await openForm();
    const { location = "" } = (await send(page)).headers();
    const other = await visit(cluster, browser, { account });
    onTestFinished(() => other.context.close());
    await other.page.goto(`${other.origin}${location}`);
    expect(await heading(other.page)).toBe("There is no such page");
    await page.goto(new URL(location, page.url()).href);
    expect(await everything(page)).toMatch(KEY_TEXT);
  });
});
