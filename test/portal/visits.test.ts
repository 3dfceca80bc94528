/**
 * Who gets onto the key page, and what a form may do: links that open one visit, visits that end, forms that come from
 * this visit's own pages, and pages that no other site can use. What a stranger sends costs no ledger call.
 */

import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { Account } from "../control/account.ts";
import { startBrowser } from "../support/browser.ts";
import { type GatewayCluster, startCluster } from "../support/gateway-cluster.ts";
import { logLineOf } from "../support/log-lines.ts";
import { type Header, type RawResponse, rawRequest } from "../support/raw-http.ts";
import { endSessions, linkTo, newAccount, RETURN_URL, SETTINGS, visit } from "./key-page.ts";

let cluster: GatewayCluster;
let browser: Browser;
beforeAll(async () => {
  [cluster, browser] = await Promise.all([startCluster({ settings: SETTINGS }), startBrowser()]);
});
afterAll(async () => {
  await browser.close();
  await cluster.close();
});

function ask(target: string, headers: readonly Header[] = [], form?: Record<string, string>) {
  return rawRequest(cluster.gateway(0), {
    method: form ? "POST" : "GET",
    target,
    headers: [
      ...headers,
      ...(form ? ([["Content-Type", "application/x-www-form-urlencoded"]] as const) : []),
    ],
    ...(form && { body: Buffer.from(new URLSearchParams(form).toString()) }),
  });
}

const pathOf = (link: string) => new URL(link).pathname;
const cookieOf = (response: RawResponse) => /^[^;]+/.exec(response.header("Set-Cookie") ?? "")?.[0] ?? "";

/** A visit without a browser: its cookie, and the token its forms carry. */
async function enter(account = newAccount()) {
  const cookie: Header = ["Cookie", cookieOf(await ask(pathOf(await linkTo(cluster, account))))];
  const page = (await ask("/portal/keys/new", [cookie])).body.toString();
  const token = /name="form_token" value="([^"]+)"/.exec(page)?.[1] ?? "no token";
  const { host, port } = cluster.gateway(0);
  const origin: Header = ["Origin", `http://${host}:${port}`];
  return { account, owner: new Account(cluster, account), cookie, token, origin };
}

async function open(options: Parameters<typeof visit>[2] = {}) {
  const opened = await visit(cluster, browser, options);
  onTestFinished(() => opened.context.close());
  return { ...opened, owner: new Account(cluster, opened.account) };
}

const heading = (page: Page) => page.getByRole("heading", { level: 1 }).first().textContent();

describe("a link", () => {
  test("opens the page of its account, once", async () => {
    const link = pathOf(await linkTo(cluster, newAccount()));
    const first = await ask(link);
    expect([first.status, first.header("Location")]).toEqual([303, "/portal/keys"]);
    const second = await ask(link);
    expect(second.status).toBe(410);
    expect(second.header("Set-Cookie")).toBeUndefined();
    expect(second.body.toString()).toContain("This link has been used");
    expect((await logLineOf(cluster, second)).reason).toBe("link_used");
  });

  test("opens one visit when two ask at once", async () => {
    const link = pathOf(await linkTo(cluster, newAccount()));
    const statuses = await Promise.all([ask(link), ask(link), ask(link)]);
    expect(statuses.map(({ status }) => status).sort()).toEqual([303, 410, 410]);
  });

  test("is good for five minutes", async () => {
    const account = newAccount();
    const { json } = await cluster.control("POST", `/accounts/${account}/portal-sessions`);
    const lastsMs = Date.parse(json.expires_at) - Date.now();
    expect(Math.round(lastsMs / 60_000)).toBe(5);
    await cluster.distance.ledgerRows(account, "UPDATE portal_visits SET ends_at = ends_at - 300000");
    expect((await ask(pathOf(json.url))).status).toBe(410);
  });

  test("is not used up by HEAD, and HEAD gets nothing", async () => {
    const link = pathOf(await linkTo(cluster, newAccount()));
    const head = await rawRequest(cluster.gateway(0), { method: "HEAD", target: link });
    expect([head.status, head.header("Set-Cookie")]).toEqual([400, undefined]);
    expect((await ask(link)).status).toBe(303);
  });

  test("that somebody made up costs no ledger call, whatever account it names", async () => {
    const link = pathOf(await linkTo(cluster, newAccount()));
    const other = newAccount();
    await cluster.distance.resetCounts();
    const token = link.split("/").at(-1) ?? "";
    const [account = "", random, check = ""] = token.split(".");
    for (const forged of [
      `${other}.${random}.${check}`,
      `${account}.${random}.${"A".repeat(43)}`,
      `${account}.${"A".repeat(43)}.${check}`,
      `${token}A`,
      "nothing",
    ]) {
      expect((await ask(`/portal/enter/${forged}`)).status, forged).toBe(410);
    }
    // A link's token is no session's.
    const asSession = await ask("/portal/keys", [["Cookie", `octopost_key_page=${token}`]]);
    expect(asSession.status).toBe(403);
    expect((await cluster.distance.counts()).ledgerCalls).toEqual({});
  });
});

