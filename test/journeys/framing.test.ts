/**
 * Requests with ambiguous framing.
 *
 * Promise: framing that can be read in two ways reaches the origin as one request or none, so nothing can be smuggled in
 * a body; several requests on one connection stay separate.
 */

import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { IssuedKey } from "../support/control-client.ts";
import type { GatewayCluster } from "../support/gateway-cluster.ts";
import { RawConnection } from "../support/raw-http.ts";
import { sharedCluster, TWO_GATEWAYS } from "../support/shared.ts";
import { eventually } from "../support/time-limits.ts";

let cluster: GatewayCluster;
let key: IssuedKey;
let connection: RawConnection;

beforeAll(async () => {
  cluster = await sharedCluster(TWO_GATEWAYS);
  key = await cluster.createKey();
});
beforeEach(async () => {
  cluster.live.clear();
  connection = await RawConnection.open(cluster.gateway(0));
  return () => connection.close();
});

function authorization(): string {
  return `Host: x\r\nAuthorization: Bearer ${key.secret}\r\n`;
}

/** The status of every response received so far. */
function statuses(): number[] {
  return [...connection.early.toString("latin1").matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, status]) =>
    Number(status),
  );
}

describe("a request with ambiguous framing", () => {
  const smuggled = "GET /v1/accounts HTTP/1.1\r\nHost: x\r\n\r\n";
  test.each([
    ["a length and chunks", `Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${smuggled}`],
    ["chunks and a length", `Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n${smuggled}`],
    ["two lengths", `Content-Length: 0\r\nContent-Length: ${smuggled.length}\r\n\r\n${smuggled}`],
    ["a list of lengths", `Content-Length: 0, 0\r\n\r\n${smuggled}`],
    ["a signed length", `Content-Length: +0\r\n\r\n${smuggled}`],
    ["a hexadecimal length", `Content-Length: 0x0\r\n\r\n${smuggled}`],
    ["an unknown coding", `Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n${smuggled}`],
    ["two codings", `Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n${smuggled}`],
    ["a space before the colon", `Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n${smuggled}`],
    ["an invalid chunk size", `Transfer-Encoding: chunked\r\n\r\nzz\r\n\r\n0\r\n\r\n${smuggled}`],
  ])("(%s) reaches the origin at most once, and closes the connection", async (_, rest) => {
    await connection.write(`POST /v1/posts HTTP/1.1\r\n${authorization()}${rest}`);
    await eventually("the end of the connection", () => !connection.open);
    expect(statuses()).toHaveLength(1);
    expect(cluster.live.requests.map(({ target }) => target)).not.toContain("/v1/accounts");
    expect(cluster.live.requests.length).toBeLessThanOrEqual(1);
  });
});

test("chunk extensions and trailers do not reach the origin", async () => {
  const body = "3;name=value\r\nabc\r\n0\r\nX-Octopost-Key-Id: forged\r\n\r\n";
  const head = `POST /v1/posts HTTP/1.1\r\n${authorization()}Transfer-Encoding: chunked\r\n\r\n`;
  const exchange = connection.sendBytes(head + body, "POST");
  expect((await exchange.response()).status).toBe(200);
  const [request] = cluster.live.requests;
  expect(request?.body?.toString()).toBe("abc");
  expect(request?.header("X-Octopost-Key-Id")).toBe(key.id);
});

describe("several requests on one connection", () => {
  const get = (target: string, headers: string) => `GET ${target} HTTP/1.1\r\n${headers}\r\n`;

  test("are answered separately, in order", async () => {
    await connection.write(
      ["/v1/posts", "/v1/accounts", "/v1/presets"].map((one) => get(one, authorization())).join(""),
    );
    await eventually("three answers", () => statuses().length === 3);
    expect(statuses()).toEqual([200, 200, 200]);
    expect(cluster.live.requests.map(({ target }) => target)).toEqual([
      "/v1/posts",
      "/v1/accounts",
      "/v1/presets",
    ]);
  });

  test("need a key each: none is taken from the previous request", async () => {
    await connection.write(get("/v1/posts", authorization()) + get("/v1/accounts", "Host: x\r\n"));
    await eventually("two answers", () => statuses().length === 2);
    expect(statuses()).toEqual([200, 401]);
    expect(cluster.live.requests.map(({ target }) => target)).toEqual(["/v1/posts"]);
  });
});
