/**
 * A key is shown exactly once: reloading, leaving or opening a second tab does not show it again, and a form that is
 * submitted twice creates one key. Going back: back-forward.test.ts.
 */

import type { Browser } from "playwright-core";
import { beforeAll, describe, expect, test } from "vitest";
import type { GatewayCluster } from "../support/gateway-cluster.ts";
import { sharedBrowser } from "../support/shared.ts";
import {
  contentOf,
  headingOf,
  KEY_TEXT,
  NEW_KEY_PAGE,
  newKeyForm,
  ReusedKeyPages,
  requestPage,
  sharedKeyPage,
  signIn,
  submitNewKey,
} from "./key-page.ts";
import { MarkupBrowser } from "./markup-browser.ts";

let cluster: GatewayCluster;
let browser: Browser;
beforeAll(async () => {
  [cluster, browser] = await Promise.all([sharedKeyPage(), sharedBrowser()]);
});

const ALREADY_SHOWN = "This key has been shown";
const NEW_KEY = { name: "Once", access: "full" };

describe("with JavaScript", () => {
  const pages = new ReusedKeyPages();
  const open = (options: { at?: string } = {}) => pages.open(cluster, browser, options);

  test("reloading the page that shows a key does not show it again", async () => {
    const { page, owner } = await open({ at: NEW_KEY_PAGE });
    expect(await submitNewKey(page, "Once")).toMatch(KEY_TEXT);
    await page.reload();
    expect(await headingOf(page)).toBe(ALREADY_SHOWN);
    expect(await contentOf(page)).not.toMatch(KEY_TEXT);
    expect(await owner.keys()).toHaveLength(1);
  });

  test("a second tab with the same URL does not show it", async () => {
    const { page, context } = await open({ at: NEW_KEY_PAGE });
    const secret = await submitNewKey(page, "Once");
    const second = await context.newPage();
    await second.goto(page.url());
    expect(await headingOf(second)).toBe(ALREADY_SHOWN);
    expect(await contentOf(second)).not.toContain(secret);
    await second.close();
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

describe("without JavaScript", () => {
  test("neither reloading nor a second tab shows a key again", async () => {
    const page = await MarkupBrowser.open(cluster);
    await page.follow("Create API key");
    await page.submit("Create key", NEW_KEY);
    expect(page.valueOf("key")).toMatch(KEY_TEXT);
    const second = page.copy();
    await second.reload();
    await page.reload();
    for (const again of [second, page]) {
      expect(again.heading).toBe(ALREADY_SHOWN);
      expect(again.html).not.toMatch(KEY_TEXT);
    }
    expect(await page.owner.keys()).toHaveLength(1);
  });

  test("the secret of a rotated key is shown once too", async () => {
    const page = await MarkupBrowser.open(cluster);
    const { id } = await page.owner.create({ name: "Old" });
    await page.goTo(`/portal/keys/${id}/rotate`);
    await page.submit(/^Create the new key/);
    expect(page.valueOf("key")).toMatch(KEY_TEXT);
    await page.reload();
    expect(page.heading).toBe(ALREADY_SHOWN);
    expect(page.html).not.toMatch(KEY_TEXT);
    await page.follow("Continue rotation");
    expect(page.heading).toBe("Rotate Old");
  });
});

describe("the form of a new key", () => {
  async function openForm() {
    const page = await MarkupBrowser.open(cluster);
    await page.follow("Create API key");
    return { page, again: page.copy() };
  }

  test("submitted again after the key was shown shows nothing", async () => {
    const { page, again } = await openForm();
    await page.submit("Create key", NEW_KEY);
    expect(page.valueOf("key")).toMatch(KEY_TEXT);
    await again.submit("Create key", NEW_KEY);
    expect([again.heading, again.target]).toEqual([ALREADY_SHOWN, page.target]);
    expect(again.html).not.toMatch(KEY_TEXT);
    await page.reload();
    expect(page.html).not.toMatch(KEY_TEXT);
    expect(await page.owner.keys()).toHaveLength(1);
  });

  test("submitted again with other values is refused, and answered with a new form", async () => {
    const { page, again } = await openForm();
    await page.submit("Create key", NEW_KEY);
    const used = again.valuesOf("Create key").get("form_id");
    await again.submit("Create key", { ...NEW_KEY, name: "Another" });
    expect(again.status).toBe(422);
    expect(again.text).toContain("This form was already submitted");
    expect(again.valuesOf("Create key").get("form_id")).not.toBe(used);
    expect(await page.owner.keys()).toHaveLength(1);
  });
});

describe("before the page of a new key is opened", () => {
  async function createKey() {
    const { cookie, origin, token, account, owner } = await signIn(cluster);
    const form = { form_token: token, ...newKeyForm(NEW_KEY) };
    const submit = async () => {
      const created = await requestPage(cluster, "/portal/keys/new", [cookie, origin], form);
      expect(created.status).toBe(303);
      return created.header("Location") ?? "";
    };
    const location = await submit();
    const show = async (of = cookie) => (await requestPage(cluster, location, [of])).body.toString();
    return { account, owner, location, submit, show };
  }

  test("its form submitted twice creates one key, and both answers lead to the page", async () => {
    const { owner, location, submit, show } = await createKey();
    expect(await submit()).toBe(location);
    expect(await owner.keys()).toHaveLength(1);
    expect(await show()).toMatch(KEY_TEXT);
  });

  test("the ledger keeps the secret sealed, and deletes it when it is shown", async () => {
    const { account, show } = await createKey();
    const rows = () => cluster.network.ledgerRows(account, "SELECT answer, sealed_secret FROM answers");
    const [before] = await rows();
    expect(before?.sealed_secret).not.toBeNull();
    expect(JSON.stringify(before)).not.toMatch(KEY_TEXT);
    await show();
    expect((await rows())[0]?.sealed_secret).toBeNull();
  });

  test("another session of the account cannot open it", async () => {
    const { account, show } = await createKey();
    const other = await signIn(cluster, account);
    const refused = await show(other.cookie);
    expect(refused).toContain("Page not found");
    expect(refused).not.toMatch(KEY_TEXT);
    expect(await show()).toMatch(KEY_TEXT);
  });
});
