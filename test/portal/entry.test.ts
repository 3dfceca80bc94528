/**
 * The way in: opening a link shows one button, so previews and prefetching do not use the link up; blocked cookies are
 * reported; used links and ended sessions cost no ledger call after the first.
 */

import type { Browser, Page } from "playwright-core";
import { beforeAll, describe, expect, onTestFinished, test } from "vitest";
import type { GatewayCluster } from "../support/gateway-cluster.ts";
import { logLineOf } from "../support/log-lines.ts";
import type { Header } from "../support/raw-http.ts";
import { sharedBrowser } from "../support/shared.ts";
import {
  cookieOf,
  enter,
  enterKeyPage,
  expireSessions,
  headingOf,
  linkTo,
  newAccount,
  newKeyForm,
  originOf,
  pathOf,
  requestPage,
  sharedKeyPage,
  signIn,
} from "./key-page.ts";

/** Many more than a cache that holds a few tokens would answer. */
const REQUESTS = 50;

let cluster: GatewayCluster;
let browser: Browser;
beforeAll(async () => {
  [cluster, browser] = await Promise.all([sharedKeyPage(), sharedBrowser()]);
});

const get = (target: string, headers?: readonly Header[]) => requestPage(cluster, target, headers);

let shared: Page | undefined;

/** A page without a session: the same one for all tests, since opening one is slow. */
async function openPage() {
  shared ??= await (await browser.newContext()).newPage();
  const context = shared.context();
  await context.clearCookies();
  return { context, page: shared };
}

describe("opening a link", () => {
  test("shows one button, which opens the key page", async () => {
    const account = newAccount();
    const context = await browser.newContext({ javaScriptEnabled: false });
    onTestFinished(() => context.close());
    const page = await context.newPage();
    await page.goto(await linkTo(cluster, account));
    expect(await page.getByRole("main").textContent()).toContain(account);
    const buttons = page.getByRole("button");
    expect(await buttons.count()).toBe(1);
    await buttons.click();
    expect(await headingOf(page)).toBe("API keys");
  });

  test.each<[string, readonly Header[]]>([
    ["a prefetch", [["Sec-Purpose", "prefetch"]]],
    ["a prerender", [["Sec-Purpose", "prefetch;prerender"]]],
    ["an older prefetch", [["Purpose", "prefetch"]]],
    ["a chat's preview", [["User-Agent", "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)"]]],
    [
      "a mail scanner with a browser of its own",
      [["User-Agent", "Mozilla/5.0 (Windows NT 10.0) Chrome/153"]],
    ],
  ])("%s does not use it up", async (_, headers) => {
    const link = await linkTo(cluster, newAccount());
    for (let i = 0; i < 3; i++) {
      const preview = await get(pathOf(link), headers);
      expect([preview.status, preview.header("Set-Cookie")]).toEqual([200, undefined]);
    }
    expect((await enter(cluster, link)).status).toBe(303);
  });

  test("in a browser that runs the page's script does not use it up", async () => {
    const link = await linkTo(cluster, newAccount());
    const { page } = await openPage();
    await page.goto(link);
    await page.waitForTimeout(500);
    expect((await enter(cluster, link)).status).toBe(303);
  });

  test("that was used leads to the keys of a valid session of the account", async () => {
    const account = newAccount();
    const link = await linkTo(cluster, account);
    const cookie: Header = ["Cookie", cookieOf(await enter(cluster, link))];
    const again = await get(pathOf(link), [cookie]);
    expect([again.status, again.header("Location")]).toEqual([303, "/portal/keys"]);
    expect((await get(pathOf(link))).status).toBe(410);
    const other = await signIn(cluster);
    expect((await get(pathOf(link), [other.cookie])).status).toBe(410);
    await expireSessions(cluster, account);
    expect((await get(pathOf(link), [cookie])).status).toBe(410);
  });

  test("going back to the button of a used link leads to the keys", async () => {
    const { page } = await openPage();
    await enterKeyPage(page, await linkTo(cluster, newAccount()));
    await page.goBack();
    await page.waitForURL(/\/portal\/(keys|enter)/);
    const button = page.getByRole("button", { name: "Open API keys" });
    if (await button.isVisible()) await button.click();
    expect(await headingOf(page)).toBe("API keys");
  });

  test("from another site's form is refused and does not use it up", async () => {
    const link = await linkTo(cluster, newAccount());
    const forged = await requestPage(cluster, pathOf(link), [["Origin", "https://evil.example"]], {});
    expect([forged.status, forged.header("Set-Cookie")]).toEqual([403, undefined]);
    expect((await enter(cluster, link)).status).toBe(303);
  });
});

describe("a page that shows a secret once", () => {
  test.each<[string, readonly Header[]]>([
    ["a prefetch", [["Sec-Purpose", "prefetch"]]],
    ["a prerender", [["Sec-Purpose", "prefetch;prerender"]]],
    ["an older prefetch", [["Purpose", "prefetch"]]],
  ])("does not show it to %s", async (_, headers) => {
    const { cookie, origin, token } = await signIn(cluster);
    const form = { form_token: token, ...newKeyForm() };
    const { header } = await requestPage(cluster, "/portal/keys/new", [cookie, origin], form);
    const location = header("Location") ?? "";
    const prefetched = await get(location, [cookie, ...headers]);
    expect(prefetched.status).toBe(503);
    expect(prefetched.body.toString()).not.toMatch(/oct_test_[0-9A-Za-z]{30}/);
    expect((await get(location, [cookie])).body.toString()).toMatch(/oct_test_[0-9A-Za-z]{46}/);
  });
});

