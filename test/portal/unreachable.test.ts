/**
 * The key page while the ledger or KV fails: a page is tried again under its own address, a form keeps what was filled
 * in or can be submitted again, and no page shows a state that was not read.
 */

import { afterEach, beforeAll, expect, test } from "vitest";
import type { GatewayCluster } from "../support/gateway-cluster.ts";
import { hiddenFields, newKeyForm, requestPage, sharedKeyPage, signIn } from "./key-page.ts";

const KEY_TEXT = /oct_(?:live|test)_[0-9A-Za-z]{46}/;

let cluster: GatewayCluster;
beforeAll(async () => {
  cluster = await sharedKeyPage();
});
afterEach(() => cluster.network.liftAllFaults());

async function open() {
  const session = await signIn(cluster);
  const { cookie, origin, token } = session;
  const get = (target: string) => requestPage(cluster, target, [cookie]);
  const submit = (path: string, fields: Record<string, string> | [string, string][]) => {
    const form = new URLSearchParams([
      ["form_token", token],
      ...(Array.isArray(fields) ? fields : Object.entries(fields)),
    ]);
    return requestPage(cluster, `/portal${path}`, [cookie, origin], form);
  };
  return { ...session, get, submit };
}

test("the page of a new key is tried again under its own address, and then shows the key", async () => {
  const { get, submit } = await open();
  const target = (await submit("/keys/new", newKeyForm())).header("Location") ?? "";
  await cluster.network.fault({ on: "ledger", operation: "showOnce", how: "fail-before" });
  const failed = await get(target);
  await cluster.network.liftAllFaults();
  expect(failed.status).toBe(503);
  const retry = /<a class="button main" href="([^"]+)">Try again</.exec(failed.body.toString())?.[1];
  expect(retry).toBe(target);
  expect((await get(target)).body.toString()).toMatch(KEY_TEXT);
});

test("a form whose answer is 503 can be submitted again by reloading the page", async () => {
  const { owner, submit } = await open();
  const { id } = await owner.create();
  await cluster.network.fault({ on: "ledger", operation: "suspendKey", how: "fail-before" });
  const failed = await submit(`/keys/${id}/suspend`, {});
  expect(failed.status).toBe(503);
  expect(failed.body.toString()).toContain("To submit the form again, reload this page.");
  expect(failed.body.toString()).not.toContain(">Try again<");
});

test("the form of a new key keeps what was filled in when KV fails, and creates one key when it is submitted again", async () => {
  const { owner, submit } = await open();
  await cluster.network.fault({ on: "kv", operation: "put", how: "fail-before" });
  const form = newKeyForm({ name: "Filled in", labels: "team: billing" });
  const failed = await submit("/keys/new", form);
  await cluster.network.liftAllFaults();
  expect([failed.status, failed.header("Retry-After")]).toEqual([503, "1"]);
  const page = failed.body.toString();
  expect(page).toContain("Your keys cannot be reached right now");
  expect(page).toContain('name="name" value="Filled in"');
  expect(page).toContain("team: billing</textarea>");
  const { form_id, form_made_at } = hiddenFields(failed);
  expect([form_id, form_made_at]).toEqual([form.form_id, form.form_made_at]);
  for (let i = 0; i < 2; i++) expect((await submit("/keys/new", form)).status).toBe(303);
  expect(await owner.keys()).toHaveLength(1);
});

test("of several keys, the one that could not be revoked is asked for again; the others are revoked", async () => {
  const { owner, get, submit } = await open();
  const keys = [await owner.create({ name: "One" }), await owner.create({ name: "Two" })];
  // Each call is made twice, so one key of the two fails.
  await cluster.network.fault({ on: "ledger", operation: "revokeKey", how: "fail-before", times: 3 });
  const ids = keys.map(({ id }): [string, string] => ["id", id]);
  const done = await submit("/keys/revoke", ids);
  expect(done.status).toBe(303);
  const page = (await get(done.header("Location") ?? "")).body.toString();
  const [left, ...more] = await owner.keys();
  expect(more).toEqual([]);
  expect(page).toContain("Revoke 1 key?");
  expect(page).toContain("1 selected key is revoked already.");
  expect(page).toContain(`<strong>${left?.name}</strong>`);
});

test("a rotation is not shown as unused while its new key cannot be read", async () => {
  const { owner, get } = await open();
  const { id } = await owner.create();
  await owner.rotate(id, 86_400);
  const successor = (await owner.get(id)).replaced_by ?? "";
  const used = `UPDATE keys SET last_used_at = ${Date.now()} WHERE id = '${successor}'`;
  await cluster.network.ledgerRows(owner.name, used);
  const path = `/portal/keys/${id}/rotate`;
  expect((await get(path)).body.toString()).toContain("Revoke the old key now");
  await cluster.network.ledgerRows(owner.name, `UPDATE keys SET replaced_by = 'key_gone' WHERE id = '${id}'`);
  const failed = await get(path);
  expect(failed.status).toBe(404);
  expect(failed.body.toString()).not.toContain("This step opens when the new key has been used");
});
