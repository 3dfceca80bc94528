// How the policy table is evaluated. Each row is tested over HTTP in policy-table.test.ts; here are the requests that
// no row allows.

import { describe, expect, test } from "vitest";
import { authorizeRow, findRow } from "../../src/gateway/authorize-route.ts";
import type { Mode, Permission, PolicyRow } from "../../src/policy.ts";
import { isRefusal, type Refusal } from "../../src/refusals.ts";

const LIVE = key("live", []);
const TEST = key("test", []);

describe("allows", () => {
  test.each([
    ["GET", "/v1/posts", "/v1/posts", "posts:read"],
    ["POST", "/v1/posts", "/v1/posts", "posts:write"],
    ["GET", "/v1/posts/post_01", "/v1/posts/:id", "posts:read"],
    ["DELETE", "/v1/accounts/acc_01", "/v1/accounts/:id", "accounts:write"],
    ["POST", "/v1/posts/post_01/publish", "/v1/posts/:id/publish", "posts:write"],
    ["GET", "/v1/posts/publish", "/v1/posts/:id", "posts:read"],
    ["POST", "/v1/posts/publish/publish", "/v1/posts/:id/publish", "posts:write"],
  ])("%s %s by the row of %s", (method, path, route, permission) => {
    const row = { method, route, permission };
    expect(authorizeRoute(method, path, LIVE, true)).toMatchObject(row);
    expect(authorizeRoute(method, path, key("live", [permission as Permission]), true)).toMatchObject(row);
  });

  test("HEAD by the row for GET", () => {
    expect(authorizeRoute("HEAD", "/v1/posts", LIVE, true)).toMatchObject({
      method: "GET",
      route: "/v1/posts",
    });
    expect(authorizeRoute("HEAD", "/v1/posts", key("live", ["posts:write"]), true)).toEqual({
      reason: "missing_permission",
      permission: "posts:read",
    });
  });
});

describe("finds no route for", () => {
  test.each([
    "/v1",
    "/v1/",
    "/v1/post",
    "/v1/Posts",
    "/v1/POSTS",
    "/v1//posts",
    "/v1/posts/post_01/",
    "/v1/posts/post_01/Publish",
    "/v1/posts/post_01/publish/again",
    "/v1/posts/post_01/comments",
    "/v1/accounts/acc_01/publish",
    "/v1/users",
    "/v1/constructor",
    "/posts",
    "v1/posts",
    "",
  ])("%s, with any method and key", (path) => {
    for (const method of ["GET", "POST", "DELETE", "HEAD"]) {
      expect(authorizeRoute(method, path, LIVE, true)).toEqual({ reason: "unknown_route" });
      expect(authorizeRoute(method, path, key("test", ["posts:read"]), true)).toEqual({
        reason: "unknown_route",
      });
    }
  });
});

describe("refuses a method without a row, and names the methods that have one", () => {
  test.each([
    ["DELETE", "/v1/posts", ["GET", "HEAD", "POST"]],
    ["PATCH", "/v1/posts/post_01", ["GET", "HEAD", "PUT", "DELETE"]],
    ["GET", "/v1/posts/post_01/publish", ["POST"]],
    ["HEAD", "/v1/posts/post_01/publish", ["POST"]],
    ["POST", "/v1/accounts", ["GET", "HEAD"]],
    ["PUT", "/v1/accounts/acc_01", ["GET", "HEAD", "DELETE"]],
    ["get", "/v1/posts", ["GET", "HEAD", "POST"]],
    ["OPTIONS", "/v1/posts", ["GET", "HEAD", "POST"]],
    ["constructor", "/v1/posts", ["GET", "HEAD", "POST"]],
    ["", "/v1/posts", ["GET", "HEAD", "POST"]],
  ])("%s %s", (method, path, allow) => {
    expect(authorizeRoute(method, path, LIVE, true)).toEqual({ reason: "method_not_allowed", allow });
  });

  test("before the key's permissions are checked", () => {
    expect(authorizeRoute("PATCH", "/v1/posts", key("test", ["webhooks:read"]), false)).toMatchObject({
      reason: "method_not_allowed",
    });
  });
});

describe("a missing permission", () => {
  test("is named in the refusal", () => {
    expect(authorizeRoute("PUT", "/v1/presets/preset_01", key("live", ["presets:read"]), true)).toEqual({
      reason: "missing_permission",
      permission: "presets:write",
    });
  });

  test("is required, also with all other permissions", () => {
    const others: Permission[] = [
      "posts:read",
      "accounts:read",
      "accounts:write",
      "presets:read",
      "presets:write",
      "webhooks:read",
      "webhooks:write",
    ];
    expect(authorizeRoute("POST", "/v1/posts", key("live", others), true)).toMatchObject({
      reason: "missing_permission",
    });
  });
});

describe("a test key", () => {
  test("is allowed like a live key where the row says so", () => {
    expect(authorizeRoute("POST", "/v1/posts/post_01/publish", TEST, true)).toMatchObject({
      permission: "posts:write",
    });
  });

  test("is refused on a live-only endpoint, also with full access", () => {
    const refusal = { reason: "live_only" };
    const path = "/v1/accounts/acc_01";
    expect(authorizeRoute("DELETE", path, TEST, true)).toEqual(refusal);
    expect(authorizeRoute("DELETE", path, key("test", ["accounts:write"]), true)).toEqual(refusal);
  });

  test("learns nothing about its permissions on a live-only endpoint", () => {
    expect(authorizeRoute("DELETE", "/v1/accounts/acc_01", key("test", ["posts:read"]), true)).toEqual({
      reason: "live_only",
    });
  });

  test("is refused everywhere when there is no sandbox", () => {
    expect(authorizeRoute("GET", "/v1/posts", TEST, false)).toEqual({ reason: "live_only" });
    expect(authorizeRoute("HEAD", "/v1/webhooks/wh_01", TEST, false)).toEqual({ reason: "live_only" });
  });
});

test("a live key does not need a sandbox", () => {
  expect(authorizeRoute("GET", "/v1/posts", LIVE, false)).toMatchObject({ permission: "posts:read" });
});

/** The whole step: the row that allows the request, or the refusal. */
function authorizeRoute(
  method: string,
  path: string,
  { mode, terms }: ReturnType<typeof key>,
  hasSandbox: boolean,
): PolicyRow | Refusal {
  const row = findRow(method, path);
  return isRefusal(row) ? row : (authorizeRow(row, mode, terms, hasSandbox) ?? row);
}

/** No permissions: full access. */
function key(mode: Mode, permissions: readonly Permission[]) {
  return { mode, terms: { permissions } };
}
