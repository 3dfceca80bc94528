/** A new permission is one line of policy.ts: the key page offers it and shows it with no other edit. */

import { afterAll, beforeAll, expect, test } from "vitest";
import { PERMISSIONS } from "../../src/policy.ts";
import { buildChangedWorker } from "../support/changed-worker.ts";
import { type GatewayCluster, startCluster } from "../support/gateway-cluster.ts";
import { SETTINGS } from "./key-page.ts";
import { MarkupBrowser } from "./markup-browser.ts";

/** A resource without `write`, an action that no other resource has, and a resource of two words. */
const NEW_PERMISSIONS = `
  "media:read": "List and retrieve media files",
  "posts:publish": "Publish posts",
  "brand_kits:write": "Create and update brand kits",
`;

let remove: () => Promise<void>;
let cluster: GatewayCluster;
let page: MarkupBrowser;
beforeAll(async () => {
  const built = await buildChangedWorker({
    "src/policy.ts": (text) => text.replace('  "webhooks:write":', `${NEW_PERMISSIONS}  "webhooks:write":`),
  });
  remove = built.remove;
  cluster = await startCluster({ settings: SETTINGS, bundle: built.bundle });
  page = await MarkupBrowser.open(cluster);
});
afterAll(async () => {
  await cluster?.close();
  await remove?.();
});

test("the form of a new key offers every permission", async () => {
  await page.goTo("/portal/keys/new");
  const offered = [...page.html.matchAll(/name="permissions" value="([^"]+)"/g)].map(([, value]) => value);
  const added = ["media:read", "posts:publish", "brand_kits:write"];
  expect(offered.sort()).toEqual([...Object.keys(PERMISSIONS), ...added].sort());
  expect(page.headers("col")).toEqual(["Resource", "Read", "Write", "Publish"]);
  expect(page.headers("row")).toEqual(["Posts", "Accounts", "Presets", "Webhooks", "Media", "Brand kits"]);
  expect(page.labelOfChoice("media:read")).toBe("media:read List and retrieve media files");
});

test("a key with a new permission is created on the page, and every page shows the permission", async () => {
  await page.goTo("/portal/keys/new");
  await page.submit("Create key", { name: "Uploader", permissions: "media:read" });
  expect(page.text).toContain("Media: read");
  const [key] = await page.owner.keys();
  expect(key?.permissions).toEqual(["media:read"]);
  for (const path of ["/keys", `/keys/${key?.id}`, `/keys/${key?.id}/rotate`, `/keys/${key?.id}/revoke`]) {
    await page.goTo(`/portal${path}`);
    expect(page.text, path).toContain("Media: read");
  }
});

test("several actions on a resource are listed in words", async () => {
  const permissions = ["posts:read", "posts:write", "posts:publish", "brand_kits:write"];
  const { id } = await page.owner.create({ permissions });
  await page.goTo(`/portal/keys/${id}`);
  expect(page.text).toContain("Posts: read, write and publish, Brand kits: write");
});
