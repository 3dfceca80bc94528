/** The form of a new key: its further fields, and the values that it takes from another key. */

import { beforeAll, expect, test } from "vitest";
import type { GatewayCluster } from "../support/gateway-cluster.ts";
import { sharedKeyPage } from "./key-page.ts";
import { MarkupBrowser } from "./markup-browser.ts";

let cluster: GatewayCluster;
beforeAll(async () => {
  cluster = await sharedKeyPage();
});

test("addresses, labels and limits are given with the key, and shown with it", async () => {
  const page = await MarkupBrowser.open(cluster);
  await page.goTo("/portal/keys/new");
  const isOpen = () => /<details open="">/.test(page.html);
  expect(isOpen()).toBe(false);
  const allowed_ips = "203.0.113.7\n2001:db8::/32";
  await page.submit("Create key", {
    name: "Restricted",
    access: "full",
    allowed_ips,
    labels: "team billing",
  });
  // Refused: the fields stay open, with what was entered.
  expect(page.withRole("alert").join()).toContain("These lines have no colon: “team billing”");
  expect([isOpen(), page.valueOf("allowed_ips")]).toEqual([true, allowed_ips]);
  const labels = "team: billing\n\nnote: a: b";
  await page.submit("Create key", { labels, requests_per_minute: "30" });
  expect(page.withRole("alert").join()).toContain(
    "Publishes per hour is empty. Fill in both limits or neither.",
  );
  await page.submit("Create key", { publish_per_hour: "5" });
  expect(page.heading).toBe("Copy your key now");
  const [key] = await page.owner.keys();
  expect(key).toMatchObject({
    allowed_ips: ["203.0.113.7/32", "2001:db8::/32"],
    labels: { team: "billing", note: "a: b" },
    limits: { requests_per_minute: 30, publish_per_hour: 5 },
  });
  await page.goTo(`/portal/keys/${key?.id}`);
  expect(page.text).toContain("203.0.113.7/32, 2001:db8::/32");
  expect(page.text).toContain("note: a: b, team: billing");
  expect(page.text).toContain("Requests per minute: 30, Publishes per hour: 5");
});

test("“create one like it” fills in the form with the key's name, mode, access, lifetime and labels", async () => {
  const page = await MarkupBrowser.open(cluster);
  const inDays = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString();
  const { id } = await page.owner.create({
    name: "Model",
    mode: "live",
    permissions: ["posts:write"],
    allowed_ips: ["203.0.113.0/24"],
    labels: { team: "billing" },
    limits: { requests_per_minute: 30, publish_per_hour: 5 },
    expires_at: inDays(90),
  });
  await page.goTo(`/portal/keys/new?like=${id}`);
  expect(Object.fromEntries(page.valuesOf("Create key"))).toMatchObject({
    name: "Model",
    mode: "live",
    permissions: "posts:write",
    allowed_ips: "203.0.113.0/24",
    labels: "team: billing",
    publish_per_hour: "5",
    expires: "90",
  });
  const odd = await page.owner.create({ expires_at: inDays(12) });
  await page.goTo(`/portal/keys/new?like=${odd.id}`);
  expect(page.valueOf("expires_on")).toBe(inDays(12).slice(0, 10));
  for (const like of ["", "key_0000000000000000000000", "constructor"]) {
    await page.goTo(`/portal/keys/new?like=${like}`);
    expect(page.valueOf("name"), like).toBe("");
  }
});
