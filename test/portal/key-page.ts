/**
 * The key page for tests: links created over the control plane, sessions in browser contexts of their own, and sessions
 * over raw HTTP without a browser.
 */

import type { Browser, BrowserContext, BrowserContextOptions, Page } from "playwright-core";
import { Account } from "../control/account.ts";
import type { GatewayCluster } from "../support/gateway-cluster.ts";
import { HTTPS_FRONT } from "../support/https-front.ts";
import { type Header, type RawResponse, rawRequest } from "../support/raw-http.ts";
import { sharedCluster } from "../support/shared.ts";

export interface OpenKeyPage {
  readonly page: Page;
  readonly context: BrowserContext;
  /** Such as `http://127.0.0.1:8787`. */
  readonly origin: string;
  readonly account: string;
  /** Exceptions of the page's script, and violations of its security policy. */
  readonly complaints: readonly string[];
}

export interface SessionOptions {
  readonly account?: string;
  /** Of the link. */
  readonly input?: object;
  /** The page that is opened; the list by default. */
  readonly at?: string;
}

/** Short leases, so that the tests do not wait long for revocations; a dashboard to return to. */
export const SETTINGS = { LEASE_MS: 200, LEASE_MARGIN_MS: 60, PORTAL_RETURN_HOSTS: "dashboard.example" };
export const RETURN_URL = "https://dashboard.example/settings?tab=keys";

/** The cluster of all files here; the second gateway and the front are for single tests. */
export function sharedKeyPage(): Promise<GatewayCluster> {
  return sharedCluster({ gateways: 2, settings: SETTINGS, extraWorkers: [HTTPS_FRONT] });
}

const LIST = "/keys";
export const NEW_KEY_PAGE = "/keys/new";

export const KEY_TEXT = /oct_(?:live|test)_[0-9A-Za-z]{46}/;

let accounts = 0;

/** An account that no other test uses. */
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

/**
 * Opens the key page in a new browser context, with a session that was begun over raw HTTP: two pages less to load than
 * with the button of the link, which entry.test.ts and flows.test.ts press.
 */
export async function openKeyPage(
  cluster: GatewayCluster,
  browser: Browser,
  options: BrowserContextOptions & SessionOptions = {},
): Promise<OpenKeyPage> {
  const { account = newAccount(), input = {}, at = LIST, ...contextOptions } = options;
  const context = await browser.newContext(contextOptions);
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("console", (message) => {
    if (/Content.Security.Policy/i.test(message.text())) complaints.push(message.text());
  });
  const opened = { page, context, origin: originOf(cluster), account, complaints };
  await beginSession(cluster, opened, { account, input, at });
  return opened;
}

/**
 * The same page with a session of another account, that of its last one forgotten: a new browser context costs as much
 * as ten pages.
 */
export async function reuseKeyPage(
  cluster: GatewayCluster,
  opened: OpenKeyPage,
  options: SessionOptions = {},
): Promise<OpenKeyPage & { owner: Account }> {
  const { account = newAccount(), input = {}, at = LIST } = options;
  await opened.context.clearCookies();
  await beginSession(cluster, opened, { account, input, at });
  return { ...opened, account, owner: new Account(cluster, account) };
}

/** A page with JavaScript and one without it for all tests of a file, each test with a session of its own account. */
export class ReusedKeyPages {
  readonly #pages = new Map<boolean, OpenKeyPage>();

  async open(
    cluster: GatewayCluster,
    browser: Browser,
    options: SessionOptions & { javaScriptEnabled?: boolean } = {},
  ) {
    const { javaScriptEnabled = true } = options;
    const used = this.#pages.get(javaScriptEnabled);
    if (used) return await reuseKeyPage(cluster, used, options);
    const opened = await openKeyPage(cluster, browser, options);
    this.#pages.set(javaScriptEnabled, opened);
    return { ...opened, owner: new Account(cluster, opened.account) };
  }
}

async function beginSession(
  cluster: GatewayCluster,
  { page, context, origin }: OpenKeyPage,
  { account, input, at }: Required<SessionOptions>,
): Promise<void> {
  const cookie = cookieOf(await enter(cluster, await linkTo(cluster, account, input)));
  const [name = "", value = ""] = cookie.split("=");
  await context.addCookies([{ name, value, url: origin, httpOnly: true, sameSite: "Lax" }]);
  await page.goto(`${origin}/portal${at}`);
}

