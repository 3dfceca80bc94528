/**
 * The last steps of a rotation: the revocation of the old key is offered when the new one has been used, the page tells
 * how long the old one was not, and a form that is saved as it is changes nothing.
 */

import { beforeAll, expect, test } from "vitest";
import type { GatewayCluster } from "../support/gateway-cluster.ts";
import { requestPage, sharedKeyPage, signIn } from "./key-page.ts";

let cluster: GatewayCluster;
beforeAll(async () => {
  cluster = await sharedKeyPage();
});

test("the new key is shown after more than 200 later events", async () => {
  const { cookie, owner } = await signIn(cluster);
  const old = await owner.create({ name: "Old" });
  const successor = await owner.rotate(old.id, 86_400);
  await cluster.network.ledgerRows(
    owner.name,
    `WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 205)
     INSERT INTO events (at, actor, action, details) SELECT 1, 'gateway', 'tier_changed', '{}' FROM numbers`,
  );
  expect((await owner.events()).length).toBeGreaterThanOrEqual(205);
  await cluster.network.resetCounts();
  const page = await requestPage(cluster, `/portal/keys/${old.id}/rotate`, [cookie]);
  expect(page.body.toString()).toContain(successor.hint);
  expect((await cluster.network.counts()).ledgerCalls).toEqual({ portalSession: 1, getKey: 2 });
});

test("a key links to the key that replaces it", async () => {
  const { cookie, owner } = await signIn(cluster);
  const old = await owner.create({ name: "Old" });
  const successor = await owner.rotate(old.id, 86_400);
  const link = `<a href="/portal/keys/${successor.id}">`;
  const page = async () => (await requestPage(cluster, `/portal/keys/${old.id}`, [cookie])).body.toString();
  expect(await page()).toContain(link);
  await owner.revoke(old.id);
  expect(await page()).toContain(link);
  const unrotated = await requestPage(cluster, `/portal/keys/${successor.id}`, [cookie]);
  expect(unrotated.body.toString()).not.toContain("Replaced by");
});

test("cancelling the scheduled revocation ends the rotation", async () => {
  const { cookie, owner, submit } = await signIn(cluster);
  const old = await owner.create({ name: "Old" });
  await owner.rotate(old.id, 86_400);
  const response = await submit(`/keys/${old.id}/end`, { when: "never" });
  expect(response.status).toBe(303);
  const page = await requestPage(cluster, `/portal/keys/${old.id}`, [cookie]);
  expect(page.body.toString()).not.toContain("Replaced by");
  expect((await owner.get(old.id)).revokes_at).toBeNull();
  const receipt = await requestPage(cluster, response.header("Location") ?? "", [cookie]);
  expect(receipt.body.toString()).toMatch(/class="note good"[^>]*>The scheduled revocation was cancelled\./);
  // No link shows it without the form.
  const made = await requestPage(cluster, `/portal/keys/${old.id}?done=revocation_cancelled&since=at_once`, [
    cookie,
  ]);
  expect(made.body.toString()).not.toContain('class="note good"');
});

/** A rotation and its page. `ago`: how many minutes ago the old key and the new one were used; null: never. */
async function rotation(ago: { readonly old: number | null; readonly new: number | null }) {
  const session = await signIn(cluster);
  const { cookie, owner } = session;
  const old = await owner.create({ name: "Old" });
  const successor = await owner.rotate(old.id, 604_800);
  for (const [id, minutes] of [
    [old.id, ago.old],
    [successor.id, ago.new],
  ] as const) {
    const at = minutes === null ? "NULL" : String(Date.now() - minutes * 60_000);
    await cluster.network.ledgerRows(owner.name, `UPDATE keys SET last_used_at = ${at} WHERE id = '${id}'`);
  }
  const page = async (path = "/rotate") => {
    const { body } = await requestPage(cluster, `/portal/keys/${old.id}${path}`, [cookie]);
    return body
      .toString()
      .replaceAll(/<[^>]*>/g, (tag) => (tag.includes("aria-current") ? "[current] " : " "));
  };
  return { ...session, old, successor, page };
}

