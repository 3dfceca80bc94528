/**
 * Which of the client's headers reach the origin.
 *
 * The promise: an allow-list, less what the client's `Connection` names. Nothing else arrives, and nothing that
 * would turn the connection into another. What the gateway adds is in identity-headers.test.ts.
 */

import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { IssuedKey } from "../support/control-client.ts";
import { type GatewayCluster, startCluster } from "../support/gateway-cluster.ts";
import { type Header, type RawResponse, rawRequest } from "../support/raw-http.ts";
import type { RecordedRequest } from "../support/recording-origin.ts";

const HOST = "api.octopost.ink";
const FORGED = "forged-by-the-client";

/** What the origin always sees: the gateway's own words, and what workerd adds to a fetch past all caches. */
const ALWAYS = [
  "cache-control",
  "cf-worker",
  "host",
  "pragma",
  "via",
  "x-forwarded-host",
  "x-forwarded-proto",
  "x-octopost-account",
  "x-octopost-assertion",
  "x-octopost-key-id",
  "x-octopost-mode",
  "x-octopost-permissions",
  "x-request-id",
];

let cluster: GatewayCluster;
let key: IssuedKey;

beforeAll(async () => {
  cluster = await startCluster({ settings: { FORWARD_HEADERS: "X-Client-Version, x-team" } });
  key = await cluster.createKey();
});
afterAll(() => cluster.close());
beforeEach(() => cluster.live.clear());

interface Sent {
  readonly method?: string;
  readonly secret?: string;
  readonly body?: string;
}

function send(headers: readonly Header[], sent: Sent = {}): Promise<RawResponse> {
  const { method = "GET", secret = key.secret, body } = sent;
  const all: Header[] = [["Host", HOST], ["Authorization", `Bearer ${secret}`], ...headers];
  const request = { method, target: "/v1/posts", headers: all, ...(body === undefined ? {} : { body }) };
  return rawRequest(cluster.gateway(0), request);
}

/** The one request that the origin saw of it. */
async function seen(headers: readonly Header[], sent?: Sent): Promise<RecordedRequest> {
  expect((await send(headers, sent)).status).toBe(200);
  expect(cluster.live.requests).toHaveLength(1);
  return cluster.live.requests[0] as RecordedRequest;
}

function names({ rawHeaders }: RecordedRequest): string[] {
  return rawHeaders.map(([name]) => name.toLowerCase()).sort();
}

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
    const request = await seen([[name, value]]);
    expect(request.header(name)).toBe(value);
    expect(names(request)).toEqual([...ALWAYS, name.toLowerCase()].sort());
  });

  test("lets Content-Length pass with its body", async () => {
    const request = await seen([], { method: "POST", body: "hello" });
    expect(request.header("Content-Length")).toBe("5");
    expect(request.body?.toString()).toBe("hello");
  });

  test.each<[string, Header[]]>([
    [
      "credentials",
      headersNamed("Cookie", "Cookie2", "X-Api-Key", "Api-Key", "X-Auth-Token", "X-Amz-Security-Token"),
    ],
    [
      "proxy headers",
      headersNamed("Proxy-Authorization", "Proxy-Connection", "Proxy-Authenticate", "Max-Forwards"),
    ],
    ["headers of one connection", headersNamed("Keep-Alive", "TE", "Trailer", "HTTP2-Settings")],
    [
      "who the client claims to be",
      headersNamed(
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
      headersNamed(
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
      headersNamed(
        "CF-Ray",
        "CF-IPCountry",
        "CF-Visitor",
        "CF-Access-Jwt-Assertion",
        "CDN-Loop",
        "CF-EW-Via",
      ),
    ],
    [
      "a browser's",
      headersNamed(
        "Origin",
        "Referer",
        "Sec-Fetch-Mode",
        "Sec-Fetch-Site",
        "DNT",
        "Upgrade-Insecure-Requests",
      ),
    ],
    [
      "anything else",
      headersNamed(
        "X-Custom",
        "X-Debug",
        "Cache-Control",
        "Pragma",
        "Priority",
        "From",
        "Date",
        "!#$%&'*+.^_`|~",
      ),
    ],
    [
      "what FORWARD_HEADERS almost names",
      headersNamed("X_Client_Version", "X-Client-Versions", "X-Tea", "x_team"),
    ],
  ])("stops %s", async (_, headers) => {
    const request = await seen(headers);
    expect(names(request)).toEqual(ALWAYS);
    expect(JSON.stringify(request.rawHeaders)).not.toContain(FORGED);
  });
});

describe("a header named in Connection", () => {
  test.each([
    ["X-Octopost-Key-Id", "X-Octopost-Key-Id"],
    ["X-Octopost-Key-Id in capitals", "X-OCTOPOST-KEY-ID, X-OCTOPOST-PERMISSIONS, X-REQUEST-ID, VIA, HOST"],
    ["everything the gateway says", ALWAYS.join(",")],
  ])("%s takes nothing away from what the gateway says", async (_, connection) => {
    const request = await seen([["Connection", connection]]);
    expect(request.header("X-Octopost-Key-Id")).toBe(key.id);
    expect(names(request)).toEqual(ALWAYS);
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
    const request = await seen([...connection, ["Idempotency-Key", "abc"], ["X-Team", "kept"]]);
    expect(names(request)).toEqual([...ALWAYS, "x-team"].sort());
  });

  test("what FORWARD_HEADERS adds is dropped too", async () => {
    const request = await seen([
      ["Connection", "X-Team"],
      ["X-Team", "abc"],
    ]);
    expect(names(request)).toEqual(ALWAYS);
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
    expect(names(await seen(headers))).toEqual(ALWAYS);
  });

  test("Expect: 100-continue is not passed on, and the body is", async () => {
    const request = await seen([["Expect", "100-continue"]], { method: "POST", body: "hello" });
    expect(names(request)).toEqual([...ALWAYS, "content-length"].sort());
    expect(request.body?.toString()).toBe("hello");
  });
});

function headersNamed(...list: string[]): Header[] {
  return list.map((name) => [name, FORGED]);
}
