/**
 * Who gets onto the key page: a link opens one session, a cookie is worth what the ledger says, and a session reaches
 * its own account only. Requests of strangers cost no ledger call.
 */

import { beforeAll, describe, expect, test } from "vitest";
import { Account } from "../control/account.ts";
import type { GatewayCluster } from "../support/gateway-cluster.ts";
import { httpsFront } from "../support/https-front.ts";
import { logLineOf } from "../support/log-lines.ts";
import { type Header, rawRequest } from "../support/raw-http.ts";
import {
  cookieOf,
  enter,
  expireSessions,
  linkTo,
  newAccount,
  newKeyForm,
  pathOf,
  RETURN_URL,
  requestPage,
  sharedKeyPage,
  signIn,
} from "./key-page.ts";
import { MarkupBrowser } from "./markup-browser.ts";

let cluster: GatewayCluster;
beforeAll(async () => {
  cluster = await sharedKeyPage();
});

const get = (target: string, headers?: readonly Header[]) => requestPage(cluster, target, headers);

describe("a link", () => {
  test("opens the key page of its account, once", async () => {
    const link = await linkTo(cluster, newAccount());
    const first = await enter(cluster, link);
    expect([first.status, first.header("Location")]).toEqual([
      303,
      expect.stringMatching(/^\/portal\/keys\b/),
    ]);
    const second = await enter(cluster, link);
    expect(second.status).toBe(410);
    expect(second.header("Set-Cookie")).toBeUndefined();
    expect(second.body.toString()).toContain("This link is not valid or has been used");
    expect((await logLineOf(cluster, second)).reason).toBe("link_used");
  });

  test("opens one session for three requests at once", async () => {
    const link = await linkTo(cluster, newAccount());
    const statuses = await Promise.all([1, 2, 3].map(() => enter(cluster, link)));
    expect(statuses.map(({ status }) => status).sort()).toEqual([303, 410, 410]);
  });

  test("is valid for five minutes", async () => {
    const account = newAccount();
    const { json } = await cluster.control("POST", `/accounts/${account}/portal-sessions`);
    const lastsMs = Date.parse(json.expires_at) - Date.now();
    expect(Math.round(lastsMs / 60_000)).toBe(5);
    await cluster.network.ledgerRows(account, "UPDATE portal_tokens SET ends_at = ends_at - 300000");
    expect((await enter(cluster, json.url)).status).toBe(410);
  });

  test("is not used up by HEAD, which gets nothing", async () => {
    const link = await linkTo(cluster, newAccount());
    const head = await rawRequest(cluster.gateway(0), { method: "HEAD", target: pathOf(link) });
    expect([head.status, head.header("Set-Cookie")]).toEqual([400, undefined]);
    expect((await enter(cluster, link)).status).toBe(303);
  });

  test("that is made up costs no ledger call, whatever account it names", async () => {
    const link = pathOf(await linkTo(cluster, newAccount()));
    const other = newAccount();
    await cluster.network.resetCounts();
    const token = link.split("/").at(-1) ?? "";
    const [account = "", random, check = ""] = token.split(".");
    for (const forged of [
      `${other}.${random}.${check}`,
      `${account}.${random}.${"A".repeat(43)}`,
      `${account}.${"A".repeat(43)}.${check}`,
      `${token}A`,
      "nothing",
    ]) {
      expect((await get(`/portal/enter/${forged}`)).status, forged).toBe(410);
    }
    // The token of a link is no session token.
    const asSession = await get("/portal/keys", [["Cookie", `octopost_key_page=${token}`]]);
    expect(asSession.status).toBe(403);
    expect((await cluster.network.counts()).ledgerCalls).toEqual({});
  });
});