describe("a return address", () => {
  test.each([
    "https://evil.example/",
    "https://dashboard.example.evil.example/",
    "https://dashboard.example:8443/",
    "http://dashboard.example/",
    "https://user@dashboard.example/",
    "//dashboard.example/",
    "javascript:alert(1)//dashboard.example",
    "dashboard.example",
    "",
  ])("%s is refused", async (return_url) => {
    const { status, json } = await cluster.control("POST", `/accounts/a/portal-sessions`, { return_url });
    expect([status, Object.keys(json.details)]).toEqual([422, ["return_url"]]);
  });
});

describe("the cookie", () => {
  test("is no script's, no other site's, and lasts as long as the visit", async () => {
    const response = await ask(pathOf(await linkTo(cluster, newAccount())));
    const cookie = response.header("Set-Cookie") ?? "";
    expect(cookie).toMatch(
      /^octopost_key_page=[^;]+; Max-Age=(?:1800|179\d); Path=\/; HttpOnly; SameSite=Lax$/,
    );
  });

  test("is Secure and this host's alone anywhere but on this machine", async () => {
    const host: Header = ["Host", "api.octopost.ink"];
    const response = await ask(pathOf(await linkTo(cluster, newAccount())), [host]);
    expect(response.header("Set-Cookie")).toMatch(/^__Host-octopost_key_page=[^;]+;.* Secure;/);
    const [name, value] = cookieOf(response).split("=");
    expect((await ask("/portal/keys", [host, ["Cookie", `${name}=${value}`]])).status).toBe(200);
    // Under the name that any host next door could set it is not taken.
    expect((await ask("/portal/keys", [host, ["Cookie", `octopost_key_page=${value}`]])).status).toBe(403);
  });

  test("of another account's name opens nothing, and costs no ledger call", async () => {
    const { cookie, owner } = await enter();
    const victim = new Account(cluster);
    await victim.create();
    await cluster.distance.resetCounts();
    const forged = cookie[1].replace(owner.name, victim.name);
    expect(forged).not.toBe(cookie[1]);
    expect((await ask("/portal/keys", [["Cookie", forged]])).status).toBe(403);
    expect((await cluster.distance.counts()).ledgerCalls).toEqual({});
  });

  test("is nothing to the API, and neither is a key to the page", async () => {
    const { cookie, owner } = await enter();
    const { secret } = await owner.create();
    expect((await ask("/v1/posts", [cookie])).status).toBe(401);
    expect((await ask("/portal/keys", [["Authorization", `Bearer ${secret}`]])).status).toBe(403);
    await owner.use(secret, { headers: [cookie] });
    expect(cluster.live.requests.at(-1)?.header("Cookie")).toBeUndefined();
    expect(cluster.live.requests).toHaveLength(1);
  });
});

