/** The test tool says only what is known: a key that may still work is never said to be dead or revoked. */

import { beforeAll, describe, expect, test } from "vitest";
import type { GatewayCluster } from "../support/gateway-cluster.ts";
import { requestPage, sharedKeyPage, signIn } from "./key-page.ts";

let cluster: GatewayCluster;
let session: Awaited<ReturnType<typeof signIn>>;
beforeAll(async () => {
  cluster = await sharedKeyPage();
  session = await signIn(cluster);
});

async function submit(path: string, secret: string) {
  const { cookie, origin, token } = session;
  const form = { form_token: token, secret };
  return (await requestPage(cluster, `/portal${path}`, [cookie, origin], form)).body.toString();
}

/** A key that another gateway knows and accepts, whose KV entry is then damaged. */
async function workingKey(damage: (keyId: string) => Promise<void>) {
  const key = await session.owner.create({ name: "Working" });
  expect((await session.owner.use(key.secret, { gateway: 1 })).status).toBe(200);
  await damage(key.id);
  expect((await session.owner.use(key.secret, { gateway: 1 })).status).toBe(200);
  return key;
}

describe.each<[string, (keyId: string) => Promise<void>]>([
  ["whose KV entry is missing", async (id) => await cluster.kv.delete(await cluster.recordName(id))],
  ["whose KV entry is corrupt", (id) => cluster.overwriteRecord(id, `{"id":"${id}"`)],
])("a working key %s", (_, damage) => {
  test("is not said to be dead, and is revoked", async () => {
    const key = await workingKey(damage);
    expect(await submit("/test", key.secret)).not.toMatch(/opens nothing|does not work|is revoked/i);
    const answer = await submit("/test/revoke", key.secret);
    expect(answer).toContain("The key is revoked");
    expect((await session.owner.get(key.id)).revoked_at).not.toBeNull();
    for (const gateway of [0, 1]) expect(await session.owner.statusOf(key.secret, { gateway })).toBe(401);
  });
});

test.each<[string, (secret: string) => string]>([
  ["white space", (secret) => ` ${secret}\t`],
  ["quotes", (secret) => `"${secret}"`],
  ["Bearer", (secret) => `Bearer ${secret}`],
])("a key with %s around it is identified and revoked", async (_, wrap) => {
  const key = await session.owner.create({ name: "Wrapped" });
  expect(await submit("/test", wrap(key.secret))).toContain("Wrapped");
  expect(await submit("/test/revoke", wrap(key.secret))).toContain("The key is revoked");
  expect(await session.owner.statusOf(key.secret)).toBe(401);
});

test("a key without its last character is not a key, and nothing is revoked", async () => {
  const key = await session.owner.create({ name: "Cut" });
  expect(await submit("/test", key.secret.slice(0, -1))).toContain("This is not an Octopost key");
  const answer = await submit("/test/revoke", key.secret.slice(0, -1));
  expect(answer).toContain("Nothing was revoked");
  expect(answer).not.toContain("The key is revoked");
  expect(await session.owner.statusOf(key.secret)).toBe(200);
});
