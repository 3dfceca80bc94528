/** Every page: its security headers, escaping, the ledger out of reach, and the need for a session. */

import type { Browser } from "playwright-core";
import { beforeAll, expect, onTestFinished, test } from "vitest";
import { Account } from "../control/account.ts";
import type { GatewayCluster } from "../support/gateway-cluster.ts";
import type { Header } from "../support/raw-http.ts";
import { sharedBrowser } from "../support/shared.ts";
import { openKeyPage, requestPage, sharedKeyPage, signIn } from "./key-page.ts";

let cluster: GatewayCluster;
let browser: Browser;
beforeAll(async () => {
  [cluster, browser] = await Promise.all([sharedKeyPage(), sharedBrowser()]);
});

const get = (target: string, headers?: readonly Header[]) => requestPage(cluster, target, headers);

test("every page forbids foreign scripts, frames, caches and referrers", async () => {
  const { cookie } = await signIn(cluster);
  for (const [target, headers] of [
    ["/portal/keys", [cookie]],
    ["/portal/keys", []],
    ["/portal/enter/x", []],
    ["/portal/nothing", [cookie]],
  ] as [string, Header[]][]) {
    const response = await get(target, headers);
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

test("each page has a nonce of its own", async () => {
  const responses = await Promise.all([get("/portal/keys"), get("/portal/keys")]);
  expect(new Set(responses.map((one) => one.header("Content-Security-Policy"))).size).toBe(2);
});

test("a script in the name of a key is shown as text", async () => {
  const { page, context, account, origin, complaints } = await openKeyPage(cluster, browser);
  onTestFinished(() => context.close());
  const name = `<script>document.title="owned"</script><img src=x onerror="document.title='owned'">"'&`;
  const { id } = await new Account(cluster, account).create({ name });
  for (const path of ["/keys", `/keys/${id}`, `/keys/${id}/rotate`, `/keys/${id}/revoke`, "/activity"]) {
    await page.goto(`${origin}/portal${path}`);
    expect(await page.getByRole("main").textContent(), path).toContain(name);
    expect(await page.title(), path).not.toBe("owned");
  }
  expect(complaints).toEqual([]);
});

test("a page answers 503 while the ledger cannot be reached, and the session continues", async () => {
  const { cookie } = await signIn(cluster);
  const lift = await cluster.network.fault({ on: "ledger", how: "fail-before" });
  const response = await get("/portal/keys", [cookie]);
  await lift();
  expect([response.status, response.header("Retry-After")]).toEqual([503, "1"]);
  expect(response.body.toString()).toContain("Your keys cannot be reached right now");
  expect((await get("/portal/keys", [cookie])).status).toBe(200);
});

test("a path without a well-formed key id is not found", async () => {
  const { cookie, token, origin } = await signIn(cluster);
  for (const path of ["/keys/x", "/keys/key_short/rotate", "/keys/%00/revoke", "/nothing"]) {
    expect((await get(`/portal${path}`, [cookie])).status, path).toBe(404);
  }
  const form = { form_token: token, name: "x" };
  expect((await requestPage(cluster, "/portal/keys/x/rename", [cookie, origin], form)).status).toBe(404);
});

test("every page and every form needs a session", async () => {
  for (const path of [
    "",
    "/keys",
    "/keys/new",
    "/activity",
    "/test",
    "/new-keys/x",
    "/keys/x/revoke",
    "/x",
  ]) {
    expect((await get(`/portal${path}`)).status, path).toBe(403);
  }
  for (const path of [
    "/keys/new",
    "/keys/x/revoke",
    "/keys/x/rotate",
    "/test",
    "/test/revoke",
    "/sign-out",
  ]) {
    expect((await requestPage(cluster, `/portal${path}`, [], { form_token: "x" })).status, path).toBe(403);
  }
});
