// Input that the control plane refuses: 422 that names every invalid field, 404 for an unknown account or key, 409 when
// the key's state does not allow it. After the calls of a kind, the account's keys and events are unchanged. Malformed
// bodies and headers are in request-form.test.ts.

import { beforeAll, describe, expect, test } from "vitest";
import type { GatewayCluster } from "../support/gateway-cluster.ts";
import { sharedCluster } from "../support/shared.ts";
import { eventually } from "../support/time-limits.ts";
import { Account, expectRefused } from "./account.ts";
import { BAD_INPUTS, type BadInput } from "./bad-inputs.ts";
import { UNNAMEABLE_FIELDS } from "./bad-values.ts";
import { CONTROL } from "./control-clusters.ts";

const UNKNOWN_KEY = `key_${"0".repeat(22)}`;
const CALLS = Object.entries(Object.groupBy(BAD_INPUTS, ({ call }) => call)) as [string, BadInput[]][];

let cluster: GatewayCluster;
let account: Account;
let keyId: string;
/** What the account showed last. */
let before: Awaited<ReturnType<Account["shown"]>>;

beforeAll(async () => {
  cluster = await sharedCluster(CONTROL);
  await newAccount();
});

/** With something of every kind that a call could change. */
async function newAccount(): Promise<void> {
  account = new Account(cluster);
  keyId = (await account.create({ name: "the key", permissions: ["posts:read"] })).id;
  const scheduled = await account.create({ name: "scheduled", mode: "test" });
  await account.call("PATCH", `/keys/${scheduled.id}`, { revokes_at: "2099-01-01T00:00:00Z" });
  await account.call("PUT", "", { tier: "starter" });
  before = await account.shown();
}

async function nothingChanged(): Promise<void> {
  const earlier = before;
  before = await account.shown();
  expect(before).toEqual(earlier);
}

function here(path: string): string {
  return path.replace("{account}", account.name).replace("{id}", keyId);
}

describe.each(CALLS)("%s", (_, inputs) => {
  test.each(inputs.map((input) => [input.what, input] as const))("%s: 422", async (_, input) => {
    const answer = await cluster.control(input.method, here(input.path), input.body);
    expectRefused(answer, 422, "validation_error");
    const named = Object.keys(answer.json.details);
    if (input.fields.length > 0) expect(named.sort()).toEqual([...input.fields].sort());
    else expect(named).not.toEqual([]);
    for (const text of Object.values(answer.json.details)) expect(text).toMatch(/^(is|must)\b/);
    for (const field of UNNAMEABLE_FIELDS) expect(answer.response.body.toString()).not.toContain(field);
  });

  test("has done nothing in any of these", nothingChanged);
});

test("names every invalid field, and repeats no value", async () => {
  const answer = await account.call("POST", "/keys", {
    name: "secret\u0000",
    mode: "oct_live_secret",
    permissions: ["secret:read"],
    expires_at: "secret",
    extra: "secret",
  });
  expectRefused(answer, 422, "validation_error");
  expect(Object.keys(answer.json.details).sort()).toEqual([
    "expires_at",
    "extra",
    "mode",
    "name",
    "permissions.0",
  ]);
  expect(answer.response.body.toString()).not.toContain("secret");
  await nothingChanged();
});

describe("an unknown account, key or path", () => {
  const ON_AN_ACCOUNT: readonly [method: string, path: string, body?: object][] = [
    ["GET", "/keys"],
    ["GET", `/keys/${UNKNOWN_KEY}`],
    ["PATCH", `/keys/${UNKNOWN_KEY}`, { name: "x" }],
    ["POST", `/keys/${UNKNOWN_KEY}/revoke`, {}],
    ["POST", `/keys/${UNKNOWN_KEY}/rotate`, {}],
    ["POST", "/revoke-all", {}],
    ["GET", "/events"],
    ["GET", ""],
    ["POST", "/rebuild-kv", {}],
    ["GET", "/events?cursor=7"],
  ];

  test.each(ON_AN_ACCOUNT)("an account without keys and events: %s %s is 404", async (method, path, body) => {
    expectRefused(await new Account(cluster).call(method, path, body), 404, "not_found");
  });

  test.each(ON_AN_ACCOUNT.filter(([, path]) => path.includes(UNKNOWN_KEY)))(
    "a key that was never issued: %s %s is 404",
    async (method, path, body) => {
      expectRefused(await account.call(method, path, body), 404, "not_found");
      expectRefused(await account.call(method, path.replace(UNKNOWN_KEY, "nothing"), body), 404, "not_found");
      await nothingChanged();
    },
  );

  test("a key of another account is 404", async () => {
    const other = await new Account(cluster).create();
    for (const path of [`/keys/${other.id}/revoke`, `/keys/${other.id}/rotate`]) {
      expectRefused(await account.call("POST", path, {}), 404, "not_found");
    }
    expect(await account.statusOf(other.secret)).toBe(200);
    await nothingChanged();
  });

  const ON_ANY_ACCOUNT: typeof ON_AN_ACCOUNT = [
    ...ON_AN_ACCOUNT,
    ["POST", "/keys", { name: "x", mode: "live" }],
    ["POST", "/keys/import", { keys: [{}] }],
    ["PUT", "", { tier: "pro" }],
  ];
  const MALFORMED = ["no%20account", "a.b", "a%2Fb", "%C3%A4", "%00", "a".repeat(65), "a%0a", "%"];
  test.each(ON_ANY_ACCOUNT)("a malformed account: %s %s is 422", async (method, path, body) => {
    for (const name of MALFORMED) {
      const answer = await new Account(cluster, name).call(method, path, body);
      expectRefused(answer, 422, "validation_error");
      expect(Object.keys(answer.json.details), name).toEqual(["account"]);
    }
  });

  test("a path or method of no operation is 404", async () => {
    for (const [method, path] of [
      ["DELETE", `/keys/${keyId}`],
      ["GET", "/nothing"],
      ["PUT", "/keys"],
      ["POST", "/keys/"],
    ] as const) {
      expectRefused(await account.call(method, path), 404, "not_found");
    }
    await nothingChanged();
  });
});

describe("a key that has ended", () => {
  test.each(["revoked", "past its scheduled end", "expired"])(
    "%s: rotating is 409, and nothing is done",
    async (how) => {
      const dead = new Account(cluster);
      const key = await deadKey(dead, how);
      const shown = await dead.shown();
      expectRefused(await dead.call("POST", `/keys/${key}/rotate`, {}), 409, "conflict");
      expect(await dead.shown()).toEqual(shown);
    },
  );

  test.each(["revoked", "past its scheduled end"])(
    "%s: moving its end is 409, and it keeps its name too",
    async (how) => {
      const dead = new Account(cluster);
      const key = await deadKey(dead, how);
      const shown = await dead.shown();
      for (const revokes_at of ["2099-01-01T00:00:00Z", null]) {
        expectRefused(
          await dead.call("PATCH", `/keys/${key}`, { name: "again", revokes_at }),
          409,
          "conflict",
        );
      }
      expect(await dead.shown()).toEqual(shown);
    },
  );

  async function deadKey(owner: Account, how: string): Promise<string> {
    // From each call on: on a slow machine the first one takes longer.
    const soon = () => new Date(Date.now() + 400).toISOString();
    const { id, secret } = await owner.create(how === "expired" ? { expires_at: soon() } : {});
    if (how === "revoked") await cluster.revoke(owner.name, id);
    if (how === "past its scheduled end") await owner.call("PATCH", `/keys/${id}`, { revokes_at: soon() });
    await eventually("the end of the key", async () => (await owner.statusOf(secret)) === 401);
    return id;
  }
});
