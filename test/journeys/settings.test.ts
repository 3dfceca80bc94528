/**
 * Validation of settings, and the host of the control plane.
 *
 * Promise: with one setting missing or invalid every request gets 500, and the log names the setting, never its value
 * (test/settings.test.ts covers each setting); with CONTROL_HOST, the control plane is served on that host only.
 */

import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type GatewayCluster, startCluster } from "../support/gateway-cluster.ts";
import { HTTPS_FRONT, httpsFront } from "../support/https-front.ts";
import { logLineOf, requestIdOf } from "../support/log-lines.ts";
import { type Address, type Header, type RawResponse, rawRequest } from "../support/raw-http.ts";

const INTERNAL_ERROR = '{"error":"Internal error","code":"internal_error"}';

const INVALID: readonly (readonly [name: string, what: string, value: string | undefined])[] = [
  ["LIVE_ORIGIN", "is missing", undefined],
  ["LEASE_MS", "is no number", "one second"],
  ["FORWARD_HEADERS", "would let an identity header through", "X-Team x_octopost_key_id"],
  ["CONTROL_HOST", "is a URL", "https://control.example"],
  ["PORTAL_RETURN_HOSTS", "is a URL", "https://dashboard.example"],
  ["KEY_PEPPER", "is missing", undefined],
  ["ASSERTION_KEY", "is no key", "not-a-jwk-but-secret"],
];
const ONE_ORIGIN = "https://one.example";
/** Gateways of one cluster: the first is valid, then one for each invalid setting, then these two. */
const SAME_ORIGINS = INVALID.length + 1;
const NO_SANDBOX = INVALID.length + 2;

let shared: GatewayCluster;
beforeAll(async () => {
  shared = await startCluster({
    gateways: INVALID.length + 3,
    gatewaySettings: [
      {},
      ...INVALID.map(([name, , value]) => ({ [name]: value })),
      { LIVE_ORIGIN: ONE_ORIGIN, SANDBOX_ORIGIN: `${ONE_ORIGIN}/` },
      { SANDBOX_ORIGIN: "" },
    ],
  });
});
afterAll(() => shared.close());

describe("nothing is served when", () => {
  test.each(INVALID)("%s %s", async (name, _, value) => {
    const gateway = 1 + INVALID.findIndex(([other]) => other === name);
    for (const target of [
      "/v1/posts",
      "/control/v1/accounts/acct/keys",
      "/portal/keys",
      "/healthz",
      "/",
      "/v1/%00",
    ]) {
      const headers: Header[] = [["Authorization", "Bearer x"]];
      const response = await rawRequest(shared.gateway(gateway), { method: "GET", target, headers });
      expect([response.status, response.body.toString()], target).toEqual([500, INTERNAL_ERROR]);
      expect(response.header("Cache-Control")).toBe("no-store");
      expect(await logLineOf(shared, response)).toEqual({
        event: "invalid_setting",
        request_id: requestIdOf(response),
        setting: name,
      });
      if (value !== undefined) expect(`${shared.logs.join("\n")}${response.body}`).not.toContain(value);
    }
    expect([...shared.live.requests, ...shared.sandbox.requests]).toEqual([]);
  });
});

test("the same origin for both modes is refused: a test key must never reach live data", async () => {
  const response = await rawRequest(shared.gateway(SAME_ORIGINS), { method: "GET", target: "/v1/posts" });
  expect([response.status, response.body.toString()]).toEqual([500, INTERNAL_ERROR]);
});

describe("without a SANDBOX_ORIGIN", () => {
  test("a test key is refused, and a live key is accepted", async () => {
    const [live, testKey] = [await shared.createKey(), await shared.createKey({ mode: "test" })];
    const use = (secret: string) =>
      rawRequest(shared.gateway(NO_SANDBOX), {
        method: "GET",
        target: "/v1/posts",
        headers: [["Authorization", `Bearer ${secret}`]],
      });
    expect((await use(testKey.secret)).status).toBe(401);
    expect(shared.live.requests).toEqual([]);
    expect((await use(live.secret)).status).toBe(200);
  });
});

