/**
 * A form that changes a key, submitted after somebody else has changed it: what its user has not changed stays as the
 * other has left it.
 */

import { beforeAll, expect, test } from "vitest";
import type { GatewayCluster } from "../support/gateway-cluster.ts";
import { requestPage, sharedKeyPage, signIn } from "./key-page.ts";

const BEFORE = {
  permissions: ["posts:write", "posts:read"],
  allowed_ips: ["203.0.113.0/24", "2001:db8::/32"],
  labels: { team: "billing", note: 'a: "b" & c' },
  limits: { requests_per_minute: 30, publish_per_hour: 5 },
};
const NARROWED = {
  permissions: ["posts:read"],
  allowed_ips: ["203.0.113.7/32"],
  labels: {},
  limits: { requests_per_minute: 3, publish_per_hour: 1 },
};

let cluster: GatewayCluster;
beforeAll(async () => {
  cluster = await sharedKeyPage();
});

/** A session, a key, and the form that changes the key as a browser without JavaScript would submit it. */
async function open() {
  const { cookie, origin, owner } = await signIn(cluster);
  const { id } = await owner.create(BEFORE);
  const path = `/portal/keys/${id}/edit`;
  const fieldsOf = (html: string) => {
    const form = html.slice(html.indexOf(`action="${path}"`));
    const decode = (text = "") =>
      text.replaceAll("&quot;", '"').replaceAll("&#39;", "'").replaceAll("&amp;", "&");
    const fields = new URLSearchParams();
    for (const [, name = "", value] of form.matchAll(/<input type="hidden" name="([^"]+)" value="([^"]*)"/g))
      fields.append(name, decode(value));
    for (const [, name = "", text] of form.matchAll(/<textarea [^>]*name="([^"]+)"[^>]*>([^<]*)</g))
      fields.append(name, decode(text).replaceAll("\n", "\r\n"));
    for (const [, name = "", value] of form.matchAll(
      /<input [^>]*type="number" name="([^"]+)"[^>]* value="([^"]*)"/g,
    ))
      fields.append(name, value ?? "");
    for (const [, value = ""] of form.matchAll(/name="permissions" value="([^"]+)" checked/g))
      fields.append("permissions", value);
    fields.append("access", "selected");
    fields.append("expires", "keep");
    fields.append("expires_on", "");
    return fields;
  };
  const shown = fieldsOf((await requestPage(cluster, path, [cookie])).body.toString());
  const submit = (fields: URLSearchParams) => requestPage(cluster, path, [cookie, origin], fields);
  const get = async (location: string | undefined) =>
    (await requestPage(cluster, location ?? "/none", [cookie])).body.toString();
  return { owner, id, shown, submit, fieldsOf, get };
}

test("a label that is added does not give back permissions, addresses and limits that were taken away", async () => {
  const { owner, id, shown, submit } = await open();
  await owner.change(id, { ...NARROWED, labels: BEFORE.labels });
  shown.set("labels", `${shown.get("labels")}\r\nenv: ci`);
  expect((await submit(shown)).status).toBe(303);
  expect(await owner.get(id)).toMatchObject({ ...NARROWED, labels: { ...BEFORE.labels, env: "ci" } });
});

test("a form without a change changes nothing, and says so", async () => {
  const { owner, id, shown, submit, get } = await open();
  await owner.change(id, NARROWED);
  const events = (await owner.events()).length;
  const saved = await submit(shown);
  expect(await get(saved.header("Location"))).toContain("The key already has this access.");
  expect(await owner.get(id)).toMatchObject(NARROWED);
  expect(await owner.events()).toHaveLength(events);
});

test("a form that was refused still knows what it showed first", async () => {
  const { owner, id, shown, submit, fieldsOf } = await open();
  shown.set("labels", "no colon");
  const refused = await submit(shown);
  expect(refused.status).toBe(422);
  await owner.change(id, NARROWED);
  const again = fieldsOf(refused.body.toString());
  again.set("labels", "team: search");
  expect((await submit(again)).status).toBe(303);
  expect(await owner.get(id)).toMatchObject({ ...NARROWED, labels: { team: "search" } });
});

test("a form with the longest labels and the most networks is accepted", async () => {
  const { owner, id, shown, submit } = await open();
  const labels = Object.fromEntries(
    Array.from({ length: 20 }, (_, i) => [`label_${i}`.padEnd(40, "x"), "漢".repeat(100)]),
  );
  const allowed_ips = Array.from(
    { length: 50 },
    (_, i) => `2001:db8:1111:2222:3333:4444:5555:${1000 + i}/128`,
  );
  shown.set(
    "labels",
    Object.entries(labels)
      .map((label) => label.join(": "))
      .join("\r\n"),
  );
  shown.set("allowed_ips", allowed_ips.join("\r\n"));
  expect((await submit(shown)).status).toBe(303);
  expect(await owner.get(id)).toMatchObject({ labels, allowed_ips });
});
