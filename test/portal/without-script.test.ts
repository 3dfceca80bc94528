/**
 * The tasks of the key page without JavaScript, over HTTP: every link, form and choice is in the markup. flows.test.ts and
 * rotate-at-once.test.ts have what styles show and hide, in a browser without JavaScript.
 */

import { beforeAll, expect, test } from "vitest";
import { Account } from "../control/account.ts";
import type { GatewayCluster } from "../support/gateway-cluster.ts";
import { RETURN_URL, sharedKeyPage } from "./key-page.ts";
import { MarkupBrowser } from "./markup-browser.ts";

let cluster: GatewayCluster;
beforeAll(async () => {
  cluster = await sharedKeyPage();
});

const names = ({ html }: MarkupBrowser) =>
  [...html.matchAll(/<th scope="row"><a [^>]*>([^<]*)</g)].map(([, name]) => name);

test("an account without keys gets the first steps", async () => {
  const page = await MarkupBrowser.open(cluster);
  expect(page.heading).toBe("API keys");
  expect(page.text).toContain("Create your first key");
  expect(page.html).not.toContain("<search");
});

test("a refused form names the wrong field, keeps the other values, and creates nothing", async () => {
  const page = await MarkupBrowser.open(cluster);
  await page.follow("Create API key");
  await page.submit("Create key", {
    name: "  ",
    mode: "live",
    permissions: "presets:write",
    expires: "date",
    expires_on: "2020-01-01",
  });
  expect(page.html).toMatch(/<title>Error: /);
  expect(page.withRole("alert").join()).toContain("Name is required");
  expect(page.html).toMatch(/<input id="name"[^>]* aria-invalid="true"/);
  const kept = page.valuesOf("Create key");
  expect([kept.get("mode"), kept.get("permissions")]).toEqual(["live", "presets:write"]);

  await page.submit("Create key", { name: "x" });
  expect(page.withRole("alert").join()).toContain("Last day (UTC) must be in the future");
  expect((await page.owner.shown()).keys).toEqual([]);
  await page.submit("Create key", { expires: "90" });
  expect(page.valueOf("key")).toMatch(/^oct_live_/);
  const [key, ...more] = await page.owner.keys();
  expect(more).toEqual([]);
  const days = (Date.parse(key?.expires_at ?? "") - Date.parse(key?.created_at ?? "")) / 86_400_000;
  expect(Math.round(days)).toBe(90);
});

test("keys are filtered by name, mode and state, and an old key shows its age", async () => {
  const page = await MarkupBrowser.open(cluster);
  const { owner } = page;
  const created_at = new Date(Date.now() - 112 * 86_400_000).toISOString();
  const sha256 = Buffer.from(owner.name.padEnd(32, "x")).toString("hex");
  await owner.call("POST", "/keys/import", { keys: [{ sha256, name: "Old job", mode: "live", created_at }] });
  await owner.create({ name: "Sandbox", mode: "test", permissions: ["posts:read", "posts:write"] });
  const revoked = await owner.create({ name: "Gone" });
  await owner.revoke(revoked.id);
  await page.reload();
  expect(names(page)).toEqual(["Sandbox", "Old job"]);
  expect(page.text).toContain("Posts: read and write");
  expect(page.labels).toContain("Rotate: 112 days old");
  await page.submit("Apply", { state: "revoked" });
  expect(names(page)).toEqual(["Gone"]);
  await page.submit("Apply", { state: "all", mode: "live", q: "OLD" });
  expect(names(page)).toEqual(["Old job"]);
  await page.submit("Apply", { q: "nothing" });
  expect(page.text).toContain("No key matches this filter.");
});

