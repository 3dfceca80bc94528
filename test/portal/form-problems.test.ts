/** A refused form names everything that is wrong with it at once, in the order of the page, and each wrong value once. */

import { beforeAll, expect, test } from "vitest";
import type { GatewayCluster } from "../support/gateway-cluster.ts";
import { newKeyForm, requestPage, sharedKeyPage, signIn } from "./key-page.ts";

let cluster: GatewayCluster;
let session: Awaited<ReturnType<typeof signIn>>;
beforeAll(async () => {
  cluster = await sharedKeyPage();
  session = await signIn(cluster);
});

async function submit(path: string, fields: Record<string, string>) {
  const { cookie, origin, token } = session;
  const response = await requestPage(cluster, `/portal${path}`, [cookie, origin], {
    form_token: token,
    ...fields,
  });
  const html = response.body.toString();
  const alert = html.slice(html.indexOf('role="alert" tabindex'), html.indexOf("</ul>"));
  const listed = [...alert.matchAll(/<a href="#([^"]+)">([^<]+)</g)].map(([, id, text]) => [id, text]);
  return { status: response.status, html, listed };
}

const get = async (path: string) =>
  (await requestPage(cluster, `/portal${path}`, [session.cookie])).body.toString();

const WRONG = {
  access: "selected",
  permissions: "posts:destroy",
  expires: "date",
  expires_on: "2020-01-01",
  allowed_ips: "10.0.0.0/99\n203.0.113.7, foo\nfoo",
  labels: "team billing\nTeam: x\nmore",
  requests_per_minute: "1.5",
  publish_per_hour: "",
};

/** The problems of these fields, in the order of the page. */
const PROBLEMS = [
  ["access-full", expect.stringMatching(/^Permissions must be one of posts:read, /)],
  ["expires_on", "Last day (UTC) must be in the future"],
  [
    "allowed_ips",
    "Allowed IP addresses must be IPv4 or IPv6 addresses or networks, such as 203.0.113.0/24. These are not: 10.0.0.0/99, foo",
  ],
  ["labels", expect.stringContaining("These lines have no colon: “team billing”, “more”")],
  ["requests_per_minute", "Requests per minute must be a whole number from 1 to 1000000000"],
  ["publish_per_hour", "Publishes per hour is empty. Fill in both limits or neither."],
];

test("the form of a new key", async () => {
  const { mode: _, ...fields } = newKeyForm({ ...WRONG, name: " " });
  const { status, html, listed } = await submit("/keys/new", fields);
  expect(status).toBe(422);
  expect(listed).toEqual([["name", "Name is required"], ["mode-test", "Mode is required"], ...PROBLEMS]);
  // Each also stands at its field.
  for (const [id] of listed.slice(3)) expect(html).toContain(`id="${id}-problem"`);
  expect((await session.owner.shown()).keys).toEqual([]);
});

test("the form that changes a key", async () => {
  const key = await session.owner.create();
  const fields = { ...WRONG, form_made_at: String(Date.now()) };
  const { status, listed } = await submit(`/keys/${key.id}/edit`, fields);
  expect([status, listed]).toEqual([422, PROBLEMS]);
  expect(await session.owner.get(key.id)).toMatchObject({ permissions: [], allowed_ips: [], labels: {} });
});

test("the forms show the limits of the plan", async () => {
  const key = await session.owner.create();
  const pages = [`/keys/${key.id}/edit`, "/keys/new"];
  await session.owner.call("PUT", "", { tier: "pro" });
  for (const path of pages)
    expect(await get(path), path).toContain("your plan apply: 1,000 requests per minute and 300 publishes");
  await session.owner.call("PUT", "", { tier: "unlimited" });
  for (const path of pages) expect(await get(path), path).toContain("Your plan has no limits.");
});

test("a key that never expires is offered “Never” once", async () => {
  const [never, soon] = [
    await session.owner.create(),
    await session.owner.create({ expires_at: new Date(Date.now() + 86_400_000 * 9).toISOString() }),
  ];
  const choices = async (id: string) =>
    [...(await get(`/keys/${id}/edit`)).matchAll(/<option value="([^"]+)"[^>]*>([^<]+)</g)].map(
      ([, value, label]) => `${value}: ${label}`,
    );
  expect((await choices(never.id)).filter((choice) => /never/i.test(choice))).toEqual(["keep: Never"]);
  expect(await choices(soon.id)).toEqual(
    expect.arrayContaining(["never: Never", expect.stringMatching(/^keep: Keep: \d/)]),
  );
});

test("a change that changes nothing says so", async () => {
  const key = await session.owner.create({ permissions: ["posts:read"] });
  const same = { form_made_at: String(Date.now()), access: "selected", permissions: "posts:read" };
  const { cookie, origin, token } = session;
  const form = { form_token: token, ...same, expires: "keep" };
  const saved = await requestPage(cluster, `/portal/keys/${key.id}/edit`, [cookie, origin], form);
  const page = (await requestPage(cluster, saved.header("Location") ?? "", [cookie])).body.toString();
  expect(page).toContain("The key already has this access.");
  expect(page).not.toMatch(/Access changed|takes effect/);
});

test("the time of a revocation that is refused is kept", async () => {
  const key = await session.owner.create();
  await session.owner.rotate(key.id, 86_400);
  const { html, listed } = await submit(`/keys/${key.id}/end`, { when: "date", at: "2020-01-01T00:00" });
  expect(listed).toEqual([["at", "Time (UTC) must be in the future"]]);
  expect(html).toContain('name="at" value="2020-01-01T00:00"');
  expect(html).toContain('<option value="date" selected="">');
});
