/** Forms are accepted only from the pages of the same session; any other form changes nothing. */

import type { Browser } from "playwright-core";
import { beforeAll, expect, onTestFinished, test } from "vitest";
import { Account } from "../control/account.ts";
import type { GatewayCluster } from "../support/gateway-cluster.ts";
import { logLineOf } from "../support/log-lines.ts";
import { type Header, rawRequest } from "../support/raw-http.ts";
import { sharedBrowser } from "../support/shared.ts";
import { headingOf, newKeyForm, openKeyPage, requestPage, sharedKeyPage, signIn } from "./key-page.ts";

let cluster: GatewayCluster;
let browser: Browser;
beforeAll(async () => {
  [cluster, browser] = await Promise.all([sharedKeyPage(), sharedBrowser()]);
});

const NEW_KEY = newKeyForm({ name: "Forged", mode: "live" });

const postNewKey = (headers: readonly Header[], form: Record<string, string>) =>
  requestPage(cluster, "/portal/keys/new", headers, form);

test.each<[string, (session: { token: string; origin: Header }) => [Header[], Record<string, string>]]>([
  ["without a CSRF token", ({ origin }) => [[origin], {}]],
  ["with a made-up CSRF token", ({ origin }) => [[origin], { form_token: "A".repeat(43) }]],
  ["from another site", ({ token }) => [[["Origin", "https://evil.example"]], { form_token: token }]],
  ["from an opaque origin", ({ token }) => [[["Origin", "null"]], { form_token: token }]],
])("a form %s changes nothing", async (_, forge) => {
  const session = await signIn(cluster);
  const [headers, fields] = forge(session);
  const response = await postNewKey([session.cookie, ...headers], { ...NEW_KEY, ...fields });
  expect(response.status).toBe(403);
  expect((await logLineOf(cluster, response)).reason).toBe("csrf_failed");
  expect((await session.owner.shown()).keys).toEqual([]);
});

test("a form with the token of another session changes nothing", async () => {
  const [own, other] = [await signIn(cluster), await signIn(cluster)];
  const form = { ...NEW_KEY, form_token: other.token };
  expect((await postNewKey([own.cookie, own.origin], form)).status).toBe(403);
  expect((await own.owner.shown()).keys).toEqual([]);
});

test("a form that another site sends through the user's browser changes nothing", async () => {
  const { page, context, origin, account } = await openKeyPage(cluster, browser);
  onTestFinished(() => context.close());
  const owner = new Account(cluster, account);
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
  expect(await headingOf(evil)).not.toContain("is revoked");
  expect((await owner.get(id)).revoked_at).toBeNull();
  await page.reload();
  expect(await page.getByRole("link", { name: "Victim", exact: true }).isVisible()).toBe(true);
});

test("a body that is too large, or no form, is refused", async () => {
  const { cookie, token, origin } = await signIn(cluster);
  const large = { form_token: token, name: "x".repeat(70_000) };
  expect((await postNewKey([cookie, origin], large)).status).toBe(413);
  const json = await rawRequest(cluster.gateway(0), {
    method: "POST",
    target: "/portal/keys/new",
    headers: [cookie, origin, ["Content-Type", "application/json"]],
    body: Buffer.from(JSON.stringify({ form_token: token })),
  });
  expect(json.status).toBe(403);
});
