// Which of the origin's response headers reach the client, and how.

import { describe, expect, test } from "vitest";
import { clientResponse } from "../../src/gateway/client-response.ts";
import { readOriginResponse } from "../../src/gateway/origin-response.ts";
import { PublicAddress } from "../../src/gateway/public-address.ts";
import type { Allowance } from "../../src/rate-limits.ts";
import { isRefusal } from "../../src/refusals.ts";

const ADDRESS = new PublicAddress("https://api.octopost.ink", "https://origin.internal:8443");

/** What every answer carries. */
const ADDED = { "cache-control": "private, no-store", "x-request-id": "request-1" };

describe("passes on", () => {
  test.each([
    ["Content-Type", "application/json; charset=utf-8"],
    ["Content-Length", "123"],
    ["Content-Encoding", "gzip"],
    ["Content-Range", "bytes 0-1/2"],
    ["ETag", 'W/"abc"'],
    ["Last-Modified", "Sun, 01 Nov 2026 12:00:00 GMT"],
    ["Vary", "Accept"],
    ["Retry-After", "5"],
    ["WWW-Authenticate", "Basic"],
    ["X-Anything", "as it came"],
  ])("%s", (name, value) => {
    expect(received({ [name]: value })).toEqual({ ...ADDED, [name.toLowerCase()]: value });
  });

  test("each of several cookies", () => {
    const headers = new Headers([
      ["Set-Cookie", "a=1"],
      ["Set-Cookie", "b=2"],
    ]);
    const passedOn = answerTo(new Response(null, { headers })).headers;
    expect(passedOn.getSetCookie()).toEqual(["a=1", "b=2"]);
  });
});

describe("keeps back what belongs to the connection with the origin", () => {
  test.each([
    "Connection",
    "Keep-Alive",
    "Proxy-Authenticate",
    "Proxy-Authorization",
    "Proxy-Connection",
    "TE",
    "Trailer",
    "Upgrade",
  ])("%s", (name) => {
    expect(received({ [name]: "x" })).toEqual(ADDED);
  });

  test("Transfer-Encoding, and a length that it overrules", () => {
    expect(received({ "Transfer-Encoding": "chunked", "Content-Length": "5" })).toEqual(ADDED);
  });

  test("what `Connection` names, though it names the origin's address too, or is a cookie", () => {
    const headers = { "X-Hop": "https://origin.internal:8443/", "Set-Cookie": "a=1; Domain=origin.internal" };
    expect(received({ ...headers, Connection: "x-hop, set-cookie" })).toEqual(ADDED);
  });

  test("what `Connection` names, in any spelling and with gaps in the list", () => {
    const headers = { "X-Hop": "1", "X-Other-Hop": "2", "X-Stays": "3" };
    expect(received({ ...headers, Connection: "close,, X-HOP ,\tx-other-hop," })).toEqual({
      ...ADDED,
      "x-stays": "3",
    });
  });
});

test.each(["keep-alive; timeout=5", "foo bar", '"quoted"', "ö"])(
  "what in `Connection` is no header's name is passed over: %s",
  (item) => {
    expect(received({ "X-Hop": "1", "X-Stays": "2", Connection: `${item}, X-Hop` })).toEqual({
      ...ADDED,
      "x-stays": "2",
    });
  },
);

test.each([
  "X-RateLimit-Limit",
  "X-RateLimit-Remaining",
  "X-RateLimit-Reset",
  "RateLimit",
  "RateLimit-Policy",
])("the origin's own %s is kept back: limits are the gateway's", (name) => {
  expect(received({ [name]: "1" })).toEqual(ADDED);
});

test("the request's id is the gateway's, whatever the origin says or names in `Connection`", () => {
  expect(received({ "X-Request-Id": "the origin's" })).toEqual(ADDED);
  expect(received({ Connection: "X-Request-Id, Cache-Control" })).toEqual(ADDED);
});

