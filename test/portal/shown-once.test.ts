/**
 * A key is shown exactly once: reloading, leaving, going back or opening a second tab does not show it again, and a form
 * that is submitted twice creates one key.
 */

import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import type { GatewayCluster } from "../support/gateway-cluster.ts";
import { sharedBrowser } from "../support/shared.ts";
import {
  createKeyOnPage,
  headingOf,
  type OpenKeyPage,
  openKeyPage,
  reuseKeyPage,
  sharedKeyPage,
} from "./key-page.ts";

let cluster: GatewayCluster;
let browser: Browser;
/** Keeps pages in its back/forward cache, as a user's browser does; each of them costs a process. */
let keepingBrowser: Browser;
beforeAll(async () => {
  [cluster, browser, keepingBrowser] = await Promise.all([
    sharedKeyPage(),
    sharedBrowser(),
    sharedBrowser({ keepsPages: true }),
  ]);
});

const KEY_TEXT = /oct_(?:live|test)_[0-9A-Za-z]{46}/;
const ALREADY_SHOWN = "This key has been shown";

/** The markup of the page and the values of its fields. */
async function contentOf(page: Page): Promise<string> {
  const fields = await page
    .locator("input, textarea")
    .evaluateAll((found) => found.map((field) => (field as HTMLInputElement).value).join("\n"));
  return `${await page.content()}\n${fields}`;
}

describe.each([
  ["with JavaScript", true],
  ["without JavaScript", false],
])("%s", (_, javaScriptEnabled) => {
  // One browser page for all tests, since opening one is slow; each test has a session of its own account.
  let shared: OpenKeyPage;
  beforeAll(async () => {
    shared = await openKeyPage(cluster, browser, { javaScriptEnabled });
  });
  afterAll(() => shared.context.close());

  const open = () => reuseKeyPage(cluster, shared);

  test("reloading the page that shows a key does not show it again", async () => {
    const { page, owner } = await open();
    expect(await createKeyOnPage(page, "Once")).toMatch(KEY_TEXT);
    await page.reload();
    expect(await headingOf(page)).toBe(ALREADY_SHOWN);
    expect(await contentOf(page)).not.toMatch(KEY_TEXT);
    expect(await owner.keys()).toHaveLength(1);
  });

  test("going on and then back does not show it again", async () => {
    const { page, context } = await openKeyPage(cluster, keepingBrowser, { javaScriptEnabled });
    onTestFinished(() => context.close());
    await createKeyOnPage(page, "Once");
    await page.getByRole("link", { name: "I have copied it" }).click();
    await page.getByRole("heading", { name: "API keys" }).waitFor();
    await page.goBack();
    await page.getByRole("heading", { name: ALREADY_SHOWN }).waitFor();
    expect(await contentOf(page)).not.toMatch(KEY_TEXT);
  });

  test("a second tab with the same URL does not show it", async () => {
    const { page, context } = await open();
    const secret = await createKeyOnPage(page, "Once");
    const second = await context.newPage();
    await second.goto(page.url());
    expect(await headingOf(second)).toBe(ALREADY_SHOWN);
    expect(await contentOf(second)).not.toContain(secret);
  });

  test("the secret of a rotated key is shown once too", async () => {
    const { page, owner } = await open();
    const { id } = await owner.create({ name: "Old" });
    await page.goto(new URL(`/portal/keys/${id}/rotate`, page.url()).href);
    await page.getByRole("button", { name: "Create the new key" }).click();
    expect(await page.getByLabel("Your new API key").inputValue()).toMatch(KEY_TEXT);
    await page.reload();
    expect(await headingOf(page)).toBe(ALREADY_SHOWN);
    expect(await contentOf(page)).not.toMatch(KEY_TEXT);
    await page.getByRole("link", { name: "Continue rotation" }).click();
    expect(await headingOf(page)).toBe("Rotate Old");
  });
});

describe("the form of a new key", () => {
  /** Submits the form of the page as the browser does, without following the redirect. */
  async function send(page: Page, changes: Record<string, string> = {}) {
    const form = await page
      .locator("main form")
      .evaluate((element) =>
        [...new FormData(element as HTMLFormElement)].map(([name, value]) => [name, String(value)]),
      );
    const origin = new URL(page.url()).origin;
    return await page.request.post(page.url(), {
      form: { ...Object.fromEntries(form), name: "Once", access: "full", ...changes },
      headers: { Origin: origin },
      maxRedirects: 0,
    });
  }

  let shared: OpenKeyPage;
  beforeAll(async () => {
    shared = await openKeyPage(cluster, browser);
  });
  afterAll(() => shared.context.close());

  async function openForm() {
    const opened = await reuseKeyPage(cluster, shared);
    await shared.page.goto(`${shared.origin}/portal/keys/new`);
    return opened;
  }

  test("submitted twice creates one key, and both answers lead to the page that shows it", async () => {
    const { page, owner } = await openForm();
    const first = await send(page);
    const second = await send(page);
    expect([first.status(), second.status()]).toEqual([303, 303]);
    expect(second.headers().location).toBe(first.headers().location);
    expect(await owner.keys()).toHaveLength(1);
    await page.goto(new URL(first.headers().location ?? "", page.url()).href);
    expect(await contentOf(page)).toMatch(KEY_TEXT);
  });

  test("submitted again after the key was shown shows nothing", async () => {
    const { page, owner, context } = await openForm();
    const { location = "" } = (await send(page)).headers();
    const shown = await context.newPage();
    await shown.goto(new URL(location, page.url()).href);
    expect(await contentOf(shown)).toMatch(KEY_TEXT);
    expect((await send(page)).status()).toBe(303);
    await shown.reload();
    expect(await contentOf(shown)).not.toMatch(KEY_TEXT);
    expect(await owner.keys()).toHaveLength(1);
  });

  test("submitted again with other values is refused, and answered with a new form", async () => {
    const { page, owner } = await openForm();
    await send(page);
    const again = await send(page, { name: "Another" });
    expect(again.status()).toBe(422);
    expect(await again.text()).toContain("This form was already submitted");
    expect(await owner.keys()).toHaveLength(1);
  });

  test("the ledger keeps the secret sealed until it is shown, and deletes it then", async () => {
    const { page, account } = await openForm();
    const rows = () => cluster.network.ledgerRows(account, "SELECT answer, sealed_secret FROM answers");
    const { location = "" } = (await send(page)).headers();
    const [before] = await rows();
    expect(before?.sealed_secret).not.toBeNull();
    expect(JSON.stringify(before)).not.toMatch(KEY_TEXT);
    await page.goto(new URL(location, page.url()).href);
    expect((await rows())[0]?.sealed_secret).toBeNull();
  });

  test("another session of the account cannot open the page that shows the key", async () => {
    const { page, account } = await openForm();
    const { location = "" } = (await send(page)).headers();
    const other = await openKeyPage(cluster, browser, { account });
    onTestFinished(() => other.context.close());
    await other.page.goto(`${other.origin}${location}`);
    expect(await headingOf(other.page)).toBe("Page not found");
    await page.goto(new URL(location, page.url()).href);
    expect(await contentOf(page)).toMatch(KEY_TEXT);
  });
});
