/**
 * npx node test/portal/screenshots.ts <directory>: screenshots of every page, on a desktop and a phone, light and dark.
 * docs/key-page.md shows some of them.
 */

import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { Account } from "../control/account.ts";
import { startBrowser } from "../support/browser.ts";
import { buildWorker } from "../support/build-worker.ts";
import { type GatewayCluster, startCluster } from "../support/gateway-cluster.ts";
import { linkTo, openKeyPage, originOf } from "./key-page.ts";

const ACCOUNT = "acme";
const DAY_MS = 86_400_000;
const VIEWS = {
  desktop: { viewport: { width: 1200, height: 800 }, deviceScaleFactor: 1 },
  phone: { viewport: { width: 375, height: 720 }, deviceScaleFactor: 2 },
};

interface Ids {
  readonly active: string;
  readonly retiring: string;
  readonly revoked: string;
  readonly secret: string;
}

async function main(directory: string): Promise<void> {
  const { bundle, remove } = await buildWorker();
  const cluster = await startCluster({ bundle, settings: { PORTAL_RETURN_HOSTS: "octopost.ink" } });
  const browser = await startBrowser();
  try {
    const ids = await createKeys(cluster);
    for (const [view, options] of Object.entries(VIEWS)) {
      for (const colorScheme of ["light", "dark"] as const) {
        await screenshotPages(
          cluster,
          browser,
          ids,
          { ...options, colorScheme },
          join(directory, `${view}-${colorScheme}`),
        );
      }
    }
  } finally {
    await browser.close();
    await cluster.close();
    await remove();
  }
}

async function createKeys(cluster: GatewayCluster): Promise<Ids> {
  const account = new Account(cluster, ACCOUNT);
  const old = "0123456789abcdef".repeat(4);
  const created_at = new Date(Date.now() - 112 * DAY_MS).toISOString();
  await account.call("POST", "/keys/import", {
    keys: [{ sha256: old, name: "Reporting job", mode: "live", permissions: ["posts:read"], created_at }],
  });
  const revoked = await account.create({ name: "Old laptop", mode: "live" });
  await account.revoke(revoked.id);
  await account.create({
    name: "Ada’s sandbox",
    mode: "test",
    expires_at: new Date(Date.now() + 30 * DAY_MS).toISOString(),
  });
  const ci = await account.create({
    name: "CI/CD Pipeline",
    mode: "live",
    permissions: ["posts:read", "posts:write"],
  });
  await account.statusOf(ci.secret);
  const next = await account.rotate(ci.id, 7 * 86_400);
  await account.statusOf(next.secret);
  const production = await account.create({
    name: "Production Server",
    mode: "live",
    allowed_ips: ["203.0.113.0/24"],
    labels: { team: "billing" },
    permissions: ["posts:read", "posts:write", "accounts:read", "presets:read"],
  });
  await account.statusOf(production.secret);
  return { active: production.id, retiring: ci.id, revoked: revoked.id, secret: production.secret };
}

async function screenshotPages(
  cluster: GatewayCluster,
  browser: Browser,
  ids: Ids,
  options: object,
  prefix: string,
): Promise<void> {
  const input = { return_url: "https://octopost.ink/dashboard/settings" };
  const { page, context } = await openKeyPage(cluster, browser, { ...options, account: ACCOUNT, input });
  const at = (path: string) => page.goto(`${originOf(cluster)}/portal${path}`);
  const take = (name: string) => page.screenshot({ path: `${prefix}-${name}.png`, fullPage: true });
  await take("list");
  for (const [name, path] of Object.entries({
    details: `/keys/${ids.active}`,
    rotate: `/keys/${ids.active}/rotate`,
    "finish-rotation": `/keys/${ids.retiring}/rotate`,
    revoke: `/keys/${ids.active}/revoke`,
    receipt: `/keys/${ids.revoked}/revoke`,
    activity: "/activity",
    "not-found": "/nothing",
    new: "/keys/new",
  })) {
    await at(path);
    await take(name);
  }
  await createKey(page, take);
  await at("/test");
  await page.getByLabel("API key").fill(ids.secret);
  await page.getByRole("button", { name: "Test key" }).click();
  await take("test");
  await at("/keys");
  await page.getByRole("link", { name: "Revoke: Production Server" }).click();
  await page.getByRole("dialog").waitFor();
  await page.screenshot({ path: `${prefix}-dialog.png` });
  await context.clearCookies();
  await at("/keys");
  await take("ended");
  await context.close();

  const empty = await openKeyPage(cluster, browser, options);
  const takeEmpty = (name: string) =>
    empty.page.screenshot({ path: `${prefix}-${name}.png`, fullPage: true });
  await takeEmpty("empty");
  await empty.page.goto(await linkTo(cluster, ACCOUNT, input));
  await takeEmpty("enter");
  await empty.context.clearCookies();
  await empty.page.goto(`${originOf(cluster)}/portal/keys?entered=${Math.floor(Date.now() / 1000)}`);
  await takeEmpty("cookies-blocked");
  await empty.context.close();
}

async function createKey(page: Page, take: (name: string) => Promise<unknown>): Promise<void> {
  await page.getByLabel("Name").fill(" ");
  await page.getByRole("button", { name: "Create key" }).click();
  await take("new-problem");
  await page.getByLabel("Name").fill("Screenshot");
  await page.getByRole("checkbox", { name: /posts:read/ }).check();
  await page.getByRole("button", { name: "Create key" }).click();
  await page.getByRole("heading", { name: "Copy your key now" }).waitFor();
  await take("secret");
  // The next view starts with the same keys.
  await page.getByRole("link", { name: "I have copied it" }).click();
  await page.getByRole("link", { name: "Revoke: Screenshot" }).click();
  await page.getByRole("button", { name: "Revoke key" }).click();
  await page.getByText("Revoked everywhere since").waitFor();
}

await main(process.argv[2] ?? ".");
