// Octopost's public documentation about the dashboard, sentence by sentence: each test is named after a sentence of
// https://octopost.ink/docs/authentication and shows that the key page makes it true. Over HTTP, as a browser without
// JavaScript; the sentences about requests are in test/documentation.test.ts.

import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { GatewayCluster } from "../support/gateway-cluster.ts";
import { holdUntilReleased } from "../support/origin-behaviours.ts";
import { type RawResponse, rawRequest } from "../support/raw-http.ts";
import { newKeyForm, requestPage, sharedKeyPage, signIn } from "./key-page.ts";

const DAY_MS = 86_400_000;
const UNAUTHORIZED = '{"error":"Invalid or expired API key","code":"unauthorized"}';

let cluster: GatewayCluster;
let user: Awaited<ReturnType<typeof signIn>>;

beforeAll(async () => {
  cluster = await sharedKeyPage();
});
beforeEach(async () => {
  cluster.live.clear();
  user = await signIn(cluster);
});

describe("Generating API Keys", () => {
  test("Navigate to Settings > API Keys. Click Create API Key.", async () => {
    const list = await open("/portal/keys");
    const [, link] = /<a [^>]*href="([^"]+)"[^>]*>(?:<[^>]+>)*Create API key/i.exec(list) ?? [];
    expect(link).toBe("/portal/keys/new");
    expect(await open("/portal/keys/new")).toMatch(/<h1[^>]*>Create API key</i);
  });

  test("Give the key a descriptive name, select the permissions, copy the key: it is displayed once.", async () => {
    const { shown, again } = await createKey("Production Server", "live", "posts:read");
    const [secret = ""] = /oct_live_[0-9A-Za-z]{46}/.exec(shown) ?? [];
    const [key] = await user.owner.keys();
    expect(key).toMatchObject({ name: "Production Server", mode: "live", permissions: ["posts:read"] });
    expect((await ask(secret)).status).toBe(200);
    expect(again).not.toContain(secret.slice(0, -4));
    expect(await open("/portal/keys")).not.toContain(secret.slice(0, -4));
  });
});

describe("Key Rotation", () => {
  test("Revoke the old key from the dashboard. In-flight requests fail with a `401 Unauthorized` response.", async () => {
    const old = await user.owner.create({ name: "old", mode: "live" });
    const successor = await user.owner.create({ name: "new", mode: "live" });
    const { respond, release } = holdUntilReleased(cluster.live.answerJson);
    cluster.live.respond = respond;
    const inFlight = ask(old.secret);
    await cluster.live.arrived(1);

    const revoked = await submit(`/portal/keys/${old.id}/revoke`, { reason: "rotated" });
    expect(revoked.status).toBe(303);
    expectUnauthorized(await inFlight);
    expectUnauthorized(await ask(old.secret));
    release();
    cluster.live.clear();
    expect((await ask(successor.secret)).status).toBe(200);
  });
});

describe("Security Best Practices", () => {
  test("Rotate production keys at least every 90 days: the page reminds of it.", async () => {
    const { id } = await user.owner.create({ name: "old", mode: "live" });
    const reminder = /90 days old|91 days old/;
    expect(await open("/portal/keys")).not.toMatch(reminder);
    const createdAt = Date.now() - 90 * DAY_MS - 1000;
    await cluster.network.ledgerRows(
      user.account,
      `UPDATE keys SET created_at = ${createdAt} WHERE id = '${id}'`,
    );
    expect(await open("/portal/keys")).toMatch(reminder);
  });

  test("Use separate keys per environment: revoking one leaves the others in use.", async () => {
    const names = ["development", "staging", "production"];
    const keys = [];
    for (const name of names) keys.push(await user.owner.create({ name, mode: "live" }));
    await submit(`/portal/keys/${keys[0]?.id}/revoke`, {});
    const statuses = await Promise.all(keys.map(async ({ secret }) => (await ask(secret)).status));
    expect(statuses).toEqual([401, 200, 200]);
  });
});

async function open(target: string): Promise<string> {
  const response = await requestPage(cluster, target, [user.cookie]);
  expect(response.status).toBe(200);
  return response.body.toString();
}

function submit(target: string, form: Readonly<Record<string, string>>): Promise<RawResponse> {
  const fields = { ...form, form_token: user.token };
  return requestPage(cluster, target, [user.cookie, user.origin], fields);
}

/** The page that shows the new key, and the same page once more. */
async function createKey(name: string, mode: string, permissions: string) {
  const created = await submit("/portal/keys/new", newKeyForm({ name, mode, permissions }));
  expect(created.status).toBe(303);
  const target = created.header("Location") ?? "";
  return { shown: await open(target), again: await open(target) };
}

function ask(secret: string): Promise<RawResponse> {
  return rawRequest(cluster.gateway(0), {
    method: "GET",
    target: "/v1/posts",
    headers: [["Authorization", `Bearer ${secret}`]],
  });
}

function expectUnauthorized(response: RawResponse): void {
  expect(response.status).toBe(401);
  expect(response.body.toString()).toBe(UNAUTHORIZED);
}
