/**
 * Changing a key on its page: suspend, resume, permissions, addresses and expiry, each with the receipt that says since
 * when it is in effect everywhere. What a form does not send is not changed, and no link can show a made-up receipt.
 */

import { beforeAll, describe, expect, test } from "vitest";
import type { GatewayCluster } from "../support/gateway-cluster.ts";
import { requestPage, sharedKeyPage, signIn } from "./key-page.ts";

let cluster: GatewayCluster;
beforeAll(async () => {
  cluster = await sharedKeyPage();
});

async function open() {
  const session = await signIn(cluster);
  const { cookie } = session;
  const get = async (path: string) =>
    (
      await requestPage(cluster, path.startsWith("/portal") ? path : `/portal${path}`, [cookie])
    ).body.toString();
  return { ...session, get };
}

/** The fields of the form as it is shown, with full access. */
const form = (changes: Record<string, string> = {}) => ({
  form_made_at: String(Date.now()),
  access: "full",
  allowed_ips: "",
  expires: "keep",
  expires_on: "",
  ...changes,
});

const SINCE = /In effect everywhere since <time datetime="([^"]+)"/;

test("a key is suspended and resumed, with a receipt each", async () => {
  const { owner, get, submit } = await open();
  const key = await owner.create();
  expect(await owner.statusOf(key.secret)).toBe(200);
  const suspended = await submit(`/keys/${key.id}/suspend`);
  expect(suspended.status).toBe(303);
  expect(await owner.statusOf(key.secret)).toBe(401);
  const page = await get(suspended.header("Location") ?? "");
  expect(Date.parse(SINCE.exec(page)?.[1] ?? "")).toBeLessThanOrEqual(Date.now());
  expect(page).toContain("Resume");
  expect(page).not.toContain(`/portal/keys/${key.id}/rotate"`);
  const resumed = await submit(`/keys/${key.id}/resume`);
  const resumedPage = await get(resumed.header("Location") ?? "");
  expect(resumedPage).toContain('<span class="badge active">');
  // A resumption takes effect with the next lease of each isolate, so its page does not say that it is in effect.
  expect(resumedPage).toContain("Resumed. The change takes effect everywhere within seconds.");
  expect(resumedPage).not.toMatch(SINCE);
  expect((await owner.get(key.id)).suspended_at).toBeNull();
});

test("permissions are taken away with a receipt, and given back without one", async () => {
  const { owner, get, submit } = await open();
  const key = await owner.create();
  const path = `/keys/${key.id}/edit`;
  const narrowed = await submit(path, form({ access: "selected", permissions: "presets:read" }));
  expect(await get(narrowed.header("Location") ?? "")).toMatch(SINCE);
  expect((await owner.get(key.id)).permissions).toEqual(["presets:read"]);
  expect(await owner.statusOf(key.secret)).toBe(403);
  const widened = await submit(path, form());
  const page = await get(widened.header("Location") ?? "");
  expect([page.includes("within seconds"), SINCE.test(page)]).toEqual([true, false]);
  expect((await owner.get(key.id)).permissions).toEqual([]);
});

test("labels are changed, and kept when the form does not send them", async () => {
  const { owner, get, submit } = await open();
  const key = await owner.create({ labels: { team: "billing", env: "ci" } });
  const path = `/keys/${key.id}/edit`;
  expect(await get(path)).toContain("env: ci\nteam: billing</textarea>");
  await submit(path, form());
  expect((await owner.get(key.id)).labels).toEqual({ team: "billing", env: "ci" });
  await submit(path, form({ labels: "team: search" }));
  expect((await owner.get(key.id)).labels).toEqual({ team: "search" });
  const refused = await submit(path, form({ labels: "Team: x" }));
  expect([refused.status, refused.body.includes("Labels must have names of")]).toEqual([422, true]);
  await submit(path, form({ labels: "" }));
  expect((await owner.get(key.id)).labels).toEqual({});
});

test("limits are lowered with a receipt, taken away, kept when they are not sent, and must be whole numbers", async () => {
  const { owner, get, submit } = await open();
  const key = await owner.create();
  const path = `/keys/${key.id}/edit`;
  const limits = { requests_per_minute: "2", publish_per_hour: "1" };
  const lowered = await submit(path, form(limits));
  expect(await get(lowered.header("Location") ?? "")).toMatch(SINCE);
  await submit(path, form());
  expect(await owner.get(key.id)).toMatchObject({ limits: { requests_per_minute: 2, publish_per_hour: 1 } });
  for (const wrong of ["0", "1.5", "x", "1e99", "-1"]) {
    const refused = await submit(path, form({ ...limits, requests_per_minute: wrong }));
    expect(refused.status, wrong).toBe(422);
    expect(refused.body.toString(), wrong).toContain(
      '<a href="#requests_per_minute">Requests per minute must',
    );
  }
  await submit(path, form({ requests_per_minute: "", publish_per_hour: "" }));
  expect(await owner.get(key.id)).toMatchObject({ limits: null });
});

