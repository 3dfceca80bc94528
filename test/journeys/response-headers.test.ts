/**
 * The origin's response headers at the client.
 *
 * Promise: no hop-by-hop header, no link to the origin's own address, no permission for a cache to store a private
 * response; everything else unchanged. Redirects are returned, not followed, and an origin's 401 becomes a 502.
 */

import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { IssuedKey } from "../support/control-client.ts";
import type { GatewayCluster } from "../support/gateway-cluster.ts";
import { redirect, reply, trickle } from "../support/origin-behaviours.ts";
import { type Header, type RawResponse, rawRequest } from "../support/raw-http.ts";
import { sharedCluster } from "../support/shared.ts";
import { HOST, PUBLIC_GATEWAY } from "./header-client.ts";

let cluster: GatewayCluster;
let key: IssuedKey;

beforeAll(async () => {
  cluster = await sharedCluster(PUBLIC_GATEWAY);
  key = await cluster.createKey();
});
beforeEach(() => cluster.live.clear());

function send(method = "GET", headers: readonly Header[] = []): Promise<RawResponse> {
  const all: Header[] = [["Host", HOST], ["Authorization", `Bearer ${key.secret}`], ...headers];
  return rawRequest(cluster.gateway(0), { method, target: "/v1/posts", headers: all });
}

/** The client's response when the origin sends these headers. */
async function answeredWith(headers: readonly Header[], status = 200): Promise<RawResponse> {
  cluster.live.respond = reply(status, headers, "body");
  const response = await send();
  expect(response.status).toBe(status);
  return response;
}

function names({ headers }: RawResponse): string[] {
  return headers.map(([name]) => name.toLowerCase());
}

describe("hop-by-hop headers", () => {
  test.each([
    ["Keep-Alive", "timeout=5"],
    ["Proxy-Authenticate", "Basic"],
    ["Proxy-Authorization", "Basic eA=="],
    ["Proxy-Connection", "keep-alive"],
    ["TE", "trailers"],
    ["Trailer", "X-Checksum"],
    ["Upgrade", "h2c"],
  ])("%s is removed", async (name, value) => {
    // Chunked, because Node announces trailers only then.
    cluster.live.respond = trickle(["body"], 0, { headers: [[name, value]] });
    const response = await send();
    expect([response.status, response.body.toString()]).toEqual([200, "body"]);
    expect(names(response)).not.toContain(name.toLowerCase());
  });

  test("headers named in Connection, and Connection itself, are removed", async () => {
    const response = await answeredWith([
      ["Connection", "X-Internal, keep-alive, x-other"],
      ["X-Internal", "1"],
      ["X-Other", "2"],
      ["X-Kept", "3"],
    ]);
    expect(names(response)).not.toContain("connection");
    expect(names(response)).not.toContain("x-internal");
    expect(names(response)).not.toContain("x-other");
    expect(response.header("X-Kept")).toBe("3");
  });

  test("Connection cannot remove headers of the gateway", async () => {
    const response = await answeredWith([["Connection", "X-Request-Id, Cache-Control"]]);
    expect(response.header("X-Request-Id")).toBe(cluster.live.requests[0]?.header("X-Request-Id"));
    expect(response.header("Cache-Control")).toBe("private, no-store");
  });
});

describe("all other headers", () => {
  test("pass unchanged", async () => {
    const sent: Header[] = [
      ["Content-Type", "application/json; charset=utf-8"],
      ["Content-Language", "de"],
      ["Content-Disposition", 'attachment; filename="a.json"'],
      ["ETag", 'W/"abc"'],
      ["Last-Modified", "Sat, 29 Oct 1994 19:43:31 GMT"],
      ["Link", '</v1/posts?page=2>; rel="next"'],
      ["Vary", "Accept, Accept-Language"],
      ["Retry-After", "120"],
      ["Server-Timing", "db;dur=53"],
      ["X-Anything", "a  b"],
    ];
    const response = await answeredWith(sent);
    for (const [name, value] of sent) expect(response.header(name), name).toBe(value);
  });

  test("several Set-Cookie stay separate and in order", async () => {
    const cookies = ["a=1; Path=/; HttpOnly", "b=2; Expires=Wed, 09 Jun 2027 10:18:14 GMT", "a=3"];
    const response = await answeredWith(cookies.map((cookie) => ["Set-Cookie", cookie]));
    const got = response.headers.filter(([name]) => name.toLowerCase() === "set-cookie");
    expect(got.map(([, value]) => value)).toEqual(cookies);
  });

  test("X-Request-Id is the gateway's, even if the origin sends one", async () => {
    const response = await answeredWith([["X-Request-Id", "the-origin's"]]);
    expect(response.header("X-Request-Id")).toBe(cluster.live.requests[0]?.header("X-Request-Id"));
    expect(names(response).filter((name) => name === "x-request-id")).toHaveLength(1);
  });
});