describe("a return URL", () => {
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

describe("the session cookie", () => {
  test("is hidden from scripts and other sites, and lasts as long as the session", async () => {
    const response = await enter(cluster, await linkTo(cluster, newAccount()));
    const cookie = response.header("Set-Cookie") ?? "";
    expect(cookie).toMatch(
      /^octopost_key_page=[^;]+; Max-Age=(?:1800|179\d); Path=\/; HttpOnly; SameSite=Lax$/,
    );
  });

  test("is Secure and bound to its host, except on this machine", async () => {
    const host: Header = ["Host", "api.octopost.ink"];
    const front = await httpsFront(cluster);
    const get = (target: string, headers: readonly Header[]) =>
      rawRequest(front, { method: "GET", target, headers: [host, ...headers] });
    const response = await rawRequest(front, {
      method: "POST",
      target: pathOf(await linkTo(cluster, newAccount())),
      headers: [host, ["Content-Type", "application/x-www-form-urlencoded"]],
    });
    expect(response.header("Set-Cookie")).toMatch(/^__Host-octopost_key_page=[^;]+;.* Secure;/);
    const [name, value] = cookieOf(response).split("=");
    expect((await get("/portal/keys", [["Cookie", `${name}=${value}`]])).status).toBe(200);
    // A neighbouring host could set a cookie of the unprefixed name, so that one is not accepted.
    expect((await get("/portal/keys", [["Cookie", `octopost_key_page=${value}`]])).status).toBe(403);
  });

  test("with another account's name in it opens nothing and costs no ledger call", async () => {
    const { cookie, owner } = await signIn(cluster);
    const victim = new Account(cluster);
    await victim.create();
    await cluster.network.resetCounts();
    const forged = cookie[1].replace(owner.name, victim.name);
    expect(forged).not.toBe(cookie[1]);
    expect((await get("/portal/keys", [["Cookie", forged]])).status).toBe(403);
    expect((await cluster.network.counts()).ledgerCalls).toEqual({});
  });

  test("is not accepted by the API, and an API key is not accepted by the page", async () => {
    const { cookie, owner } = await signIn(cluster);
    const { secret } = await owner.create();
    expect((await get("/v1/posts", [cookie])).status).toBe(401);
    expect((await get("/portal/keys", [["Authorization", `Bearer ${secret}`]])).status).toBe(403);
    const before = cluster.live.requests.length;
    await owner.use(secret, { headers: [cookie] });
    expect(cluster.live.requests.at(-1)?.header("Cookie")).toBeUndefined();
    expect(cluster.live.requests).toHaveLength(before + 1);
  });
});

describe("a session", () => {
  test("that has ended says so, and links back to the dashboard", async () => {
    const page = await MarkupBrowser.open(cluster, { return_url: RETURN_URL });
    await expireSessions(cluster, page.owner.name);
    await page.follow("Activity");
    expect(page.heading).toBe("Your session has ended");
    expect(page.hrefOf("Back to Octopost")).toBe(RETURN_URL);
    await page.goTo("/portal/keys/new");
    expect(page.status).toBe(403);
  });

  test("that ends while a form is filled in changes nothing", async () => {
    const page = await MarkupBrowser.open(cluster);
    await page.follow("Create API key");
    await expireSessions(cluster, page.owner.name);
    await page.submit("Create key", { name: "Too late", access: "full" });
    expect(page.heading).toBe("Your session has ended");
    expect((await page.owner.shown()).keys).toEqual([]);
  });

  test("works in two tabs at once", async () => {
    const page = await MarkupBrowser.open(cluster);
    const { id } = await page.owner.create({ name: "Shared" });
    await page.goTo(`/portal/keys/${id}`);
    const second = page.copy();
    await page.goTo(`/portal/keys/${id}/revoke`);
    await page.submit("Revoke key");
    expect(page.heading).toBe("Shared is revoked");
    await second.submit("Save name", { name: "Renamed" });
    expect(second.heading).toBe("Renamed");
    // The other tab shows the current state.
    await second.goTo(`/portal/keys/${id}/rotate`);
    expect(second.text).toContain("is revoked and cannot be rotated");
  });

  test("does not see or touch another account's key", async () => {
    const { cookie, token, origin } = await signIn(cluster);
    const others = await new Account(cluster).create({ name: "Not yours" });
    for (const path of ["", "/rotate", "/revoke"]) {
      const response = await get(`/portal/keys/${others.id}${path}`, [cookie]);
      expect([response.status, response.body.includes("Not yours")], path).toEqual([404, false]);
    }
    for (const path of ["/rename", "/rotate", "/end", "/revoke", "/replace"]) {
      const form = { form_token: token, name: "Mine", overlap: "3600", when: "3600", form_id: "x" };
      const response = await requestPage(cluster, `/portal/keys/${others.id}${path}`, [cookie, origin], form);
      expect(response.status, path).toBe(404);
    }
    expect(await new Account(cluster, others.account).get(others.id)).toMatchObject({
      name: "Not yours",
      revokes_at: null,
      revoked_at: null,
    });
  });

  test("of a second account in the same browser refuses the forms of the first", async () => {
    const page = await MarkupBrowser.open(cluster);
    await page.follow("Create API key");
    const tab = page.copy();
    const other = newAccount();
    await tab.enter(await linkTo(cluster, other));
    expect(tab.html).toContain(`<strong>${other}</strong>`);
    await page.submit("Create key", { name: "For the first account", access: "full" });
    expect(page.heading).toBe("This form is out of date");
    expect((await page.owner.shown()).keys).toEqual([]);
    expect((await new Account(cluster, other).shown()).keys).toEqual([]);
  });

  test("appears in the events as a user of the key page, under the name that the dashboard gave", async () => {
    const account = newAccount();
    const link = await cluster.control("POST", `/accounts/${account}/portal-sessions`, undefined, {
      headers: [["Octopost-Actor", "ada@example.com"]],
    });
    const cookie: Header = ["Cookie", cookieOf(await enter(cluster, link.json.url))];
    const page = (await get("/portal/keys/new", [cookie])).body.toString();
    const form_token = /name="form_token" value="([^"]+)"/.exec(page)?.[1] ?? "";
    const form = { form_token, ...newKeyForm({ name: "Hers" }) };
    expect((await requestPage(cluster, "/portal/keys/new", [cookie], form)).status).toBe(303);
    const [event] = await new Account(cluster, account).events();
    expect([event?.actor, event?.claimed_actor]).toEqual(["key_page", "ada@example.com"]);
  });
});