test("addresses are listed one a line, and a wrong one is named", async () => {
  const { owner, get, submit } = await open();
  const key = await owner.create();
  const path = `/keys/${key.id}/edit`;
  const saved = await submit(path, form({ allowed_ips: "203.0.113.0/24\r\n2001:db8::/32" }));
  expect(saved.status).toBe(303);
  expect((await owner.get(key.id)).allowed_ips).toEqual(["203.0.113.0/24", "2001:db8::/32"]);
  expect(await get(path)).toContain("203.0.113.0/24\n2001:db8::/32</textarea>");
  const refused = await submit(path, form({ allowed_ips: "203.0.113.0/99" }));
  expect(refused.status).toBe(422);
  expect(refused.body.toString()).toContain("Allowed IP addresses");
  expect((await owner.get(key.id)).allowed_ips).toHaveLength(2);
});

describe("the form", () => {
  test("as it is shown changes nothing and makes no event", async () => {
    const { owner, get, submit } = await open();
    const expires_at = new Date(Date.now() + 40 * 86_400_000).toISOString();
    const key = await owner.create({ permissions: ["posts:read", "posts:write"], expires_at });
    const shown = await get(`/keys/${key.id}/edit`);
    expect(shown).toMatch(/<option value="keep" selected="">Keep: /);
    const before = await owner.get(key.id);
    const events = (await owner.events()).length;
    const fields = new URLSearchParams(form({ access: "selected" }));
    const { cookie, origin, token } = await signIn(cluster, owner.name);
    for (const permission of key.permissions) fields.append("permissions", permission);
    fields.append("form_token", token);
    const saved = await requestPage(cluster, `/portal/keys/${key.id}/edit`, [cookie, origin], fields);
    expect(saved.status).toBe(303);
    expect(await owner.get(key.id)).toEqual(before);
    const made = (await owner.events()).filter(({ key_id }) => key_id === key.id);
    expect(made).toHaveLength(1);
    expect(events).toBeGreaterThan(0);
    expect((await submit(`/keys/${key.id}/edit`, { access: "full", expires: "keep" })).status).toBe(303);
  });

  test.each<[string, Record<string, string>]>([
    ["without a choice of access", { access: "" }],
    ["with selected permissions, of which there are none", { access: "selected" }],
    ["with an unknown expiry", { expires: "constructor" }],
    ["with a date in the past", { expires: "date", expires_on: "2020-01-01" }],
  ])("%s changes nothing", async (_, changes) => {
    const { owner, submit } = await open();
    const key = await owner.create({ permissions: ["posts:read"] });
    expect((await submit(`/keys/${key.id}/edit`, form(changes))).status).toBe(422);
    expect(await owner.get(key.id)).toMatchObject({ permissions: ["posts:read"], expires_at: null });
  });

  test("of another account's key is not found", async () => {
    const [mine, other] = [await open(), await open()];
    const key = await other.owner.create();
    for (const action of ["edit", "suspend", "resume"])
      expect((await mine.submit(`/keys/${key.id}/${action}`, form())).status, action).toBe(404);
    expect((await other.owner.get(key.id)).suspended_at).toBeNull();
  });
});

test("a receipt of another key, another session or nobody is not shown", async () => {
  const [one, other] = [await open(), await open()];
  const [key, second] = [await one.owner.create(), await one.owner.create()];
  const location = (await one.submit(`/keys/${key.id}/suspend`)).header("Location") ?? "";
  expect(await one.get(location)).toMatch(SINCE);
  expect(await one.get(location.replace(key.id, second.id))).not.toMatch(SINCE);
  expect(await one.get(location.replace(/since=[^&]+/, "since=2026-01-01T00%3A00%3A00.000Z"))).not.toMatch(
    SINCE,
  );
  const { cookie } = await signIn(cluster, one.account);
  expect((await requestPage(cluster, location, [cookie])).body.toString()).not.toMatch(SINCE);
  expect((await requestPage(cluster, location, [other.cookie])).status).toBe(404);
});

test("a revoked key cannot be changed: its page is shown", async () => {
  const { owner, submit } = await open();
  const key = await owner.create();
  await owner.revoke(key.id);
  for (const action of ["suspend", "resume", "edit"]) {
    const response = await submit(`/keys/${key.id}/${action}`, form({ access: "read" }));
    expect([response.status, response.header("Location")], action).toEqual([303, `/portal/keys/${key.id}`]);
  }
});