describe("with a CONTROL_HOST", () => {
  const CONTROL_HOST = "keys.octopost.ink";
  const API_HOST = "api.octopost.ink";
  const PUBLIC_ORIGIN = "https://api.octopost.ink";
  let cluster: GatewayCluster;
  /** The control plane and the key page require HTTPS on these hosts. */
  let front: Address;
  let secret: string;

  beforeAll(async () => {
    cluster = await startCluster({
      settings: { CONTROL_HOST, PUBLIC_ORIGIN },
      extraWorkers: [HTTPS_FRONT],
    });
    front = await httpsFront(cluster);
    const created = await cluster.control(
      "POST",
      "/accounts/acct/keys",
      { name: "a key", mode: "live" },
      { to: front, headers: [["Host", CONTROL_HOST]] },
    );
    secret = created.json.secret;
  });
  afterAll(() => cluster.close());
  beforeEach(() => cluster.live.clear());

  function list(host: string, headers: readonly Header[] = [], target?: string): Promise<RawResponse> {
    const path = target ?? "/control/v1/accounts/acct/keys";
    const token: Header = ["Authorization", `Bearer ${cluster.settings.CONTROL_TOKEN}`];
    return rawRequest(front, { method: "GET", target: path, headers: [["Host", host], token, ...headers] });
  }

  function use(host: string, target = "/v1/posts"): Promise<RawResponse> {
    const headers: Header[] = [
      ["Host", host],
      ["Authorization", `Bearer ${secret}`],
    ];
    return rawRequest(front, { method: "GET", target, headers });
  }

  test.each([CONTROL_HOST, CONTROL_HOST.toUpperCase(), `${CONTROL_HOST}:443`])(
    "%s serves the control plane and forwards nothing",
    async (host) => {
      expect((await list(host)).status).toBe(200);
      expect((await use(host)).status).toBe(404);
      expect((await use(host, "/v1/nothing")).status).toBe(404);
      expect(cluster.live.requests).toEqual([]);
    },
  );

  test.each([
    `${CONTROL_HOST}:8443`,
    `${CONTROL_HOST}:80`,
    `${CONTROL_HOST}.`,
    `${CONTROL_HOST.toUpperCase()}.`,
    `${CONTROL_HOST}.:8443`,
  ])("%s serves neither the API nor the control plane", async (host) => {
    expect((await list(host)).status).toBe(404);
    expect((await use(host)).status).toBe(404);
    expect(cluster.live.requests).toEqual([]);
  });

  test.each([API_HOST, "127.0.0.1", `${CONTROL_HOST}.example`, `x.${CONTROL_HOST}`, `${API_HOST}.`])(
    "%s forwards and does not serve the control plane, whatever the token",
    async (host) => {
      const response = await list(host);
      expect([response.status, JSON.parse(response.body.toString()).code]).toEqual([404, "not_found"]);
      expect((await use(host)).status).toBe(200);
    },
  );

  test("the key page is on that host only, links to it name it, and its curl line names the API host", async () => {
    const { json } = await cluster.control("POST", "/accounts/acct/portal-sessions", undefined, {
      to: front,
      headers: [["Host", CONTROL_HOST]],
    });
    const link = new URL(json.url);
    expect(link.host).toBe(CONTROL_HOST);
    const get = (host: string, target: string, cookie = "") =>
      rawRequest(front, {
        method: "GET",
        target,
        headers: [
          ["Host", host],
          ["Cookie", cookie],
        ],
      });
    expect((await get(API_HOST, link.pathname)).status).toBe(404);
    const entered = await rawRequest(front, {
      method: "POST",
      target: link.pathname,
      headers: [
        ["Host", CONTROL_HOST],
        ["Content-Type", "application/x-www-form-urlencoded"],
      ],
    });
    expect(entered.status).toBe(303);
    const cookie = /^[^;]+/.exec(entered.header("Set-Cookie") ?? "")?.[0] ?? "";
    const form = (await get(CONTROL_HOST, "/portal/keys/new", cookie)).body.toString();
    const created = await rawRequest(front, {
      method: "POST",
      target: "/portal/keys/new",
      headers: [
        ["Host", CONTROL_HOST],
        ["Cookie", cookie],
        ["Content-Type", "application/x-www-form-urlencoded"],
      ],
      body: Buffer.from(
        new URLSearchParams({
          form_token: /name="form_token" value="([^"]+)"/.exec(form)?.[1] ?? "",
          form_id: "1",
          name: "a key",
          mode: "test",
          access: "full",
          expires: "never",
        }).toString(),
      ),
    });
    const shown = (await get(CONTROL_HOST, created.header("Location") ?? "", cookie)).body.toString();
    expect(shown).toContain(`curl ${PUBLIC_ORIGIN}/v1/posts`);
    expect((await get(API_HOST, "/portal/keys", cookie)).status).toBe(404);
  });

  test("no other header and no absolute form changes the host", async () => {
    const forged: Header[] = [
      ["X-Forwarded-Host", CONTROL_HOST],
      ["X-Host", CONTROL_HOST],
      ["Forwarded", `host=${CONTROL_HOST}`],
    ];
    expect((await list(API_HOST, forged)).status).toBe(404);
    expect((await list(API_HOST, [], `http://${CONTROL_HOST}/control/v1/accounts/acct/keys`)).status).toBe(
      404,
    );
    expect((await use(CONTROL_HOST, `http://${API_HOST}/v1/posts`)).status).toBe(404);
    expect(cluster.live.requests).toEqual([]);
  });

  test.each([
    "//control/v1/accounts/acct/keys",
    "/control/v1/../v1/accounts/acct/keys",
    "/%63ontrol/v1/accounts/acct/keys",
    "/Control/v1/accounts/acct/keys",
    "/v1/../control/v1/accounts/acct/keys",
  ])("%s is not served on the API host", async (target) => {
    expect((await list(API_HOST, [], target)).status).toBe(404);
  });
});
