/**
 * What an account's policy does not allow: the page says so in place of the form's success, keeps what was filled in,
 * and changes nothing.
 */

import { beforeAll, expect, test } from "vitest";
import type { GatewayCluster } from "../support/gateway-cluster.ts";
import { logLineOf } from "../support/log-lines.ts";
import { newKeyForm, requestPage, sharedKeyPage, signIn } from "./key-page.ts";

let cluster: GatewayCluster;
beforeAll(async () => {
  cluster = await sharedKeyPage();
});

const AT_MOST_ONE = "The account may have at most 1 active keys";

test("a key beyond the account's number is not created, and its form can be submitted again", async () => {
  const { owner, submit } = await signIn(cluster);
  const key = await owner.create();
  await owner.call("PUT", "", { policy: { max_active_keys: 1 } });
  const form = newKeyForm({ name: "One too many", allowed_ips: "203.0.113.7" });
  const refused = await submit("/keys/new", form);
  expect(refused.status).toBe(409);
  const text = refused.body.toString();
  expect(text).toContain(AT_MOST_ONE);
  expect(text).not.toContain("Something went wrong");
  expect(text).toContain('name="name" value="One too many"');
  expect(text).toContain("203.0.113.7</textarea>");
  expect(text).toContain(`name="form_id" value="${form.form_id}"`);
  expect((await logLineOf(cluster, refused)).reason).toBe("conflict");
  expect(await owner.keys()).toHaveLength(1);
  await owner.revoke(key.id);
  expect((await submit("/keys/new", form)).status).toBe(303);
});

test("a key with full access is not rotated if the account requires permissions", async () => {
  const { owner, submit, cookie } = await signIn(cluster);
  const { id } = await owner.create({ permissions: [] });
  await owner.call("PUT", "", { policy: { require_permissions: true } });
  const refused = await submit(`/keys/${id}/rotate`, { form_id: crypto.randomUUID(), overlap: "604800" });
  expect(refused.status).toBe(409);
  expect(refused.body.toString()).toContain("The key has full access: give it permissions first");
  expect(refused.body.toString()).toContain('<option value="604800" selected="">');
  const incomplete = await submit(`/keys/${id}/rotate`, { form_id: "", overlap: "0" });
  expect([incomplete.status, incomplete.body.includes('<option value="0" selected="">')]).toEqual([
    422,
    true,
  ]);
  const unknown = await submit(`/keys/${id}/rotate`, { form_id: crypto.randomUUID(), overlap: "1" });
  expect([unknown.status, unknown.body.includes('<option value="86400" selected="">')]).toEqual([422, true]);
  expect(await owner.keys()).toHaveLength(1);
  // A key that was rotated in the meantime is no such refusal: its page shows the rotation.
  const other = await owner.create({ permissions: ["posts:read"] });
  await owner.rotate(other.id, 3600);
  const late = await submit(`/keys/${other.id}/rotate`, { form_id: crypto.randomUUID(), overlap: "0" });
  expect([late.status, late.header("Location")]).toEqual([303, `/portal/keys/${other.id}/rotate`]);
  const page = await requestPage(cluster, late.header("Location") ?? "", [cookie]);
  expect(page.body.toString()).toContain("Is the old key still in use?");
});

test("a revocation is not cancelled if the account may have no further active key", async () => {
  const { owner, submit } = await signIn(cluster);
  const { id } = await owner.create();
  const { replaces } = await owner.rotate(id, 86_400);
  await owner.call("PUT", "", { policy: { max_active_keys: 1 } });
  const refused = await submit(`/keys/${id}/end`, { when: "never", at: "" });
  expect(refused.status).toBe(409);
  expect(refused.body.toString()).toContain(AT_MOST_ONE);
  expect(refused.body.toString()).toContain('<option value="never" selected="">');
  expect((await owner.get(id)).revokes_at).toBe(replaces.revokes_at);
});
