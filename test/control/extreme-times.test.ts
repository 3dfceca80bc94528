// Times at the edge of the calendar: a rotation never issues a key that is expired from the start, nor one whose expiry
// has no four-digit year.

import { randomUUID } from "node:crypto";
import { beforeAll, expect, test } from "vitest";
import type { GatewayCluster } from "../support/gateway-cluster.ts";
import { sharedCluster } from "../support/shared.ts";
import { Account } from "./account.ts";
import { CONTROL } from "./control-clusters.ts";

const LAST_TIME = "9999-12-31T23:59:59.999Z";
const DAY_MS = 86_400_000;

let cluster: GatewayCluster;

beforeAll(async () => {
  cluster = await sharedCluster(CONTROL);
});

const fromNow = (ms: number) => new Date(Date.now() + ms).toISOString();

async function importOne(account: Account, times: object) {
  const sha256 = Buffer.from(randomUUID().replaceAll("-", "").repeat(2), "hex").toString("hex");
  const row = { sha256, name: "imported", mode: "live", ...times };
  const { status, json } = await account.call("POST", "/keys/import", { keys: [row] });
  expect(status).toBe(200);
  return json.keys[0];
}

test.each<[string, object, Record<string, string>]>([
  ["created tomorrow", { created_at: fromNow(DAY_MS) }, { created_at: "must not be in the future" }],
  [
    "created in the last year",
    { created_at: "9999-12-31T00:00:00Z" },
    { created_at: "must not be in the future" },
  ],
  [
    "created in the year 1",
    { created_at: "0001-01-01T00:00:00Z" },
    { created_at: "must be in 1970 or later" },
  ],
  ["created in 1969", { created_at: "1969-12-31T23:59:59Z" }, { created_at: "must be in 1970 or later" }],
  [
    "expired before its creation",
    { created_at: "2024-01-01T00:00:00Z", expires_at: "2023-12-31T00:00:00Z" },
    { expires_at: "must be after created_at" },
  ],
  [
    "expired at its creation",
    { created_at: "2024-01-01T00:00:00Z", expires_at: "2024-01-01T01:00:00+01:00" },
    { expires_at: "must be after created_at" },
  ],
  ["expired, created now", { expires_at: fromNow(-DAY_MS) }, { expires_at: "must be after created_at" }],
])("an import refuses a key %s", async (_, times, details) => {
  const account = new Account(cluster);
  expect(await importOne(account, times)).toEqual({ row: 0, error: "validation_error", details });
  expect((await account.call("GET", "/keys")).status).toBe(404);
});

test("an import accepts a key that has expired since its creation, and refuses its use", async () => {
  const account = new Account(cluster);
  const { id } = await importOne(account, {
    created_at: "2023-01-01T00:00:00Z",
    expires_at: "2024-01-01T00:00:00Z",
  });
  expect((await account.call("POST", `/keys/${id}/rotate`, {})).status).toBe(409);
});

test.each([
  ["a key that expires in the last year", { expires_at: LAST_TIME }],
  ["a key that expires far ahead", { expires_at: "9000-01-01T00:00:00Z" }],
])("%s can be rotated again and again, and each successor works", async (_, input) => {
  const account = new Account(cluster);
  let key = await account.create(input);
  for (let rotation = 0; rotation < 3; rotation++) {
    const { status, json } = await account.call("POST", `/keys/${key.id}/rotate`, { overlap_seconds: 60 });
    expect([status, json.error]).toEqual([201, undefined]);
    expect(json.expires_at).toMatch(/^9\d{3}-/);
    expect(json.expires_at <= LAST_TIME).toBe(true);
    expect((await account.use(json.secret)).status).toBe(200);
    key = json;
  }
});

test("the oldest key that can be imported can be rotated, and its successor works", async () => {
  const account = new Account(cluster);
  const { id } = await importOne(account, { created_at: "1970-01-01T00:00:00Z", expires_at: LAST_TIME });
  const { status, json } = await account.call("POST", `/keys/${id}/rotate`, { overlap_seconds: 0 });
  expect([status, json.expires_at]).toEqual([201, LAST_TIME]);
  expect((await account.use(json.secret)).status).toBe(200);
});

test("a key can be scheduled to end at the last moment, and revoked before", async () => {
  const account = new Account(cluster);
  const { id, secret } = await account.create();
  for (let repeat = 0; repeat < 2; repeat++)
    expect((await account.call("PATCH", `/keys/${id}`, { revokes_at: LAST_TIME })).json.revokes_at).toBe(
      LAST_TIME,
    );
  expect((await account.use(secret)).status).toBe(200);
  expect((await account.call("POST", `/keys/${id}/revoke`, {})).status).toBe(200);
  expect((await account.use(secret)).status).toBe(401);
});
