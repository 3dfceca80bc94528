// Which requests are well-formed. The path is the one that the URL parser returns, here as in workerd; the bytes on
// the wire are tested in test/journeys/paths.test.ts.

import { describe, expect, test } from "vitest";
import { acceptRequest, parsedPath } from "../../src/gateway/accept-request.ts";

const HOST = "https://api.octopost.ink";
const LONGEST = "a".repeat(128);

describe("accepts a plain path unchanged", () => {
  test.each([
    "/v1/posts",
    "/v1/posts/post_01",
    "/v1/posts/post_01/publish",
    "/v1/a",
    "/v1/-",
    "/v1/_",
    "/v1/AZaz09_-",
    "/v1/constructor",
    `/v1/${LONGEST}`,
    `/v1/${LONGEST}/${LONGEST}/${LONGEST}`,
  ])("%s", (path) => {
    expect(accept(path)).toMatchObject({ path, query: "" });
  });
});

describe("checks the path that the URL parser returns, which is the path that is sent", () => {
  test.each([
    ["/v1/accounts/../posts", "/v1/posts"],
    ["/v1/./posts", "/v1/posts"],
    ["/v1/accounts/%2e%2e/posts", "/v1/posts"],
    ["/v1/accounts/.%2E/posts", "/v1/posts"],
    ["/v1\\posts", "/v1/posts"],
    ["/../../v1/posts", "/v1/posts"],
  ])("%s is %s", (path, parsed) => {
    expect(accept(path)).toMatchObject({ path: parsed });
  });
});

describe("refuses as malformed", () => {
  test.each([
    ["no resource", "/v1/"],
    ["a trailing slash", "/v1/posts/"],
    ["two slashes", "/v1//posts"],
    ["two slashes later on", "/v1/posts//post_01"],
    ["two backslashes", "/v1\\\\posts"],
    ["an encoded letter", "/v1/%70osts"],
    ["an encoded slash", "/v1/posts%2fpost_01"],
    ["an encoded slash in capitals", "/v1/posts%2Fpost_01"],
    ["an encoded backslash", "/v1/posts%5cpost_01"],
    ["a dot segment encoded twice", "/v1/accounts/%252e%252e/posts"],
    ["a NUL", "/v1/posts%00"],
    ["a bare percent sign", "/v1/posts/%"],
    ["a semicolon", "/v1/posts;v=2"],
    ["a colon", "/v1/posts/:id"],
    ["a dot", "/v1/posts.json"],
    ["three dots", "/v1/..."],
    ["a tilde", "/v1/~posts"],
    ["a comma", "/v1/posts,accounts"],
    ["an equals sign", "/v1/posts/id=1"],
    ["an at sign", "/v1/posts@host"],
    ["an asterisk", "/v1/*"],
    ["a plus sign", "/v1/posts/a+b"],
    ["a space", "/v1/posts /post_01"],
    ["a letter beyond ASCII", "/v1/pösts"],
    ["a full-width slash", "/v1/posts\uff0fpost_01"],
    ["a segment of 129 characters", `/v1/${LONGEST}a`],
    ["a segment of 129 characters at the end", `/v1/posts/${LONGEST}a`],
  ])("%s", (_, path) => {
    expect(accept(path)).toMatchObject({ reason: "malformed_path" });
  });
});

describe("names the rule that a malformed path breaks", () => {
  test.each([
    ["/v1/%70osts", "must not be percent-encoded"],
    ["/v1/posts/a%2Fb/", "must not be percent-encoded"],
    ["/v1/%2e%2e%2faccounts", "must not be percent-encoded"],
    ["/v1//posts", "must not have an empty segment"],
    ["/v1/posts//", "must not have an empty segment"],
    ["/v1/", "must name a resource after /v1/"],
    ["/v1/posts/", "must not end with a slash"],
    [`/v1/posts/${"a".repeat(129)}`, "must have segments of 1 to 128 characters"],
    ["/v1/posts/a.b", "must have segments of letters, digits, _ and - only"],
    ["/v1/posts;a=b", "must have segments of letters, digits, _ and - only"],
    ["/v1/posts/a b", "must not be percent-encoded"],
  ])("%s %s", (path, rule) => {
    expect(accept(path)).toEqual({ reason: "malformed_path", details: { path: rule } });
  });
});

describe("refuses a path outside /v1/", () => {
  test.each([
    "/",
    "/v1",
    "/V1/posts",
    "/v2/posts",
    "/v10/posts",
    "/v1posts",
    "/v1%2fposts",
    "/%761/posts",
    "//v1/posts",
    "/api/v1/posts",
    "/v1/../admin",
    "/v1/%2e%2e/admin",
    "/v1/posts/../../admin",
    "/control/v1/accounts",
  ])("%s", (path) => {
    expect(accept(path)).toEqual({ reason: "outside_api" });
  });
});

describe("passes the query on unchanged", () => {
  test.each([
    "?",
    "?limit=10&cursor=abc",
    "?a=%2F%2e%00&a=%41",
    "?a=b?c=d",
    "?a=/../..//;x",
    "?a+b=c%20d",
    "?a[]=1&a[]=2",
  ])("%s", (query) => {
    expect(accept(`/v1/posts${query}`)).toMatchObject({ path: "/v1/posts", query });
  });

  test("and never reads a path from it", () => {
    expect(accept("/v1?/v1/posts")).toEqual({ reason: "outside_api" });
    expect(accept("/v1/%61?/v1/posts")).toMatchObject({ reason: "malformed_path" });
  });
});

test("a text that is not a URL has no path, also when it ends with one", () => {
  expect(parsedPath("https://[/v1/../v1/posts")).toBe("");
});

describe("a body", () => {
  test.each(["GET", "HEAD"])("with %s is refused, since it cannot be forwarded", (method) => {
    const bodies: Record<string, string>[] = [
      { "Content-Length": "1" },
      { "Content-Length": "1, 1" },
      { "Content-Length": "none" },
      { "Transfer-Encoding": "chunked" },
      { "Transfer-Encoding": "chunked", "Content-Length": "0" },
    ];
    for (const headers of bodies) {
      expect(accept("/v1/posts", { method, headers })).toEqual({ reason: "body_on_get" });
    }
  });

  test.each(["GET", "HEAD"])("of no bytes with %s is accepted", (method) => {
    expect(accept("/v1/posts", { method, headers: { "Content-Length": "0" } })).toHaveProperty("path");
  });

  test.each(["POST", "PUT", "DELETE", "PATCH"])("with %s is accepted", (method) => {
    expect(accept("/v1/posts", { method, headers: { "Content-Length": "1" } })).toHaveProperty("path");
    expect(accept("/v1/posts", { method, headers: { "Transfer-Encoding": "chunked" } })).toHaveProperty(
      "path",
    );
  });
});

test.each(["PATCH", "OPTIONS", "PROPFIND"])("accepts the method %s, which authorize decides on", (method) => {
  expect(accept("/v1/posts", { method })).toHaveProperty("path");
});

function accept(pathAndQuery: string, init: RequestInit = {}) {
  return acceptRequest(new Request(HOST + pathAndQuery, init));
}
