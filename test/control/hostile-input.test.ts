// Input that tools and attackers send: parameters of no operation, names that every JavaScript object inherits, deeply
// nested or very long bodies, and values over RPC that are not JSON. Each is refused with 422 and changes nothing.

import { beforeAll, describe, expect, test } from "vitest";
import type { GatewayCluster } from "../support/gateway-cluster.ts";
import { sharedCluster } from "../support/shared.ts";
import { Account, expectRefused } from "./account.ts";
import { CONTROL_WITH_IMPORTED } from "./control-clusters.ts";
import { Dashboard } from "./dashboard.ts";
import { exampleOf, make, OPERATIONS } from "./operations.ts";

const MIB = 1_048_576;

let cluster: GatewayCluster;
let dashboard: Dashboard;

beforeAll(async () => {
  cluster = await sharedCluster(CONTROL_WITH_IMPORTED);
  dashboard = await Dashboard.of(cluster);
});

describe("a query that the operation does not know", () => {
  test.each(Object.keys(OPERATIONS))("is 422 and does nothing: %s", async (name) => {
    const example = await exampleOf(cluster, name);
    const [path, query] = example.path.split("?");
    const account = new Account(cluster, /accounts\/(\w+)/.exec(example.path)?.[1]);
    const before = await account.shown();
    for (const [unknown, named] of [
      ["mode=test", "mode"],
      ["constructor=1", "constructor"],
      ["__proto__=1", "__proto__"],
      ["reason", "reason"],
      // A name with capital letters may be a secret, and is not repeated.
      ["toString=1", "query"],
    ]) {
      const asked = `${path}?${query ? `${query}&` : ""}${unknown}`;
      const answer = await make(cluster, name, { ...example, path: asked });
      expectRefused(answer, 422, "validation_error");
      expect(Object.keys(answer.json.details), asked).toEqual([named]);
    }
    expect(await account.shown()).toEqual(before);
  });

  test("is 422 on the OpenAPI document", async () => {
    expectRefused(await cluster.control("GET", "/openapi.json?version=2"), 422, "validation_error");
  });
});

test.each(["limit=1&limit=2", "include=revoked&include=revoked", "cursor=&cursor="])(
  "a parameter that is sent twice is 422: %s",
  async (query) => {
    const account = new Account(cluster);
    await account.create();
    expectRefused(await account.call("GET", `/keys?${query}`), 422, "validation_error");
  },
);

describe("a body", () => {
  test.each<[string, string]>([
    ["1 MiB of [", "[".repeat(MIB)],
    ["1 MiB of nested lists", "[".repeat(MIB / 2) + "]".repeat(MIB / 2)],
    ["1 MiB of nested objects", `${'{"a":'.repeat(MIB / 6)}1${"}".repeat(MIB / 6)}`],
    ["a name in many lists", `{"mode":"live","name":${"[".repeat(64)}${"]".repeat(64)}}`],
  ])("of %s is refused at once", async (_, body) => {
    const account = new Account(cluster);
    const startedAt = performance.now();
    const answer = await account.call("POST", "/keys", body);
    expect(performance.now() - startedAt).toBeLessThan(1000);
    expectRefused(answer, 422, "validation_error");
    expect(answer.json.details).toEqual({ body: "must not be nested more than 16 levels deep" });
    expect((await account.call("GET", "/keys")).status).toBe(404);
  });

  test("with brackets and quotes inside a string is not nested", async () => {
    const name = `${"[{".repeat(30)}\\"\\\\ ${"]".repeat(20)}`;
    const { json, status } = await new Account(cluster).call("POST", "/keys", { name, mode: "live" });
    expect([status, json.name]).toEqual([201, name]);
  });

  test("with a hundred thousand values is refused without a text for each", async () => {
    const permissions = Array.from({ length: 100_000 }, () => "x");
    const account = new Account(cluster);
    const answer = await account.call("POST", "/keys", { name: "a key", mode: "live", permissions });
    expectRefused(answer, 422, "validation_error");
    expect(answer.json.details).toEqual({ body: "must not have more than 20000 values" });
  });

  test.each(["constructor", "__proto__", "toString", "hasOwnProperty"])(
    "with a field %s is refused",
    async (field) => {
      const body = `{"name":"a key","mode":"live","${field}":"x"}`;
      const answer = await new Account(cluster).call("POST", "/keys", body);
      expectRefused(answer, 422, "validation_error");
    },
  );

  test("with half a surrogate pair in a name is refused", async () => {
    const body = '{"name":"a \\ud83d key","mode":"live"}';
    const answer = await new Account(cluster).call("POST", "/keys", body);
    expectRefused(answer, 422, "validation_error");
    expect(Object.keys(answer.json.details)).toEqual(["name"]);
  });
});

