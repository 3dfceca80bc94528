// Which headers the origin is sent. The list is written down here a second time, from DESIGN: a header
// that is let through by mistake must fail a test.

import { describe, expect, test } from "vitest";
import { originRequestHeaders } from "../../src/gateway/origin-request.ts";
import { clientAddress } from "../../src/http/client-address.ts";
import type { KeyRecord } from "../../src/keys/key-record.ts";

const FORWARDED = [
  "Accept",
  "Accept-Encoding",
  "Accept-Language",
  "Content-Type",
  "Content-Length",
  "Content-Encoding",
  "Content-Language",
  "Content-Digest",
  "Idempotency-Key",
  "If-Match",
  "If-None-Match",
  "If-Modified-Since",
  "If-Unmodified-Since",
  "If-Range",
  "Range",
  "Prefer",
  "User-Agent",
  "Traceparent",
  "Tracestate",
];

const DROPPED = [
  "Authorization",
  "Proxy-Authorization",
  "Cookie",
  "X-Api-Key",
  "X-Octopost-Anything",
  "X-Octopost-Assertion",
  "X_Octopost_Account",
  "X-Octopost_Account",
  "XOctopost-Account",
  "HTTP_X_OCTOPOST_ACCOUNT",
  "Forwarded",
  "X-Forwarded",
  "X-Forwarded-Port",
  "X-Forwarded-Prefix",
  "X-Forwarded-User",
  "X_Forwarded_For",
  "X-Real-IP",
  "True-Client-IP",
  "CF-Ray",
  "CF-Worker",
  "Host",
  "Connection",
  "Keep-Alive",
  "Proxy-Connection",
  "TE",
  "Trailer",
  "Transfer-Encoding",
  "Upgrade",
  "HTTP2-Settings",
  "Sec-WebSocket-Key",
  "Expect",
  "Max-Forwards",
  "Origin",
  "Referer",
  "Content-MD5",
  "X-HTTP-Method-Override",
  "X-Original-URL",
  "X-Rewrite-URL",
  "X-Custom",
];

const RECORD: KeyRecord = {
  v: 1,
  id: "key_0123456789ABCDEFGHIJab",
  account: "acct_1",
  mode: "live",
  created_at: "2026-11-01T12:00:00.000Z",
};

/** What the gateway itself says to the origin about a request without headers. */
const ADDED = {
  "x-octopost-account": "acct_1",
  "x-octopost-key-id": RECORD.id,
  "x-octopost-mode": "live",
  "x-octopost-permissions": "all",
  "x-octopost-assertion": "the.signed.word",
  "x-request-id": "request-1",
  "x-forwarded-host": "api.octopost.ink",
  "x-forwarded-proto": "https",
  via: "1.1 octopost",
};

test("the origin hears what the gateway knows, and nothing else about a bare request", () => {
  expect(sent({})).toEqual(ADDED);
});

describe("forwards as it came", () => {
  test.each(FORWARDED)("%s", (name) => {
    expect(sent({ [name]: "a value, as it came" })).toEqual({
      ...ADDED,
      [name.toLowerCase()]: "a value, as it came",
    });
    expect(sent({ [name.toUpperCase()]: "" })).toEqual({ ...ADDED, [name.toLowerCase()]: "" });
  });
});

describe("never forwards", () => {
  test.each(DROPPED)("%s", (name) => {
    expect(sent({ [name]: "invented" })).toEqual(ADDED);
    expect(sent({ [name.toLowerCase()]: "invented" })).toEqual(ADDED);
  });
});

describe("never takes from the client what only the gateway may say", () => {
  test.each([...Object.keys(ADDED), "x-forwarded-for"])("%s", (name) => {
    expect(sent({ [name]: "invented" })).toEqual(ADDED);
    expect(sent({ [name.toUpperCase()]: "invented" })).toEqual(ADDED);
  });
});

