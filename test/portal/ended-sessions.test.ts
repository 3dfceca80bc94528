/** `DELETE …/portal-sessions` ends every session and unused link of an account at once, and those of no other. */

import { beforeAll, expect, test } from "vitest";
import type { GatewayCluster } from "../support/gateway-cluster.ts";
import {
  enter,
  hiddenFields,
  linkTo,
  newKeyForm,
  pathOf,
  requestPage,
  sharedKeyPage,
  signIn,
} from "./key-page.ts";

let cluster: GatewayCluster;
beforeAll(async () => {
  cluster = await sharedKeyPage();
});

test("sessions and unused links are refused by the next request, and nothing is done", async () => {
  const first = await signIn(cluster);
  const second = await signIn(cluster, first.account);
  const other = await signIn(cluster);
  const link = await linkTo(cluster, first.account);
  const page = await requestPage(cluster, pathOf(link));
  // Both sessions were valid a moment ago in this isolate.
  for (const { cookie } of [first, second]) {
    expect((await requestPage(cluster, "/portal/keys", [cookie])).status).toBe(200);
  }

  const ended = await first.owner.call("DELETE", "/portal-sessions");
  expect([ended.status, ended.json]).toEqual([200, { sessions: 2, links: 1 }]);

  for (const { cookie, origin, token } of [first, second]) {
    const list = await requestPage(cluster, "/portal/keys", [cookie]);
    expect([list.status, list.body.includes("Your session has ended")]).toEqual([403, true]);
    const form = { form_token: token, ...newKeyForm() };
    expect((await requestPage(cluster, "/portal/keys/new", [cookie, origin], form)).status).toBe(403);
  }
  expect((await requestPage(cluster, pathOf(link))).status).toBe(410);
  const button = await requestPage(cluster, pathOf(link), [first.origin], hiddenFields(page));
  expect([button.status, button.header("Set-Cookie")]).toEqual([410, undefined]);
  expect((await first.owner.shown()).keys).toEqual([]);

  expect((await requestPage(cluster, "/portal/keys", [other.cookie])).status).toBe(200);
  expect((await enter(cluster, await linkTo(cluster, first.account))).status).toBe(303);
});

test("the activity page names links, entries and the end of sessions", async () => {
  const { owner, account } = await signIn(cluster);
  await owner.call("DELETE", "/portal-sessions");
  const { cookie } = await signIn(cluster, account);
  const text = (await requestPage(cluster, "/portal/activity", [cookie])).body
    .toString()
    .replaceAll(/<[^>]+>/g, "");
  expect(text).toContain("The control API (no name given) ended the key page sessions of the account");
  expect(text).toContain("A user of this page (no name given) opened the key page of the account");
  expect(text).toContain("The control API (no name given) requested a link to the key page of the account");
});