/** Opens a link and begins its session. */
export async function enterKeyPage(page: Page, link: string): Promise<void> {
  await page.goto(link);
  await page.getByRole("button", { name: "Open API keys" }).click();
  await page.waitForURL(/\/portal\/keys/);
}

/** Fills in the form of a new key: a name, and full access. */
export async function fillNewKey(page: Page, name: string): Promise<void> {
  await page.getByLabel("Name").fill(name);
  await page.getByRole("radio", { name: "Full access" }).check();
}

/** Creates a key on the page and returns its secret. The page that shows it stays open. */
export async function createKeyOnPage(page: Page, name: string): Promise<string> {
  await page.goto(new URL(`/portal${NEW_KEY_PAGE}`, page.url()).href);
  return await submitNewKey(page, name);
}

/** The same from the form, which is open and new. */
export async function submitNewKey(page: Page, name: string): Promise<string> {
  await fillNewKey(page, name);
  await page.getByRole("button", { name: "Create key" }).click();
  return await page.getByLabel("Your new API key").inputValue();
}

/** The fields of a new key's form, in order, as a browser sends them. */
export function newKeyForm(changes: Readonly<Record<string, string>> = {}): Record<string, string> {
  return {
    form_id: crypto.randomUUID(),
    form_made_at: String(Date.now()),
    name: "A key",
    mode: "test",
    access: "selected",
    permissions: "posts:read",
    expires: "30",
    expires_on: "",
    ...changes,
  };
}

/** Ends every session of the account, as the passing of time does. */
export async function expireSessions(cluster: GatewayCluster, account: string): Promise<void> {
  await cluster.network.ledgerRows(account, "UPDATE portal_tokens SET ends_at = 1 WHERE kind = 'session'");
}

/** The markup of the page and the values of its fields. */
export async function contentOf(page: Page): Promise<string> {
  const fields = await page
    .locator("input, textarea")
    .evaluateAll((found) => found.map((field) => (field as HTMLInputElement).value).join("\n"));
  return `${await page.content()}\n${fields}`;
}

export async function headingOf(page: Page): Promise<string | null> {
  return await page.getByRole("heading", { level: 1 }).first().textContent();
}

/** A GET request to the key page, or a POST request with a form. */
export function requestPage(
  cluster: GatewayCluster,
  target: string,
  headers: readonly Header[] = [],
  form?: Record<string, string> | URLSearchParams,
): Promise<RawResponse> {
  return rawRequest(cluster.gateway(0), {
    method: form ? "POST" : "GET",
    target,
    headers: [
      ...headers,
      ...(form ? ([["Content-Type", "application/x-www-form-urlencoded"]] as const) : []),
    ],
    ...(form && { body: Buffer.from(new URLSearchParams(form).toString()) }),
  });
}

export function pathOf(link: string): string {
  return new URL(link).pathname;
}

/** The response's cookie as `name=value`. */
export function cookieOf(response: RawResponse): string {
  return /^[^;]+/.exec(response.header("Set-Cookie") ?? "")?.[0] ?? "";
}

/** The hidden fields of a page's forms. */
export function hiddenFields(page: RawResponse): Record<string, string> {
  const fields = page.body.toString().matchAll(/<input type="hidden" name="([^"]+)" value="([^"]*)"/g);
  return Object.fromEntries([...fields].map(([, name, value]) => [name, value]));
}

/** Opens a link and presses its button over raw HTTP: the redirect that sets the cookie, or a refusal. */
export async function enter(
  cluster: GatewayCluster,
  link: string,
  headers: readonly Header[] = [],
): Promise<RawResponse> {
  const page = await requestPage(cluster, pathOf(link), headers);
  if (page.status !== 200) return page;
  return await requestPage(cluster, pathOf(link), headers, hiddenFields(page));
}

/** A session without a browser: its cookie, the CSRF token of its forms, and `submit`, which sends a form of it. */
export async function signIn(cluster: GatewayCluster, account = newAccount(), input: object = {}) {
  const cookie: Header = ["Cookie", cookieOf(await enter(cluster, await linkTo(cluster, account, input)))];
  const page = (await requestPage(cluster, "/portal/keys/new", [cookie])).body.toString();
  const token = /name="form_token" value="([^"]+)"/.exec(page)?.[1] ?? "no token";
  const origin: Header = ["Origin", originOf(cluster)];
  const submit = (path: string, fields: Readonly<Record<string, string>> = {}) =>
    requestPage(cluster, `/portal${path}`, [cookie, origin], { form_token: token, ...fields });
  return { account, owner: new Account(cluster, account), cookie, token, origin, submit };
}