test.each([
  ["no key was used", { old: null, new: null }, 3, false, "Never used"],
  ["only the old key is used", { old: 0, new: null }, 3, false, "In use"],
  [
    "the old key is quiet, and the new one was never used",
    { old: 600, new: null },
    3,
    false,
    "Not used for 10 hours",
  ],
  ["both keys are used", { old: 1, new: 1 }, 3, true, "In use"],
  ["the old key is not used for 8 minutes", { old: 8, new: 1 }, 3, true, "Not used for 8 minutes"],
  ["the old key is not used for 20 minutes", { old: 20, new: 1 }, 4, true, "Not used for 20 minutes"],
  ["the new key was used once, long ago", { old: 10_000, new: 5000 }, 4, true, "Not used for 7 days"],
] as const)("when %s", async (_, ago, step, isOffered, badge) => {
  const { page } = await rotation(ago);
  const text = await page();
  // The badge of the old key and the last step do not contradict each other.
  expect(text.includes("used within the last 15 minutes")).toBe(step === 3 && isOffered);
  const current = ["Create the new key", "Copy it into", "Wait until", "Revoke the old key"][step - 1];
  expect(text).toContain(`[current] ${current}`);
  expect(text.includes("Revoke the old key now")).toBe(isOffered);
  expect(text.includes("This step opens when the new key has been used")).toBe(!isOffered);
  expect(text).toContain(badge);
});

test.each([
  [20, "daily"],
  [25 * 60, "daily"],
  [27 * 60, "weekly"],
  [7 * 24 * 60, "weekly"],
  [9 * 24 * 60, "monthly"],
  [33 * 24 * 60, null],
] as const)(
  "a key that was not used for %d minutes may be needed by jobs that run %s",
  async (minutes, jobs) => {
    const { page } = await rotation({ old: minutes, new: 1 });
    const text = await page();
    for (const one of ["daily", "weekly", "monthly"])
      expect(text.includes(`Jobs that run ${one} may still need it.`), one).toBe(one === jobs);
  },
);

test("the form as it was shown changes nothing and makes no event", async () => {
  const { cookie, owner, old, page, submit } = await rotation({ old: 1, new: 1 });
  const { revokes_at } = await owner.get(old.id);
  const shown = (await requestPage(cluster, `/portal/keys/${old.id}/rotate`, [cookie])).body.toString();
  const when = /<option value="([^"]*)" selected/.exec(shown)?.[1] ?? "";
  const events = (await owner.events()).length;
  const response = await submit(`/keys/${old.id}/end`, { when, at: "" });
  expect(response.status).toBe(303);
  expect((await owner.get(old.id)).revokes_at).toBe(revokes_at);
  expect(await owner.events()).toHaveLength(events);
  const receipt = response.header("Location") ?? "";
  const receiptPath = receipt.replace(`/portal/keys/${old.id}`, "");
  expect(await page(receiptPath)).toContain("Saved. The old key will be revoked on");
  // No link shows it without the form.
  for (const query of ["saved=revocation", "done=rescheduled&since=at_once"])
    expect(await page(`/rotate?${query}`), query).not.toContain("Saved.");
});

test("a leaked key is replaced and revoked at once; by default it keeps working for a day", async () => {
  const { cookie, owner, submit } = await signIn(cluster);
  const key = await owner.create();
  const path = `/keys/${key.id}/rotate`;
  const shown = (await requestPage(cluster, `/portal${path}`, [cookie])).body.toString();
  expect(/<option value="([^"]*)" selected/.exec(shown)?.[1]).toBe("86400");
  const rotated = await submit(path, { form_id: crypto.randomUUID(), overlap: "0" });
  expect((await owner.get(key.id)).state).toBe("revoked");
  expect(await owner.statusOf(key.secret)).toBe(401);
  const secret = await requestPage(cluster, rotated.header("Location") ?? "", [cookie]);
  expect(secret.body.toString()).toContain(", which is revoked.");
});

test("a successor that was rotated again is replaced on the page by its own successor", async () => {
  const { owner, successor, page } = await rotation({ old: 1, new: null });
  const newest = await owner.rotate(successor.id, 0);
  const text = await page();
  expect(text).toContain(newest.hint);
  expect(text).not.toContain(successor.hint);
});

test("a retiring key says when it is revoked", async () => {
  const { cookie, owner, old, page } = await rotation({ old: null, new: null });
  for (const path of ["", "/revoke", "/suspend"])
    expect(await page(path), path).toContain("Retiring: revoked in 7 days");
  const list = (await requestPage(cluster, "/portal/keys", [cookie])).body.toString();
  expect(list).toMatch(
    /<span class="badge retiring">Retiring<.*<td data-label="Expires">revoked <time[^>]*>in 7 days</s,
  );
  await owner.change(old.id, { expires_at: new Date(Date.now() + 86_400_000).toISOString() });
  expect(await page("")).not.toContain("revoked in");
});
