// DELETE …/portal-sessions ends every session and every unused link of an account at once: the step after a leaked
// control token or a lost laptop. Links and entries are events, so that the log shows who could use the page.

import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import { cookieOf, enter as enterLink } from "../portal/key-page.ts";
import type { GatewayCluster } from "../support/gateway-cluster.ts";
import { rawRequest } from "../support/raw-http.ts";
import { sharedCluster } from "../support/shared.ts";
import { Account, expectRefused } from "./account.ts";
import { CONTROL } from "./control-clusters.ts";
import { Dashboard } from "./dashboard.ts";

const BY = [["Octopost-Actor", "ada@example.com"]] as const;

let cluster: GatewayCluster;
let dashboard: Dashboard;
let account: Account;

beforeAll(async () => {
  cluster = await sharedCluster(CONTROL);
  dashboard = await Dashboard.of(cluster);
});
beforeEach(() => {
  account = new Account(cluster);
});

const createLink = async (of = account): Promise<string> =>
  (await of.call("POST", "/portal-sessions", {}, { headers: BY })).json.url;

/** Opens the link: the session's cookie. */
const enter = async (link: string): Promise<string> => cookieOf(await enterLink(cluster, link));

async function pageStatus(cookie: string, gateway = 0): Promise<number> {
  const headers = [["Cookie", cookie]] as const;
  return (await rawRequest(cluster.gateway(gateway), { method: "GET", target: "/portal/keys", headers }))
    .status;
}

describe("DELETE portal-sessions", () => {
  test("ends every session and unused link on every gateway, and reports their number", async () => {
    const cookies = [await enter(await createLink()), await enter(await createLink())];
    const unused = await createLink();
    for (const cookie of cookies) expect(await pageStatus(cookie)).toBe(200);
    const { status, json } = await account.call("DELETE", "/portal-sessions", undefined, { headers: BY });
    expect([status, json]).toEqual([200, { sessions: 2, links: 1 }]);
    for (const cookie of cookies)
      for (const gateway of [0, 1]) expect(await pageStatus(cookie, gateway)).toBe(403);
    expect((await enterLink(cluster, unused)).status).toBe(410);
  });

  test("is idempotent, and works for an account that has none", async () => {
    for (let i = 0; i < 2; i++) {
      const { status, json } = await account.call("DELETE", "/portal-sessions");
      expect([status, json]).toEqual([200, { sessions: 0, links: 0 }]);
    }
    await enter(await createLink());
    expect((await account.call("DELETE", "/portal-sessions")).json).toEqual({ sessions: 1, links: 0 });
    expect((await account.call("DELETE", "/portal-sessions")).json).toEqual({ sessions: 0, links: 0 });
  });

  test("does not affect other accounts, keys or later links", async () => {
    const other = new Account(cluster);
    const cookie = await enter(await createLink(other));
    const { secret } = await account.create();
    await account.call("DELETE", "/portal-sessions");
    expect(await pageStatus(cookie)).toBe(200);
    expect(await account.statusOf(secret)).toBe(200);
    expect(await pageStatus(await enter(await createLink()))).toBe(200);
  });

  test("requires the token, and does the same over RPC", async () => {
    const cookie = await enter(await createLink());
    const refused = await account.call("DELETE", "/portal-sessions", undefined, { token: null });
    expectRefused(refused, 401, "unauthorized");
    expect(await pageStatus(cookie)).toBe(200);
    const by = { actor: "a dashboard" };
    expect(await dashboard.done("endPortalSessions", account.name, by)).toEqual({ sessions: 1, links: 0 });
    expect(await pageStatus(cookie)).toBe(403);
    expect((await account.events())[0]).toMatchObject({
      action: "portal_sessions_ended",
      actor: "dashboard",
      claimed_actor: by.actor,
    });
  });
});

test("links, entries and their end are events of the account", async () => {
  await enter(await createLink());
  await createLink();
  await account.call("DELETE", "/portal-sessions", undefined, { headers: BY });
  const events = await account.events();
  expect(events.map(({ action, actor, key_id, details }) => [action, actor, key_id, details])).toEqual([
    ["portal_sessions_ended", "control_token", null, { sessions: 1, links: 1 }],
    ["portal_link_created", "control_token", null, {}],
    ["portal_entered", "key_page", null, {}],
    ["portal_link_created", "control_token", null, {}],
  ]);
  expect(new Set(events.map(({ claimed_actor }) => claimed_actor))).toEqual(new Set(["ada@example.com"]));
});