describe("over RPC, a value that is not JSON", () => {
  const MAP = { map: [["name", "a key"]] };
  test.each<[string, Parameters<Dashboard["call"]>]>([
    ["a Map as the account", ["createKey", MAP, { name: "a key", mode: "live" }]],
    ["an object as the account", ["listKeys", {}]],
    ["a Map as the id", ["revokeKey", "rpc", MAP]],
    ["an object as the id", ["getKey", "rpc", { id: "key" }]],
    ["a Map as the filter of revokeAll", ["revokeAll", "rpc", MAP]],
    ["a Map as the body of revokeKey", ["revokeKey", "rpc", `key_${"0".repeat(22)}`, MAP]],
    ["a Map as the overlap", ["rotateKey", "rpc", `key_${"0".repeat(22)}`, MAP]],
    ["a Map as the query", ["listKeys", "rpc", MAP]],
    ["a Map as the caller", ["createKey", "rpc", { name: "a key", mode: "live" }, MAP]],
    ["a Map as the tier", ["changeAccount", "rpc", { tier: MAP }]],
    ["a Map as the secret", ["revokeByPossession", MAP]],
    ["a Map as the address", ["revokeByPossession", "oct_live_abc", MAP]],
    ["an object as the address", ["revokeByPossession", "oct_live_abc", {}]],
    ["a Map in place of rows", ["importKeys", "rpc", MAP]],
  ])("is 422: %s", async (_, args) => {
    const key = await new Account(cluster, "rpc").create();
    const { ok, error } = await dashboard.call(...args);
    expect([ok, error?.status, error?.code]).toEqual([false, 422, "validation_error"]);
    expect((await new Account(cluster, "rpc").get(key.id)).revoked_at).toBeNull();
  });

  test("is a verdict of its row", async () => {
    const { keys } = await dashboard.done("importKeys", "rpc", [MAP]);
    expect(keys).toEqual([{ row: 0, error: "validation_error", details: expect.any(Object) }]);
  });
});

describe("a time", () => {
  test.each([
    "2099-01-31T12:00Z",
    "2099-01-31t12:00:00z",
    "2099-01-31 12:00:00Z",
    "2099-01-31T14:00+02:00",
    "2099-01-31T14:00+02",
    "2099-01-31T12:00:00,5Z",
    "2099-01-31T12:00:00.000000Z",
  ])("may be written %s", async (written) => {
    const account = new Account(cluster);
    const { id, expires_at } = await account.create({ expires_at: written });
    expect(expires_at).toMatch(/^2099-01-31T12:00:00\.[05]00Z$/);
    expect((await account.change(id, { revokes_at: written })).revokes_at).toBe(expires_at);
    const filter = { created_before: written.replace("2099", "2020") };
    expect((await account.call("POST", "/revoke-all", filter)).json.revoked).toBe(0);
  });
});

describe("a refusal names what is allowed", () => {
  test.each<[string, string, string, object, Record<string, string>]>([
    ["a mode", "POST", "/keys", { name: "x", mode: "prod" }, { mode: "must be one of live, test" }],
    [
      "a tier",
      "PUT",
      "",
      { tier: "gold" },
      {
        tier: "must be one of free, starter, pro, unlimited, or an object with requests_per_minute and publish_per_hour",
      },
    ],
    ["a change of nothing", "PUT", "", {}, { body: "must have a tier, a location or a policy" }],
    [
      "a time",
      "POST",
      "/keys",
      { name: "x", mode: "live", expires_at: "tomorrow" },
      { expires_at: "must be an ISO 8601 time with a zone, such as 2027-01-31T12:00:00Z" },
    ],
    [
      "a permission",
      "POST",
      "/keys",
      { name: "x", mode: "live", permissions: ["posts"] },
      { "permissions.0": expect.stringMatching(/^must be one of posts:read, posts:write, /) as never },
    ],
  ])("%s", async (_, method, path, body, details) => {
    const answer = await new Account(cluster).call(method, path, body);
    expectRefused(answer, 422, "validation_error");
    expect(answer.json.details).toEqual(details);
  });

  test.each([
    ["/keys?limit=0", { limit: "must be a whole number from 1 to 200" }],
    ["/keys?include=all", { include: "must be one of revoked" }],
  ])("%s", async (path, details) => {
    expect((await new Account(cluster).call("GET", path)).json.details).toEqual(details);
  });
});
