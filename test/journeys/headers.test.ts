/**
 * Which request headers reach the origin.
 *
 * Promise: an allow-list, minus the headers that the client's `Connection` names. No other header arrives, and none that
 * would change the protocol. identity-headers.test.ts covers the headers that the gateway adds.
 */

import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { IssuedKey } from "../support/control-client.ts";
import type { GatewayCluster } from "../support/gateway-cluster.ts";
import type { Header } from "../support/raw-http.ts";
import { ALWAYS, FORGED, forged, HeaderClient, namesOf } from "./header-client.ts";

let client: HeaderClient;
let cluster: GatewayCluster;
let key: IssuedKey;

beforeAll(async () => {
  client = await HeaderClient.start();
  ({ cluster, key } = client);
});
beforeEach(() => cluster.live.clear());

describe("the allow-list", () => {
  test.each([
    ["Accept", "application/json;q=0.9, */*"],
    ["Accept-Encoding", "br;q=1, gzip;q=0.5"],
    ["Accept-Language", "de-CH"],
    ["Content-Language", "en"],
    ["Content-Digest", "sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:"],
    ["Content-Encoding", "gzip"],
    ["Content-Type", "application/json; charset=utf-8"],
    ["Idempotency-Key", "8e03978e-40d5-43dd-bc93-6894a57f9324"],
    ["If-Match", '"abc"'],
    ["If-None-Match", 'W/"abc", "def"'],
    ["If-Modified-Since", "Sat, 29 Oct 1994 19:43:31 GMT"],
    ["If-Unmodified-Since", "Sat, 29 Oct 1994 19:43:31 GMT"],
    ["If-Range", '"abc"'],
    ["Range", "bytes=0-99"],
    ["Cache-Control", "no-cache"],
    ["Prefer", "return=minimal"],
    ["User-Agent", "curl/8.0 (a comment; with =signs)"],
    ["Traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"],
    ["Tracestate", "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE"],
    ["X-Client-Version", "added by FORWARD_HEADERS"],
    ["X-Team", "added by FORWARD_HEADERS too"],
  ])("forwards %s unchanged", async (name, value) => {
    const request = await client.received([[name, value]]);
    expect(request.header(name)).toBe(value);
    expect(namesOf(request)).toEqual([...ALWAYS, name.toLowerCase()].sort());
  });

  test("forwards Content-Length with its body", async () => {
    const request = await client.received([], { method: "POST", body: "hello" });
    expect(request.header("Content-Length")).toBe("5");
    expect(request.body?.toString()).toBe("hello");
  });

  test.each<[string, Header[]]>([
    [
      "credentials",
      forged("Cookie", "Cookie2", "X-Api-Key", "Api-Key", "X-Auth-Token", "X-Amz-Security-Token"),
    ],
    [
      "proxy headers",
      forged("Proxy-Authorization", "Proxy-Connection", "Proxy-Authenticate", "Max-Forwards"),
    ],
    ["hop-by-hop headers", forged("Keep-Alive", "TE", "Trailer", "HTTP2-Settings")],
    [
      "identity claims",
      forged(
        "Forwarded",
        "X-Forwarded-Server",
        "X-Forwarded-Prefix",
        "X-Real-IP",
        "True-Client-IP",
        "X-Client-IP",
        "Client-IP",
        "X-Cluster-Client-IP",
        "X-Remote-User",
        "Via",
      ),
    ],
    [
      "claims about the request",
      forged(
        "X-HTTP-Method-Override",
        "X-Method-Override",
        "X-Original-URL",
        "X-Rewrite-URL",
        "X-Original-Host",
        "X-Host",
      ),
    ],
    [
      "Cloudflare's own headers",
      forged("CF-Ray", "CF-IPCountry", "CF-Visitor", "CF-Access-Jwt-Assertion", "CDN-Loop", "CF-EW-Via"),
    ],
    [
      "headers of a browser",
      forged("Origin", "Referer", "Sec-Fetch-Mode", "Sec-Fetch-Site", "DNT", "Upgrade-Insecure-Requests"),
    ],
    ["other headers", forged("X-Custom", "X-Debug", "Pragma", "Priority", "From", "Date", "!#$%&'*+.^_`|~")],
    ["names similar to FORWARD_HEADERS", forged("X_Client_Version", "X-Client-Versions", "X-Tea", "x_team")],
  ])("does not forward %s", async (_, headers) => {
    const request = await client.received(headers);
    expect(namesOf(request)).toEqual(ALWAYS);
    expect(JSON.stringify(request.rawHeaders)).not.toContain(FORGED);
  });
});

describe("a header named in Connection", () => {
  test.each([
    ["X-Octopost-Key-Id", "X-Octopost-Key-Id"],
    ["X-Octopost-Key-Id in capitals", "X-OCTOPOST-KEY-ID, X-OCTOPOST-PERMISSIONS, X-REQUEST-ID, VIA, HOST"],
    ["every header of the gateway", ALWAYS.join(",")],
  ])("%s removes no header of the gateway", async (_, connection) => {
    const request = await client.received([["Connection", connection]]);
    expect(request.header("X-Octopost-Key-Id")).toBe(key.id);
    expect(namesOf(request)).toEqual(ALWAYS);
  });

  test.each<[string, Header[]]>([
    ["alone", [["Connection", "Idempotency-Key"]]],
    ["in another case", [["connection", "idempotency-key"]]],
    ["among others", [["Connection", "keep-alive, Idempotency-Key , close"]]],
    ["without spaces", [["Connection", "keep-alive,Idempotency-Key"]]],
    [
      "in a second Connection header",
      [
        ["Connection", "keep-alive"],
        ["Connection", "Idempotency-Key"],
      ],
    ],
  ])("Idempotency-Key is dropped (%s)", async (_, connection) => {
    const request = await client.received([...connection, ["Idempotency-Key", "abc"], ["X-Team", "kept"]]);
    expect(namesOf(request)).toEqual([...ALWAYS, "x-team"].sort());
  });

  test("is dropped even if FORWARD_HEADERS allows it", async () => {
    const request = await client.received([
      ["Connection", "X-Team"],
      ["X-Team", "abc"],
    ]);
    expect(namesOf(request)).toEqual(ALWAYS);
  });
});

describe("a protocol change", () => {
  test.each<[string, Header[]]>([
    [
      "a WebSocket",
      [
        ["Connection", "Upgrade"],
        ["Upgrade", "websocket"],
        ["Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="],
        ["Sec-WebSocket-Version", "13"],
        ["Sec-WebSocket-Protocol", "chat"],
      ],
    ],
    [
      "h2c",
      [
        ["Connection", "Upgrade, HTTP2-Settings"],
        ["Upgrade", "h2c"],
        ["HTTP2-Settings", "AAMAAABkAAQCAAAAAAIAAAAA"],
      ],
    ],
    [
      "an upgrade that Connection does not name",
      [
        ["Upgrade", "websocket"],
        ["Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="],
      ],
    ],
  ])("%s gets an ordinary response, and is not forwarded", async (_, headers) => {
    expect(namesOf(await client.received(headers))).toEqual(ALWAYS);
  });

  test("Expect: 100-continue is not forwarded, but the body is", async () => {
    const request = await client.received([["Expect", "100-continue"]], { method: "POST", body: "hello" });
    expect(namesOf(request)).toEqual([...ALWAYS, "content-length"].sort());
    expect(request.body?.toString()).toBe("hello");
  });
});
