/** The request that a new key is tried with is one that the key may make, for every key that the form can create. */

import { expect, test } from "vitest";
import { PERMISSIONS, type Permission, POLICY } from "../../src/policy.ts";
import { firstRequest, isForLiveKeysOnly } from "../../src/portal/first-request.ts";

const ALL = Object.keys(PERMISSIONS) as Permission[];
/** Every set of permissions; the empty one is full access. */
const SETS = Array.from({ length: 2 ** ALL.length }, (_, bits) => ALL.filter((_, i) => bits & (1 << i)));

test.each(["live", "test"] as const)("for every set of permissions of a %s key", (mode) => {
  for (const permissions of SETS) {
    const request = firstRequest({ mode, permissions }, true);
    const usable = POLICY.filter(
      (row) => row.modes.includes(mode) && (permissions.length === 0 || permissions.includes(row.permission)),
    );
    if (request === null) {
      expect(usable, permissions.join()).toEqual([]);
      continue;
    }
    const route = request.path.replace(/\/none$/, "/:id");
    const row = usable.find((one) => one.method === request.method && one.route === route);
    expect(row, `${permissions.join()}: ${request.method} ${request.path}`).toBeDefined();
    expect(request.isRead).toBe(usable.some(({ method }) => method === "GET"));
    // A request that writes names something that does not exist.
    if (!request.isRead) expect(request.path).toMatch(/\/none$/);
  }
});

test("a test key has none when there is no sandbox, and a live key does not need one", () => {
  expect(firstRequest({ mode: "test", permissions: [] }, false)).toBeNull();
  expect(firstRequest({ mode: "live", permissions: [] }, false)).toMatchObject({ path: "/v1/posts" });
});

test("only a permission without an endpoint for test keys is for live keys only", () => {
  expect(ALL.filter(isForLiveKeysOnly)).toEqual(["accounts:write"]);
});
