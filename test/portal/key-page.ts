/**
 * The key page as somebody at a browser meets it: links made over the control plane, visits in contexts of their own.
 */

import type { Browser, BrowserContext, BrowserContextOptions, Page } from "playwright-core";
import type { GatewayCluster } from "../support/gateway-cluster.ts";

export interface Visit {
  readonly page: Page;
  readonly context: BrowserContext;
  /** Such as `http://127.0.0.1:8787`. */
  readonly origin: string;
  readonly account: string;
  /** Exceptions of the page's script, and what its security policy has stopped. */
  readonly complaints: readonly string[];
}

/** Short leases, so that a revocation does not keep the tests waiting; a dashboard to go back to. */
export const SETTINGS = { LEASE_MS: 200, LEASE_MARGIN_MS: 60, PORTAL_RETURN_HOSTS: "dashboard.example" };
export const RETURN_URL = "https://dashboard.example/settings?tab=keys";

let accounts = 0;

/** An account that nobody else uses. */
export function newAccount(): string {
  return `portal_${++accounts}`;
}

export function originOf(cluster: GatewayCluster): string {
  const { host, port } = cluster.gateway(0);
  return `http://${host}:${port}`;
}

/** A link to the account's key page. */
export async function linkTo(cluster: GatewayCluster, account: string, input: object = {}): Promise<string> {
  const { status, json, response } = await cluster.control(
    "POST",
    `/accounts/${account}/portal-sessions`,
    input,
  );
  if (status !== 200) throw new Error(`portal-sessions: ${status} ${response.body}`);
  return json.url;
}

/** Opens the key page in a browser that has seen nothing before. */
export async function visit(
  cluster: GatewayCluster,
  browser: Browser,
  options: BrowserContextOptions & { account?: string; input?: object } = {},
): Promise<Visit> {
  const { account = newAccount(), input, ...context } = options;
  const opened = await browser.newContext(context);
  const page = await opened.newPage();
  const complaints: string[] = [];
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("console", (message) => {
    if (/Content.Security.Policy/i.test(message.text())) complaints.push(message.text());
  });
  await page.goto(await linkTo(cluster, account, input));
  return { page, context: opened, origin: originOf(cluster), account, complaints };
}

/** Makes a key on the page, and returns it as it is shown. The page stays where the key is shown. */
export async function makeKey(page: Page, name: string, options: { live?: boolean } = {}): Promise<string> {
  await page.goto(new URL("/portal/keys/new", page.url()).href);
  await page.getByLabel("Name").fill(name);
  if (options.live) await page.getByRole("radio", { name: "Live" }).check();
  await page.getByRole("button", { name: "Create key" }).click();
  return await page.getByLabel("Your new API key").inputValue();
}

/** Ends every session of the account, as time does. */
export async function endSessions(cluster: GatewayCluster, account: string): Promise<void> {
  await cluster.distance.ledgerRows(account, "UPDATE portal_visits SET ends_at = 1 WHERE kind = 'session'");
}
