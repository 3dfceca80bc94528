/**
 * Which of the client's headers reach the origin.
 *
 * The promise: an allow-list, less what the client's `Connection` names. Nothing else arrives, and nothing that
 * would turn the connection into another. What the gateway adds is in identity-headers.test.ts.
 */

import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { IssuedKey } from "../support/control-client.ts";
import type { GatewayCluster } from "../support/gateway-cluster.ts";
import type { Header } from "../support/raw-http.ts";
import { ALWAYS, FORGED, forged, HeaderClient, namesOf } from "./header-client.ts";

let probe: HeaderClient;
let cluster: GatewayCluster;
let key: IssuedKey;

beforeAll(async () => {
  probe = await HeaderClient.start();
  ({ cluster, key } = probe);
});
afterAll(() => cluster.close());
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
    ["Prefer", "return=minimal"],
    ["User-Agent", "curl/8.0 (a comment; with =signs)"],
    ["Traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"],
    ["Tracestate", "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE"],
    ["X-Client-Version", "added by FORWARD_HEADERS"],
    ["X-Team", "added by FORWARD_HEADERS too"],
  ])("lets %s pass as it is", async (name, value) => {
    const request = await probe.seen([[name, value]]);
    expect(request.header(name)).toBe(value);
    expect(namesOf(request)).toEqual([...ALWAYS, name.toLowerCase()].sort());
  });

  test("lets Content-Length pass with its body", async () => {
    const request = await probe.seen([], { method: "POST", body: "hello" });
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
    ["headers of one connection", forged("Keep-Alive", "TE", "Trailer", "HTTP2-Settings")],
    [
      "who the client claims to be",
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
      "what the client claims to ask",
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
      "Cloudflare's own",
      forged("CF-Ray", "CF-IPCountry", "CF-Visitor", "CF-Access-Jwt-Assertion", "CDN-Loop", "CF-EW-Via"),
    ],
    [
      "a browser's",
      forged("Origin", "Referer", "Sec-Fetch-Mode", "Sec-Fetch-Site", "DNT", "Upgrade-Insecure-Requests"),
    ],
    [
      "anything else",
      forged("X-Custom", "X-Debug", "Cache-Control", "Pragma", "Priority", "From", "Date", "!#$%&'*+.^_`|~"),
    ],
    ["what FORWARD_HEADERS almost names", forged("X_Client_Version", "X-Client-Versions", "X-Tea", "x_team")],
  ])("stops %s", async (_, headers) => {
    const request = await probe.seen(headers);
    expect(namesOf(request)).toEqual(ALWAYS);
    expect(JSON.stringify(request.rawHeaders)).not.toContain(FORGED);
  });
});

describe("a header named in Connection", () => {
  test.each([
    ["X-Octopost-Key-Id", "X-Octopost-Key-Id"],
    ["X-Octopost-Key-Id in capitals", "X-OCTOPOST-KEY-ID, X-OCTOPOST-PERMISSIONS, X-REQUEST-ID, VIA, HOST"],
    ["everything the gateway says", ALWAYS.join(",")],
  ])("%s takes nothing away from what the gateway says", async (_, connection) => {
    const request = await probe.seen([["Connection", connection]]);
    expect(request.header("X-Octopost-Key-Id")).toBe(key.id);
    expect(namesOf(request)).toEqual(ALWAYS);
  });

  test.each<[string, Header[]]>([
    ["as it is", [["Connection", "Idempotency-Key"]]],
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
    const request = await probe.seen([...connection, ["Idempotency-Key", "abc"], ["X-Team", "kept"]]);
    expect(namesOf(request)).toEqual([...ALWAYS, "x-team"].sort());
  });

  test("what FORWARD_HEADERS adds is dropped too", async () => {
    const request = await probe.seen([
      ["Connection", "X-Team"],
      ["X-Team", "abc"],
    ]);
    expect(namesOf(request)).toEqual(ALWAYS);
  });
});

describe("what would change the connection", () => {
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
      "HTTP/2 in the clear",
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
  ])("asking for %s gets an ordinary answer, and the origin hears nothing of it", async (_, headers) => {
    expect(namesOf(await probe.seen(headers))).toEqual(ALWAYS);
  });

  test("Expect: 100-continue is not passed on, and the body is", async () => {
    const request = await probe.seen([["Expect", "100-continue"]], { method: "POST", body: "hello" });
    expect(namesOf(request)).toEqual([...ALWAYS, "content-length"].sort());
    expect(request.body?.toString()).toBe("hello");
  });
});
