// What the policy table lets through. The table itself is walked row by row, from the outside, in
// policy-table.test.ts; here it is read wrongly on purpose.

import { describe, expect, test } from "vitest";
import { authorizeRow, findRow } from "../../src/gateway/authorize-route.ts";
import type { KeyRecord } from "../../src/keys/key-record.ts";
import type { Mode, Permission, PolicyRow } from "../../src/policy.ts";
import { isRefusal, type Refusal } from "../../src/refusals.ts";

const LIVE = key("live", "all");
const TEST = key("test", "all");

describe("lets through", () => {
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

  test("HEAD by the row of GET", () => {
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

describe("knows no route", () => {
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
  ])("%s, whatever the method and the key", (path) => {
    for (const method of ["GET", "POST", "DELETE", "HEAD"]) {
      expect(authorizeRoute(method, path, LIVE, true)).toEqual({ reason: "unknown_route" });
      expect(authorizeRoute(method, path, key("test", ["posts:read"]), true)).toEqual({
        reason: "unknown_route",
      });
    }
  });
});

describe("refuses a method without a row, and names those that have one", () => {
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

  test("before it looks at what the key may do", () => {
    expect(authorizeRoute("PATCH", "/v1/posts", key("test", ["webhooks:read"]), false)).toMatchObject({
      reason: "method_not_allowed",
    });
  });
});

describe("a permission that is missing", () => {
  test("is named in the refusal", () => {
    expect(authorizeRoute("PUT", "/v1/presets/preset_01", key("live", ["presets:read"]), true)).toEqual({
      reason: "missing_permission",
      permission: "presets:write",
    });
  });

  test("is not made up for by all the others", () => {
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

  test("is missing from a key with no permission at all, which KV can never hold", () => {
    expect(authorizeRoute("GET", "/v1/posts", key("live", []), true)).toMatchObject({
      reason: "missing_permission",
    });
  });
});

describe("a test key", () => {
  test("is let through like any other where the row says so", () => {
    expect(authorizeRoute("POST", "/v1/posts/post_01/publish", TEST, true)).toMatchObject({
      permission: "posts:write",
    });
  });

  test("is refused on a live-only endpoint, full access or not", () => {
    const refusal = { reason: "live_only" };
    const path = "/v1/accounts/acc_01";
    expect(authorizeRoute("DELETE", path, TEST, true)).toEqual(refusal);
    expect(authorizeRoute("DELETE", path, key("test", ["accounts:write"]), true)).toEqual(refusal);
  });

  test("learns nothing there about its permissions", () => {
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

/** Both halves of the step: the row that lets the request through, or the refusal. */
function authorizeRoute(
  method: string,
  path: string,
  key: Pick<KeyRecord, "mode" | "permissions">,
  hasSandbox: boolean,
): PolicyRow | Refusal {
  const row = findRow(method, path);
  return isRefusal(row) ? row : (authorizeRow(row, key, hasSandbox) ?? row);
}

function key(mode: Mode, permissions: "all" | Permission[]) {
  return { mode, permissions };
}