describe("Location on the origin's host leads to the public one", () => {
  test.each([
    ["https://origin.internal:8443/v1/posts/1", "https://api.octopost.ink/v1/posts/1"],
    ["https://origin.internal:8443/v1/posts?a=b&c=%2F#d", "https://api.octopost.ink/v1/posts?a=b&c=%2F#d"],
    ["https://origin.internal:8443", "https://api.octopost.ink/"],
    ["HTTPS://Origin.Internal:8443/v1/posts", "https://api.octopost.ink/v1/posts"],
    ["http://origin.internal:8443/v1/posts", "https://api.octopost.ink/v1/posts"],
    ["//origin.internal:8443/v1/posts", "https://api.octopost.ink/v1/posts"],
    // A client reads a backslash as a slash.
    ["\\\\origin.internal:8443/v1/posts", "https://api.octopost.ink/v1/posts"],
    ["/\\origin.internal:8443/v1/posts", "https://api.octopost.ink/v1/posts"],
    ["https:\\\\origin.internal:8443\\v1", "https://api.octopost.ink/v1"],
    ["https://user:secret@origin.internal:8443/v1/posts", "https://api.octopost.ink/v1/posts"],
  ])("%s", (location, rewritten) => {
    expect(received({ Location: location })).toEqual({ ...ADDED, location: rewritten });
  });
});

describe("Location stays as it is when it leads elsewhere or is relative", () => {
  test.each([
    "/v1/posts/1",
    "posts/1",
    "?page=3",
    "#part",
    "/v1/redirect?to=https://origin.internal:8443/",
    "https://origin.internal/v1/posts",
    "https://origin.internal:8444/v1/posts",
    "https://origin.internal:8443.example.com/v1/posts",
    "https://www.example.com/https://origin.internal:8443/",
    "//www.example.com/v1/posts",
    "https://",
    "mailto:somebody@example.com",
    "not a URL",
  ])("%s", (location) => {
    expect(received({ Location: location })).toEqual({ ...ADDED, location });
  });
});

describe("no cache may keep an answer", () => {
  test.each(["public", "public, max-age=60", "max-age=60, s-maxage=600", "no-cache", "must-revalidate", ""])(
    "when the origin says `%s`",
    (cacheControl) => {
      expect(received({ "Cache-Control": cacheControl })).toEqual(ADDED);
    },
  );

  test("whatever the origin says to shared caches alone", () => {
    const apart = ["CDN-Cache-Control", "Cloudflare-CDN-Cache-Control", "Surrogate-Control"];
    for (const name of apart) expect(received({ [name]: "max-age=60" })).toEqual(ADDED);
  });

  test("when the origin says nothing", () => {
    expect(received({})).toEqual(ADDED);
  });

  test.each(["private", "no-store", "Private, max-age=60", "max-age=0, NO-STORE", "private,no-cache"])(
    "but the origin's own `%s` stays",
    (cacheControl) => {
      expect(received({ "Cache-Control": cacheControl })).toEqual({
        ...ADDED,
        "cache-control": cacheControl,
      });
    },
  );
});

test("what the gateway says of the rate limit takes the place of what the origin says", () => {
  const response = new Response(null, {
    headers: { "X-RateLimit-Limit": "5000", "RateLimit-Policy": "mine" },
  });
  const allowance = {
    bucket: "requests",
    limit: 60,
    remaining: 7,
    windowMs: 60_000,
    resetsAt: 1_793_534_400,
    resetsInSeconds: 45,
    retryInSeconds: 45,
  } as const;
  const { headers } = answerTo(response, allowance);
  expect(headers.get("X-RateLimit-Limit")).toBe("60");
  expect(headers.get("RateLimit-Policy")).toBe('"requests";q=60;w=60');
  expect(answerTo(response).headers.has("X-RateLimit-Limit")).toBe(false);
});

test("the origin's response itself is not changed", () => {
  const response = new Response(null, { headers: { Connection: "X-Hop", "X-Hop": "1" } });
  answerTo(response);
  expect(response.headers.get("X-Hop")).toBe("1");
});

/** The headers that the client gets for an answer with those headers; names in lower case. */
function received(headers: Record<string, string>): Record<string, string> {
  return Object.fromEntries(answerTo(new Response(null, { headers })).headers);
}

function answerTo(response: Response, allowance: Allowance | null = null): Response {
  const origin = readOriginResponse(response, ADDRESS);
  if (isRefusal(origin)) throw new Error(origin.reason);
  return clientResponse(null, origin, "request-1", allowance);
}
