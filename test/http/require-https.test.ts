/**
 * Plain HTTP with a public host: links, cookies and control tokens are refused or redirected to HTTPS. Over HTTPS the
 * answers carry HSTS. On loopback, plain HTTP works.
 */

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { cookieOf, linkTo, newAccount, pathOf, SETTINGS } from "../portal/key-page.ts";
import { type GatewayCluster, startCluster } from "../support/gateway-cluster.ts";
import { HTTPS_FRONT, httpsFront } from "../support/https-front.ts";
import { logLineOf } from "../support/log-lines.ts";
import { type Address, type Header, rawRequest } from "../support/raw-http.ts";

const HOST = "api.octopost.ink";

let cluster: GatewayCluster;
let front: Address;
beforeAll(async () => {
  cluster = await startCluster({ settings: SETTINGS, extraWorkers: [HTTPS_FRONT] });
  front = await httpsFront(cluster);
});
afterAll(() => cluster.close());

const host = (name: string): Header => ["Host", name];

function send(to: Address, method: string, target: string, headers: Header[], body?: string) {
  const form: Header[] = body === undefined ? [] : [["Content-Type", "application/x-www-form-urlencoded"]];
  return rawRequest(to, {
    method,
    target,
    headers: [...headers, ...form],
    ...(body !== undefined && { body: Buffer.from(body) }),
  });
}

describe("over plain HTTP", () => {
  test.each([
    HOST,
    `${HOST}:8080`,
    "192.168.1.20",
    "localhost.example.com",
    "127.0.0.1.example.com",
    "[::2]",
  ])("a control token sent to %s is refused, and nothing is done", async (name) => {
    const account = newAccount();
    const { status, json, headers } = await cluster.control(
      "POST",
      `/accounts/${account}/keys`,
      { name: "Plain", mode: "test" },
      { headers: [host(name)] },
    );
    expect([status, json.code, json.error]).toEqual([400, "bad_request", "This endpoint requires HTTPS"]);
    // RFC 6797 §7.2: never over plain HTTP.
    expect(headers.map(([header]) => header.toLowerCase())).not.toContain("strict-transport-security");
    expect((await cluster.control("GET", `/accounts/${account}/keys`)).status).toBe(404);
  });

  test("a wrong token and a right one get the same answer, and one log line", async () => {
    const answers = await Promise.all(
      [undefined, "x".repeat(40), null].map((token) =>
        cluster.control("GET", "/accounts/a/keys", undefined, {
          headers: [host(HOST)],
          ...(token !== undefined && { token }),
        }),
      ),
    );
    expect(new Set(answers.map(({ response }) => response.body.toString())).size).toBe(1);
    const [first] = answers;
    if (first) expect((await logLineOf(cluster, first.response)).reason).toBe("https_required");
  });

  test("revoking by possession is refused before the key is read", async () => {
    const { secret } = await cluster.createKey({ account: newAccount() });
    const headers = [host(HOST)];
    const { status } = await cluster.control("POST", "/revoke", { secret }, { token: null, headers });
    expect(status).toBe(400);
    const response = await rawRequest(cluster.gateway(0), {
      method: "GET",
      target: "/v1/posts",
      headers: [["Authorization", `Bearer ${secret}`]],
    });
    expect(response.status).toBe(200);
  });

  test("a link is redirected to HTTPS without being used up", async () => {
    const path = pathOf(await linkTo(cluster, newAccount()));
    await cluster.network.resetCounts();
    const response = await send(cluster.gateway(0), "GET", path, [host(HOST)]);
    expect([response.status, response.header("Location")]).toEqual([308, `https://${HOST}${path}`]);
    expect(response.header("Set-Cookie")).toBeUndefined();
    expect((await cluster.network.counts()).ledgerCalls).toEqual({});
    expect((await send(front, "GET", path, [host(HOST)])).status).toBeLessThan(400);
  });

  test("a cookie opens nothing, and a form is refused", async () => {
    const path = pathOf(await linkTo(cluster, newAccount()));
    const cookie = cookieOf(await send(front, "POST", path, [host(HOST)], ""));
    const plain: Header[] = [host(HOST), ["Cookie", cookie]];
    const page = await send(cluster.gateway(0), "GET", "/portal/keys?state=all", plain);
    expect([page.status, page.header("Location")]).toEqual([308, `https://${HOST}/portal/keys?state=all`]);
    const form = await send(cluster.gateway(0), "POST", "/portal/sign-out", plain, "form_token=x");
    expect(form.status).toBe(400);
    expect(form.body.toString()).toContain("requires HTTPS");
    const secure = await send(front, "GET", "/portal/keys", plain);
    expect(secure.status).toBe(200);
  });

  test("no header makes a request secure", async () => {
    for (const header of [
      ["X-Forwarded-Proto", "https"],
      ["Forwarded", "proto=https"],
      ["CF-Visitor", '{"scheme":"https"}'],
      ["X-Forwarded-Host", "localhost"],
      ["Front-End-Https", "on"],
    ] as Header[]) {
      const headers = [host(HOST), header];
      const { status } = await cluster.control("GET", "/accounts/a/keys", undefined, { headers });
      expect(status, header[0]).toBe(400);
    }
  });

  test.each(["127.0.0.1", "127.1.2.3:8787", "localhost", "localhost:8787", "[::1]:8787"])(
    "%s is this machine and works, without HSTS",
    async (name) => {
      const { status, headers } = await cluster.control(
        "POST",
        `/accounts/${newAccount()}/portal-sessions`,
        {},
        { headers: [host(name)] },
      );
      expect(status).toBe(200);
      expect(headers.map(([header]) => header.toLowerCase())).not.toContain("strict-transport-security");
    },
  );
});

describe("over HTTPS", () => {
  test("every answer of the control plane and the key page carries HSTS", async () => {
    const link = pathOf(await linkTo(cluster, newAccount()));
    const token: Header = ["Authorization", `Bearer ${cluster.settings.CONTROL_TOKEN}`];
    for (const [target, headers] of [
      ["/control/v1/health", [token]],
      ["/control/v1/health", []],
      ["/control/v1/nothing", [token]],
      ["/control/v1/openapi.json", []],
      [link, []],
      ["/portal/keys", []],
      ["/portal/nothing", []],
    ] as [string, Header[]][]) {
      const response = await send(front, "GET", target, [host(HOST), ...headers]);
      expect(response.header("Strict-Transport-Security"), target).toBe("max-age=31536000");
    }
  });
});
