/**
 * The bytes of header values, both ways.
 *
 * The promise: a value is opaque bytes (RFC 9110 §5.5). What is not UTF-8 passes as it is, whether another header of the
 * same message is replaced or not, and a validator that an origin has given comes back to it unchanged.
 */
import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { IssuedKey } from "../support/control-client.ts";
import type { GatewayCluster } from "../support/gateway-cluster.ts";
import { type Header, type RawResponse, rawRequest } from "../support/raw-http.ts";
import type { Respond } from "../support/recording-origin.ts";
import { sharedCluster } from "../support/shared.ts";
import { HOST, PUBLIC_GATEWAY } from "./header-client.ts";

const PUBLIC_ORIGIN = `https://${HOST}`;
const SMALL = "Content-Length: 4\r\n\r\nbody";
const LARGE = `Content-Length: 100000\r\n\r\n${"x".repeat(100_000)}`;
const CHUNKED = "Transfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n";

let cluster: GatewayCluster;
let key: IssuedKey;

beforeAll(async () => {
  cluster = await sharedCluster(PUBLIC_GATEWAY);
  key = await cluster.createKey();
});
beforeEach(() => cluster.live.clear());

/** Written by hand, since Node has its own view of what a header's bytes are. */
function answer(status: number, headers: readonly Header[], rest = SMALL): Respond {
  const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`).join("");
  return (_request, { socket }) =>
    void socket?.end(Buffer.from(`HTTP/1.1 ${status} OK\r\n${lines}${rest}`, "latin1"));
}

function send(headers: readonly Header[] = []): Promise<RawResponse> {
  const all: Header[] = [["Authorization", `Bearer ${key.secret}`], ...headers];
  return rawRequest(cluster.gateway(0), { method: "GET", target: "/v1/posts", headers: all });
}

function valuesOf({ headers }: RawResponse, name: string): string[] {
  return headers.filter(([other]) => other.toLowerCase() === name.toLowerCase()).map(([, value]) => value);
}

const LATIN_1: readonly Header[] = [
  ["Content-Disposition", 'attachment; filename="r\xe9sum\xe9.pdf"'],
  ["ETag", '"r\xe9sum\xe9"'],
  ["X-Any", "\x80\xa0\xff"],
  ["Content-Type", 'text/plain; note="\xe9"'],
  ["Content-Language", "\xe9"],
  ["Vary", "X-\xe9"],
  ["Link", '</x>; rel=next; title="\xe9"'],
  ["Location", "/v1/posts/r\xe9sum\xe9"],
  ["Refresh", "5; url=/\xe9"],
  ["X-Utf-8", "gr\xc3\xbc\xc3\x9fe \xe2\x9c\x93"],
  ["X-Broken-Utf-8", "\xc3(\xf0\x9f"],
  ["Cache-Control", 'private="\xe9", no-store'],
];

describe("of a response", () => {
  test.each(LATIN_1)("%s passes unchanged: %j", async (name, value) => {
    cluster.live.respond = answer(200, [[name, value]]);
    expect(valuesOf(await send(), name)).toEqual([value]);
  });

  test("pass unchanged in each of several cookies", async () => {
    const cookies = ["a=\xe9; Path=/", "b=2", "c=\xff"];
    cluster.live.respond = answer(
      200,
      cookies.map((cookie) => ["Set-Cookie", cookie]),
    );
    expect(valuesOf(await send(), "Set-Cookie")).toEqual(cookies);
  });

  test("pass unchanged beside a header that is replaced, on a streamed body and on a status without one", async () => {
    const headers: Header[] = [...LATIN_1.slice(0, 3), ["Content-Location", `${cluster.live.url}/v1/posts`]];
    for (const respond of [
      answer(200, headers),
      answer(200, headers, LARGE),
      answer(200, headers, CHUNKED),
      answer(304, headers, "\r\n"),
    ]) {
      cluster.live.respond = respond;
      const response = await send();
      for (const [name, value] of LATIN_1.slice(0, 3)) expect(valuesOf(response, name)).toEqual([value]);
      expect(response.header("Content-Location")).toBe(`${PUBLIC_ORIGIN}/v1/posts`);
    }
  });

  // Changing a value in JavaScript would damage its other bytes, and leaving it would name the origin's address.
  test.each<Header>([
    ["Set-Cookie", "a=\xe9; Domain=127.0.0.1; Path=/"],
    ["Location", "ORIGIN/v1/posts/r\xe9sum\xe9"],
    ["Content-Location", "ORIGIN/\xe9"],
    ["Link", '<ORIGIN/x>; rel=next; title="\xe9"'],
    ["Refresh", "5; url=ORIGIN/\xe9"],
    ["X-Served-By", "\xe9 ORIGIN"],
  ])("that would be damaged by a replaced address drop the header: %s: %j", async (name, value) => {
    cluster.live.respond = answer(200, [
      [name, value.replace("ORIGIN", cluster.live.url)],
      ["X-Any", "\xe9"],
    ]);
    const response = await send();
    expect([valuesOf(response, name), response.status]).toEqual([[], 200]);
    expect(valuesOf(response, "X-Any")).toEqual(["\xe9"]);
  });

  test("beside a cookie that is replaced, drop a cookie that would be damaged, and no other", async () => {
    const cookies = [
      "a=\xe9; Path=/",
      "b=2; Domain=127.0.0.1",
      "c=gr\xc3\xbc\xc3\x9fe",
      "d=\xff; Domain=127.0.0.1",
    ];
    cluster.live.respond = answer(
      200,
      cookies.map((cookie) => ["Set-Cookie", cookie]),
    );
    expect(valuesOf(await send(), "Set-Cookie")).toEqual(["b=2", "c=gr\xc3\xbc\xc3\x9fe"]);
  });

  test("names that mean something to JavaScript are names like any other", async () => {
    const headers: Header[] = [
      ["__proto__", "1"],
      ["constructor", "2"],
      ["toString", "3"],
    ];
    cluster.live.respond = answer(200, headers);
    const response = await send();
    for (const [name, value] of headers) expect(valuesOf(response, name)).toEqual([value]);
  });
});

describe("of a request", () => {
  test.each<Header>([
    ["If-None-Match", '"r\xe9sum\xe9"'],
    ["If-Match", 'W/"\xff"'],
    ["User-Agent", "caf\xe9/1.0"],
    ["X-Note", "\x80\xa0"],
    ["Accept-Language", "gr\xc3\xbc"],
  ])("%s reaches the origin unchanged: %j", async (name, value) => {
    expect((await send([[name, value]])).status).toBe(200);
    expect(cluster.live.requests[0]?.header(name)).toBe(value);
  });

  test("do not open the list of what is forwarded", async () => {
    const headers: Header[] = [
      ["If-None-Match", '"\xe9"'],
      ["Cookie", "a=\xe9"],
      ["X-Octopost-Account", "\xe9"],
      ["X-Other", "\xe9"],
      ["Connection", "X-Note"],
      ["X-Note", "\xe9"],
    ];
    expect((await send(headers)).status).toBe(200);
    const names = cluster.live.requests[0]?.rawHeaders.map(([name]) => name.toLowerCase());
    expect(names).not.toContain("cookie");
    expect(names).not.toContain("x-other");
    expect(names).not.toContain("x-note");
    expect(cluster.live.requests[0]?.header("X-Octopost-Account")).toBe(key.account);
  });
});