describe("Location", () => {
  const at = (path: string) => () => `${cluster.live.url}${path}`;
  test.each<[string, () => string, string]>([
    ["on the origin's host", at("/v1/posts/post_1"), `https://${HOST}/v1/posts/post_1`],
    ["with query and fragment", at("/v1/posts?a=b&c=%2f#d"), `https://${HOST}/v1/posts?a=b&c=%2f#d`],
    ["without a path", at(""), `https://${HOST}/`],
    ["with an encoded path", at("/a%2fb//c;d"), `https://${HOST}/a%2fb//c;d`],
    ["protocol-relative, on the origin's host", () => at("/x")().replace("http:", ""), `https://${HOST}/x`],
    ["with a scheme in capitals", () => at("/x")().replace("http", "HTTP"), `https://${HOST}/x`],
  ])("%s is rewritten to the public host", async (_, location, expected) => {
    expect((await answeredWith([["Location", location()]], 201)).header("Location")).toBe(expected);
  });

  test.each<[string, () => string]>([
    ["relative to the host", () => "/v1/posts/post_1?a=b#c"],
    ["relative to the path", () => "post_1"],
    ["only a query", () => "?page=2"],
    ["on another host", () => "https://octopost.ink/login?next=%2F"],
    ["on another port of the origin's host", () => "http://127.0.0.1:9/x"],
    ["protocol-relative, on another host", () => "//octopost.ink/x"],
    ["on a host with the origin's as prefix", () => `${cluster.live.url}.example/x`],
    ["on another host, with the origin in the query", () => `https://octopost.ink/?to=${cluster.live.url}/x`],
    ["with another scheme", () => "mailto:help@octopost.ink"],
    ["that is not a URL", () => "http://[oops"],
  ])("%s passes unchanged", async (_, location) => {
    expect((await answeredWith([["Location", location()]], 201)).header("Location")).toBe(location());
  });

  test.each([301, 302, 303, 307, 308])("a redirect (%i) is not followed", async (status) => {
    cluster.live.respond = redirect(`${cluster.live.url}/v1/accounts`, status);
    const response = await send();
    expect(response.status).toBe(status);
    expect(response.header("Location")).toBe(`https://${HOST}/v1/accounts`);
    expect(cluster.live.requests.map(({ target }) => target)).toEqual(["/v1/posts"]);
  });
});

describe("Cache-Control", () => {
  test.each([
    ["private", "private"],
    ["private, max-age=60", "private, max-age=60"],
    ["no-store", "no-store"],
    ["No-Store, must-revalidate", "No-Store, must-revalidate"],
    ["max-age=0,PRIVATE", "max-age=0,PRIVATE"],
    [undefined, "private, no-store"],
    ["public, max-age=3600", "private, no-store"],
    ["no-cache", "private, no-store"],
    ["s-maxage=60, stale-while-revalidate=30", "private, no-store"],
    ["max-age=60, not-private", "private, no-store"],
    ['public, ext="no-store"', "private, no-store"],
  ])("%s from the origin becomes %s", async (sent, expected) => {
    const response = await answeredWith(sent === undefined ? [] : [["Cache-Control", sent]]);
    expect(response.header("Cache-Control")).toBe(expected);
    expect(names(response).filter((name) => name === "cache-control")).toHaveLength(1);
  });
});

describe("an origin that refuses", () => {
  test("with 401 becomes 502, without the origin's headers or body", async () => {
    const headers: Header[] = [
      ["WWW-Authenticate", 'Basic realm="internal"'],
      ["Set-Cookie", "internal=1"],
    ];
    cluster.live.respond = reply(401, headers, "who are you?");
    const response = await send();
    expect(response.status).toBe(502);
    expect(response.body.toString()).toBe('{"error":"Bad gateway","code":"bad_gateway"}');
    expect(names(response)).not.toContain("www-authenticate");
    expect(names(response)).not.toContain("set-cookie");
    expect(cluster.live.requests).toHaveLength(1);
  });

  test.each([400, 403, 404, 409, 422, 429])("with %i passes unchanged", async (status) => {
    expect((await answeredWith([["Retry-After", "7"]], status)).body.toString()).toBe("body");
  });
});

describe("a CORS preflight", () => {
  const preflight: Header[] = [
    ["Origin", "https://somewhere.example"],
    ["Access-Control-Request-Method", "POST"],
    ["Access-Control-Request-Headers", "authorization"],
  ];

  test("without a key gets 401", async () => {
    const request = { method: "OPTIONS", target: "/v1/posts", headers: preflight };
    expect((await rawRequest(cluster.gateway(0), request)).status).toBe(401);
    expect(cluster.live.requests).toEqual([]);
  });

  test("with a key matches no row: 400 with Allow, and no CORS headers", async () => {
    const response = await send("OPTIONS", preflight);
    expect(response.status).toBe(400);
    expect(response.header("Allow")).toBe("GET, HEAD, POST");
    expect(names(response).filter((name) => name.startsWith("access-control-"))).toEqual([]);
    expect(cluster.live.requests).toEqual([]);
  });
});