describe("blocked cookies", () => {
  test("are reported instead of an ended session", async () => {
    const entered = await enter(cluster, await linkTo(cluster, newAccount()));
    const location = entered.header("Location") ?? "";
    const page = await get(location);
    expect(page.status).toBe(403);
    expect(page.body.toString()).toContain("Cookies are blocked");
    expect((await logLineOf(cluster, page)).reason).toBe("cookies_blocked");
    // The same address with the cookie works, and without one it says later that the session has ended.
    expect((await get(location, [["Cookie", cookieOf(entered)]])).status).toBe(200);
    for (const target of [
      "/portal/keys",
      "/portal/keys?entered=1",
      "/portal/keys?entered=9999999999",
      "/portal/keys?entered=constructor",
      "/portal/keys?entered=",
    ]) {
      const late = await get(target);
      expect([late.status, late.body.includes("Your session has ended")], target).toEqual([403, true]);
    }
  });

  test("are reported in a browser that keeps none", async () => {
    const { page, context } = await openPage();
    onTestFinished(() => page.unrouteAll());
    await page.route("**/portal/enter/**", async (route) => {
      const response = await route.fetch({ maxRedirects: 0 });
      const headers = response.headers();
      delete headers["set-cookie"];
      // `fetch` has kept the cookie in the context.
      await context.clearCookies();
      await route.fulfill({ response, headers });
    });
    await page.goto(await linkTo(cluster, newAccount()));
    await page.getByRole("button", { name: "Open API keys" }).click();
    expect(await headingOf(page)).toBe("Cookies are blocked");
  });

  test("are reported by the script before the link is used up", async () => {
    const link = await linkTo(cluster, newAccount());
    const { page } = await openPage();
    await page.goto(link);
    await page.evaluate(() => {
      Object.defineProperty(navigator, "cookieEnabled", { get: () => "allowed" in globalThis });
    });
    await page.getByRole("button", { name: "Open API keys" }).click();
    expect(await page.getByRole("alert").textContent()).toContain("Allow cookies");
    expect(page.url()).toBe(link);
    await page.evaluate(() => Object.assign(globalThis, { allowed: true }));
    await page.getByRole("button", { name: "Open API keys" }).click();
    await page.getByRole("heading", { name: "API keys", exact: true }).waitFor();
    // The address does not keep the mark of the entry.
    expect(page.url()).toBe(`${originOf(cluster)}/portal/keys`);
  });
});

describe(`${REQUESTS} requests`, () => {
  const ledgerCalls = async () =>
    Object.values((await cluster.network.counts()).ledgerCalls).reduce((sum, count) => sum + count, 0);

  async function hammer(request: () => Promise<{ readonly status: number }>, status: number) {
    expect((await request()).status).toBe(status);
    await cluster.network.resetCounts();
    for (let i = 0; i < REQUESTS; i++) expect((await request()).status).toBe(status);
    expect(await ledgerCalls()).toBe(0);
  }

  test("for a used link cost no ledger call after the first", async () => {
    const link = await linkTo(cluster, newAccount());
    await enter(cluster, link);
    await hammer(() => get(pathOf(link)), 410);
  });

  test("for the button of a used link, each with another form, cost no ledger call after the first", async () => {
    const link = await linkTo(cluster, newAccount());
    await enter(cluster, link);
    const origin: Header = ["Origin", originOf(cluster)];
    await hammer(() => requestPage(cluster, pathOf(link), [origin], { entry_id: crypto.randomUUID() }), 410);
  });

  test("for an expired link cost no ledger call after the first", async () => {
    const account = newAccount();
    const link = await linkTo(cluster, account);
    await cluster.network.ledgerRows(account, "UPDATE portal_tokens SET ends_at = 1");
    await hammer(() => get(pathOf(link)), 410);
  });

  test("with the cookie of an ended session cost no ledger call after the first", async () => {
    const { cookie, account, origin, token } = await signIn(cluster);
    await expireSessions(cluster, account);
    await hammer(() => get("/portal/keys", [cookie]), 403);
    await hammer(
      () => requestPage(cluster, "/portal/keys/new", [cookie, origin], { form_token: token }),
      403,
    );
  });

  test("with the cookie of a session that was signed out cost no ledger call", async () => {
    const { cookie, origin, token } = await signIn(cluster);
    await requestPage(cluster, "/portal/sign-out", [cookie, origin], { form_token: token });
    await cluster.network.resetCounts();
    for (let i = 0; i < REQUESTS; i++) expect((await get("/portal/keys", [cookie])).status).toBe(403);
    expect(await ledgerCalls()).toBe(0);
  });

  test("do not stop a session from ending at once, nor a ledger failure from being temporary", async () => {
    const { cookie, account } = await signIn(cluster);
    expect((await get("/portal/keys", [cookie])).status).toBe(200);
    const lift = await cluster.network.fault({ on: "ledger", how: "fail-before" });
    expect((await get("/portal/keys", [cookie])).status).toBe(503);
    await lift();
    expect((await get("/portal/keys", [cookie])).status).toBe(200);
    await expireSessions(cluster, account);
    expect((await get("/portal/keys", [cookie])).status).toBe(403);
  });
});