describe("a visit", () => {
  test("that has ended says so on a page, and leads back to the dashboard", async () => {
    const { page, account, origin } = await open({ input: { return_url: RETURN_URL } });
    await endSessions(cluster, account);
    await page.getByRole("link", { name: "Activity" }).click();
    expect(await heading(page)).toBe("Your visit to the key page has ended");
    expect(await page.getByRole("link", { name: "Back to Octopost" }).getAttribute("href")).toBe(RETURN_URL);
    expect(await page.goto(`${origin}/portal/keys/new`).then((answer) => answer?.status())).toBe(403);
  });

  test("that ends while a form is filled in changes nothing", async () => {
    const { page, owner, account } = await open();
    await page.getByRole("link", { name: "Create API key" }).click();
    await page.getByLabel("Name").fill("Too late");
    await endSessions(cluster, account);
    await page.getByRole("button", { name: "Create key" }).click();
    await page.getByRole("heading", { name: "Your visit to the key page has ended" }).waitFor();
    expect((await owner.shown()).keys).toEqual([]);
  });

  test("goes on in two tabs at once", async () => {
    const { page, context, origin, owner } = await open();
    const { id } = await owner.create({ name: "Shared" });
    const second = await context.newPage();
    await page.goto(`${origin}/portal/keys/${id}/revoke`);
    await second.goto(`${origin}/portal/keys/${id}`);
    await page.getByRole("button", { name: "Revoke key" }).click();
    await page.getByRole("heading", { name: "Shared is revoked" }).waitFor();
    await second.getByLabel("Name").fill("Renamed");
    await second.getByRole("button", { name: "Save name" }).click();
    await second.getByRole("heading", { name: "Renamed" }).waitFor();
    // What was open in the other tab says how things are now.
    await second.goto(`${origin}/portal/keys/${id}/rotate`);
    expect(await second.getByText("There is nothing left to rotate").isVisible()).toBe(true);
  });

  test("does not see or touch another account's key", async () => {
    const { cookie, token, origin } = await enter();
    const others = await new Account(cluster).create({ name: "Not yours" });
    for (const path of ["", "/rotate", "/revoke"]) {
      const response = await ask(`/portal/keys/${others.id}${path}`, [cookie]);
      expect([response.status, response.body.includes("Not yours")], path).toEqual([404, false]);
    }
    for (const path of ["/rename", "/rotate", "/end", "/revoke"]) {
      const form = { form_token: token, name: "Mine", overlap: "3600", when: "3600", form_id: "x" };
      expect((await ask(`/portal/keys/${others.id}${path}`, [cookie, origin], form)).status, path).toBe(404);
    }
    expect(await new Account(cluster, others.account).get(others.id)).toMatchObject({
      name: "Not yours",
      revokes_at: null,
      revoked_at: null,
    });
  });

  test("in one browser with a second account's: a form of the first is refused", async () => {
    const { page, context, owner } = await open();
    await page.getByRole("link", { name: "Create API key" }).click();
    await page.getByLabel("Name").fill("For the first account");
    const second = await context.newPage();
    const other = newAccount();
    await second.goto(await linkTo(cluster, other));
    await page.getByRole("button", { name: "Create key" }).click();
    await page.getByRole("heading", { name: "This form is out of date" }).waitFor();
    expect((await owner.shown()).keys).toEqual([]);
    expect((await new Account(cluster, other).shown()).keys).toEqual([]);
  });

  test("is named in the events as the dashboard has named it", async () => {
    const account = newAccount();
    const link = await cluster.control("POST", `/accounts/${account}/portal-sessions`, undefined, {
      headers: [["Octopost-Actor", "ada@example.com"]],
    });
    const cookie: Header = ["Cookie", cookieOf(await ask(pathOf(link.json.url)))];
    const page = (await ask("/portal/keys/new", [cookie])).body.toString();
    const form_token = /name="form_token" value="([^"]+)"/.exec(page)?.[1] ?? "";
    const form = { form_token, form_id: "1", name: "Hers", mode: "test", expires: "never" };
    expect((await ask("/portal/keys/new", [cookie], form)).status).toBe(303);
    expect((await new Account(cluster, account).events())[0]?.actor).toBe("ada@example.com");
  });
});

describe("a form", () => {
  const NEW_KEY = { form_id: "1", name: "Forged", mode: "live", expires: "never" };

  test.each<[string, (good: { token: string; origin: Header }) => [Header[], Record<string, string>]]>([
    ["without the page's token", ({ origin }) => [[origin], {}]],
    ["with a token made up", ({ origin }) => [[origin], { form_token: "A".repeat(43) }]],
    ["from another site", ({ token }) => [[["Origin", "https://evil.example"]], { form_token: token }]],
    ["from a page without an origin", ({ token }) => [[["Origin", "null"]], { form_token: token }]],
  ])("%s changes nothing", async (_, forge) => {
    const good = await enter();
    const [headers, fields] = forge(good);
    const response = await ask("/portal/keys/new", [good.cookie, ...headers], { ...NEW_KEY, ...fields });
    expect(response.status).toBe(403);
    expect((await logLineOf(cluster, response)).reason).toBe("csrf_failed");
    expect((await good.owner.shown()).keys).toEqual([]);
  });

  test("with the token of another visit changes nothing", async () => {
    const [mine, theirs] = [await enter(), await enter()];
    const form = { ...NEW_KEY, form_token: theirs.token };
    expect((await ask("/portal/keys/new", [mine.cookie, mine.origin], form)).status).toBe(403);
    expect((await mine.owner.shown()).keys).toEqual([]);
  });

  test("that another site's page sends through a visitor's browser changes nothing", async () => {
    const { page, context, origin, owner } = await open();
    const { id } = await owner.create({ name: "Victim" });
    const evil = await context.newPage();
    await evil.route("http://evil.example/", (route) =>
      route.fulfill({
        contentType: "text/html",
        body: `<form method="post" action="${origin}/portal/keys/${id}/revoke"><button>Win</button></form>`,
      }),
    );
    await evil.goto("http://evil.example/");
    await evil.getByRole("button").click();
    await evil.waitForURL(/\/revoke$/);
    expect(await heading(evil)).not.toContain("is revoked");
    expect((await owner.get(id)).revoked_at).toBeNull();
    await page.reload();
    expect(await page.getByRole("link", { name: "Victim", exact: true }).isVisible()).toBe(true);
  });

  test("that is too large, or no form at all, is refused", async () => {
    const { cookie, token, origin } = await enter();
    const large = { form_token: token, name: "x".repeat(20_000) };
    expect((await ask("/portal/keys/new", [cookie, origin], large)).status).toBe(413);
    const json = await rawRequest(cluster.gateway(0), {
      method: "POST",
      target: "/portal/keys/new",
      headers: [cookie, origin, ["Content-Type", "application/json"]],
      body: Buffer.from(JSON.stringify({ form_token: token })),
    });
    expect(json.status).toBe(403);
  });
});