test("a rotation has four steps, and both keys work until the old key is revoked", async () => {
  const page = await MarkupBrowser.open(cluster);
  const { owner } = page;
  const old = await owner.create({ name: "CI", permissions: ["posts:read"] });
  expect(await owner.statusOf(old.secret)).toBe(200);
  const step = () => /<li[^>]* aria-current="step"[^>]*>([^<]*)/.exec(page.html)?.[1];
  await page.reload();
  await page.follow("Rotate: CI");
  expect(step()).toBe("Create the new key");
  await page.submit(/^Create the new key/, { overlap: "604800" });
  expect([page.heading, step()]).toEqual(["Copy the new key now", expect.stringContaining("Copy it")]);
  const secret = page.valueOf("key");
  expect(await owner.statusOf(secret)).toBe(200);

  await page.follow(/next step/);
  expect(step()).toBe("Wait until the old key is unused");
  expect(page.text).toMatch(/New key.*Last used: just now.*Old key.*In use/);
  const { revokes_at } = await owner.get(old.id);
  await page.submit("Save");
  expect(page.withRole("status")[0]).toMatch(
    /^Saved. The old key will be revoked on \d+ [A-Z][a-z]{2} \d{4}, \d\d:\d\d UTC.$/,
  );
  expect((await owner.get(old.id)).revokes_at).toBe(revokes_at);
  await page.submit("Save", { when: "3600" });
  const saved = (await owner.get(old.id)).revokes_at ?? "";
  expect(page.withRole("status")[0]).toContain(`${saved.slice(11, 16)} UTC`);
  expect(Math.round((Date.parse(saved) - Date.now()) / 3_600_000)).toBe(1);

  await page.follow(/^Revoke the old key now/);
  await page.submit("Revoke key");
  expect(page.heading).toBe("CI is revoked");
  expect([await owner.statusOf(old.secret), await owner.statusOf(secret)]).toEqual([401, 200]);
});

test("a key is renamed, and the activity shows who did what", async () => {
  const page = await MarkupBrowser.open(cluster);
  const key = await page.owner.create({ name: "Before" });
  await page.reload();
  await page.follow("Before");
  await page.submit("Save name", { name: "After" });
  expect(page.heading).toBe("After");
  expect(page.text).toContain("The name was saved.");
  await page.submit("Save name", { name: " " });
  expect(page.withRole("alert").join()).toContain("Name is required");
  await page.follow("Activity");
  expect(page.text).toContain(`A user of this page (no name given) renamed After …${key.hint.slice(-4)}`);
  expect(page.text).toContain("From “Before” to “After”.");
});

test("a key is identified and can be revoked", async () => {
  const page = await MarkupBrowser.open(cluster);
  const { owner } = page;
  const own = await owner.create({ name: "Mine", mode: "test", permissions: ["accounts:read"] });
  const other = await new Account(cluster).create({ name: "Not to be shown" });
  const identify = async (secret: string) => {
    await page.follow("Test a key");
    await page.submit("Test key", { secret });
    return page.text;
  };
  expect(await identify(own.secret)).toMatch(/A key of this account Mine.*Test.*Accounts: read/);
  expect(await identify("oct_live_nothing")).toContain("This is not an Octopost key");
  expect(await identify(other.secret)).toMatch(/A key of another account.*Live.*Full access/);
  expect(page.html).not.toMatch(/Not to be shown|oct_live_[0-9A-Za-z]{30}/);
  await page.submit("Revoke that key", { secret: other.secret });
  expect(page.text).toContain("The key is revoked.");
  expect(await owner.statusOf(other.secret)).toBe(401);

  expect(await identify(own.secret)).toContain("Mine");
  await page.follow("Revoke this key");
  await page.submit("Revoke key");
  expect(page.heading).toBe("Mine is revoked");
});

test("a link leads back to the dashboard, and signing out ends the session", async () => {
  const page = await MarkupBrowser.open(cluster, { return_url: RETURN_URL });
  expect(page.hrefOf("Back to Octopost")).toBe(RETURN_URL);
  await page.submit("Sign out");
  expect(page.heading).toBe("You are signed out");
  expect(page.hrefOf("Back to Octopost")).toBe(RETURN_URL);
  await page.goTo("/portal/keys");
  expect(page.heading).toBe("Your session has ended");
});

test("a key is suspended and resumed in the list; the receipt stands above the same filter", async () => {
  const page = await MarkupBrowser.open(cluster);
  const { owner } = page;
  const key = await owner.create({ name: "Worker" });
  await owner.create({ name: "Other" });
  await owner.use(key.secret);
  await page.reload();
  await page.submit("Apply", { q: "work", state: "all" });
  await page.follow("Suspend: Worker");
  expect(page.heading).toBe("Suspend Worker?");
  expect((await owner.get(key.id)).state).toBe("active");
  await page.submit("Suspend key");
  const receipt = page.withRole("status").find((text) => text.includes("In effect everywhere since"));
  expect(receipt).toMatch(/Worker.*Suspended\./);
  expect(await owner.statusOf(key.secret)).toBe(401);
  expect(page.valuesOf("Apply").get("q")).toBe("work");
  expect(page.text).toContain("1–1 of 1");
  await page.submit("Resume: Worker");
  expect(page.labels).toContain("Suspend: Worker");
  // A resumption holds within a lease.
  await expect.poll(() => owner.statusOf(key.secret), { timeout: 5000 }).toBe(200);
});