describe("what `Connection` names belongs to the connection", () => {
  test.each(FORWARDED)("%s is dropped", (name) => {
    expect(sent({ [name]: "1", Connection: name })).toEqual(ADDED);
    expect(sent({ [name]: "1", Connection: `close ,\t${name.toUpperCase()},keep-alive` })).toEqual(ADDED);
  });

  test("but no header that the gateway adds can be removed by it", () => {
    expect(sent({ Connection: Object.keys(ADDED).join(", ") })).toEqual(ADDED);
  });

  test("and a header that is merely similar stays", () => {
    expect(sent({ Range: "bytes=0-1", Connection: "if-range, ranges, , x" })).toEqual({
      ...ADDED,
      range: "bytes=0-1",
    });
  });
});

describe("a header that FORWARD_HEADERS adds", () => {
  test("is forwarded, in whatever spelling it comes", () => {
    expect(sent({ "X-CUSTOM": "1" }, { alsoForwarded: ["x-custom"] })).toEqual({ ...ADDED, "x-custom": "1" });
  });

  test("is not made up when the client did not send it", () => {
    expect(sent({}, { alsoForwarded: ["x-custom"] })).toEqual(ADDED);
  });

  test("is dropped when `Connection` names it", () => {
    expect(sent({ "X-Custom": "1", Connection: "x-custom" }, { alsoForwarded: ["x-custom"] })).toEqual(ADDED);
  });
});

describe("what the gateway adds is true", () => {
  test("of a test key with some permissions", () => {
    const record: KeyRecord = { ...RECORD, mode: "test" };
    expect(sent({}, { record, scope: "posts:write accounts:read" })).toEqual({
      ...ADDED,
      "x-octopost-mode": "test",
      "x-octopost-permissions": "posts:write accounts:read",
    });
  });

  test("of the public host and scheme, whatever host the client addressed", () => {
    expect(sent({}, { url: "http://evil.example/v1/posts" })).toEqual(ADDED);
    expect(sent({}, { publicOrigin: "http://localhost:8787" })).toEqual({
      ...ADDED,
      "x-forwarded-host": "localhost:8787",
      "x-forwarded-proto": "http",
    });
  });

  test("of the address that Cloudflare saw, whatever the client says", () => {
    const headers = { "CF-Connecting-IP": "2001:db8::1", "X-Forwarded-For": "203.0.113.1" };
    expect(sent(headers)).toEqual({ ...ADDED, "x-forwarded-for": "2001:db8::1" });
  });

  test.each([
    ["HTTP/1.0", "1.0"],
    ["HTTP/1.1", "1.1"],
    ["HTTP/2", "2"],
    ["HTTP/3", "3"],
  ])("of the protocol that the client spoke, %s", (httpProtocol, version) => {
    expect(sent({}, { cf: { httpProtocol } })).toEqual({ ...ADDED, via: `${version} octopost` });
  });
});

interface Circumstances {
  readonly url?: string;
  readonly record?: KeyRecord;
  readonly scope?: string;
  readonly alsoForwarded?: readonly string[];
  readonly publicOrigin?: string;
  readonly cf?: { readonly httpProtocol: string };
}

/** The headers that the origin is sent for a request with those headers; names in lower case. */
function sent(headers: Record<string, string>, circumstances: Circumstances = {}): Record<string, string> {
  const {
    url = "https://api.octopost.ink/v1/posts",
    record = RECORD,
    scope = "all",
    alsoForwarded = [],
    publicOrigin = "https://api.octopost.ink",
    cf,
  } = circumstances;
  const request = Object.defineProperty(new Request(url, { method: "POST", headers }), "cf", { value: cf });
  return Object.fromEntries(
    new Headers(
      originRequestHeaders({
        request,
        record,
        requestId: "request-1",
        identity: { jwt: "the.signed.word", signedAt: 0, scope },
        settings: { forwardHeaders: alsoForwarded, publicOrigin },
        address: clientAddress(request),
      }),
    ),
  );
}