describe("every page", () => {
  test("keeps out scripts, frames, caches and referrers", async () => {
    const { cookie } = await enter();
    for (const [target, headers] of [
      ["/portal/keys", [cookie]],
      ["/portal/keys", []],
      ["/portal/enter/x", []],
      ["/portal/nothing", [cookie]],
    ] as [string, Header[]][]) {
      const response = await ask(target, headers);
      const nonce = /<script nonce="([^"]+)"/.exec(response.body.toString())?.[1];
      expect(nonce).toMatch(/^[A-Za-z0-9+/]{22}==$/);
      expect(response.header("Content-Security-Policy")).toBe(
        [
          `default-src 'none'; script-src 'nonce-${nonce}'; style-src 'nonce-${nonce}'; connect-src 'self'`,
          "form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
        ].join("; "),
      );
      expect(response.header("Cache-Control")).toBe("no-store");
      expect(response.header("X-Frame-Options")).toBe("DENY");
      expect(response.header("Referrer-Policy")).toBe("same-origin");
      expect(response.header("X-Content-Type-Options")).toBe("nosniff");
      expect(response.header("X-Request-Id")).toMatch(/^[0-9a-f-]{36}$/);
      expect(response.header("Content-Type")).toBe("text/html; charset=UTF-8");
    }
  });

  test("has a nonce of its own", async () => {
    const policies = await Promise.all([ask("/portal/keys"), ask("/portal/keys")]);
    expect(new Set(policies.map((one) => one.header("Content-Security-Policy"))).size).toBe(2);
  });

  test("shows a script in a key's name as text", async () => {
    const { page, owner, origin, complaints } = await open();
    const name = `<script>document.title="owned"</script><img src=x onerror="document.title='owned'">"'&`;
    const { id } = await owner.create({ name });
    for (const path of ["/keys", `/keys/${id}`, `/keys/${id}/rotate`, `/keys/${id}/revoke`, "/activity"]) {
      await page.goto(`${origin}/portal${path}`);
      expect(await page.getByRole("main").textContent(), path).toContain(name);
      expect(await page.title(), path).not.toBe("owned");
    }
    expect(complaints).toEqual([]);
  });

  test("says 503 while the ledger cannot be reached, and loses nothing", async () => {
    const { cookie } = await enter();
    const lift = await cluster.distance.fault({ on: "ledger", how: "fail-before" });
    const response = await ask("/portal/keys", [cookie]);
    await lift();
    expect([response.status, response.header("Retry-After")]).toEqual([503, "1"]);
    expect(response.body.toString()).toContain("We cannot reach your keys right now");
    expect((await ask("/portal/keys", [cookie])).status).toBe(200);
  });

  test("is for nobody without a visit, and so is every form", async () => {
    for (const path of ["", "/keys", "/keys/new", "/activity", "/test", "/made/x", "/keys/x/revoke", "/x"]) {
      expect((await ask(`/portal${path}`)).status, path).toBe(403);
    }
    for (const path of ["/keys/new", "/keys/x/revoke", "/keys/x/rotate", "/test", "/test/revoke", "/leave"]) {
      expect((await ask(`/portal${path}`, [], { form_token: "x" })).status, path).toBe(403);
    }
  });
});
