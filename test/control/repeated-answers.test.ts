// A repeated call gives the secret of its kept answer for ten minutes, to the same credential only, and is an event
// either way. After that, and to another credential, it says which key the first call issued, and issues no second one.

import { randomUUID } from "node:crypto";
import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { GatewayCluster } from "../support/gateway-cluster.ts";
import { sharedCluster } from "../support/shared.ts";
import { Account } from "./account.ts";
import { CONTROL } from "./control-clusters.ts";
import { PREVIOUS_TOKEN } from "./credentials.ts";
import { Dashboard } from "./dashboard.ts";

const MINUTE_MS = 60_000;
const NEW_KEY = { name: "a key", mode: "live" };

let cluster: GatewayCluster;
let dashboard: Dashboard;
let account: Account;

beforeAll(async () => {
  cluster = await sharedCluster(CONTROL);
  dashboard = await Dashboard.of(cluster);
});
beforeEach(() => {
  account = new Account(cluster);
});

/** The two calls that issue a key, each with its path and body. */
const CALLS: [string, () => Promise<readonly [string, object]>][] = [
  ["creating", async () => ["/keys", NEW_KEY] as const],
  [
    "rotating",
    async () => [`/keys/${(await account.create()).id}/rotate`, { overlap_seconds: 3600 }] as const,
  ],
  [
    "rotating without an overlap",
    async () => [`/keys/${(await account.create()).id}/rotate`, { overlap_seconds: 0 }] as const,
  ],
];

function call(path: string, body: object, key: string, token?: string) {
  const headers = [["Idempotency-Key", key]] as const;
  return account.call("POST", path, body, { headers, ...(token !== undefined && { token }) });
}

/** As if the kept answers were that much older. */
async function age(ms: number): Promise<void> {
  await cluster.network.ledgerRows(account.name, `UPDATE answers SET at = at - ${ms}`);
}

const repeats = async () =>
  (await account.events()).filter(({ action }) => action === "answer_repeated").map(({ details }) => details);

async function expectWithheld(answer: Awaited<ReturnType<typeof call>>, id: string): Promise<void> {
  const { status, json, response } = answer;
  expect([status, json.code]).toEqual([409, "conflict"]);
  expect(json.error).toContain(id);
  expect(response.body.toString()).not.toMatch(/oct_(live|test)_/);
}

describe.each(CALLS)("%s", (_, prepare) => {
  test("again within ten minutes gives the secret, and is an event", async () => {
    const [path, body] = await prepare();
    const key = randomUUID();
    const first = await call(path, body, key);
    expect(first.status).toBe(201);
    expect(await repeats()).toEqual([]);
    await age(9 * MINUTE_MS);
    const second = await call(path, body, key);
    expect([second.status, second.json]).toEqual([201, first.json]);
    expect(await repeats()).toEqual([{ secret: "given" }]);
    const [event] = await account.events();
    expect(event).toMatchObject({ actor: "control_token", key_id: first.json.id });
  });

  test("again after ten minutes withholds the secret, names the key and issues no other", async () => {
    const [path, body] = await prepare();
    const key = randomUUID();
    const { json } = await call(path, body, key);
    const before = await account.keys("revoked");
    await age(10 * MINUTE_MS);
    await expectWithheld(await call(path, body, key), json.id);
    await age(13 * 60 * MINUTE_MS);
    await expectWithheld(await call(path, body, key), json.id);
    expect(await repeats()).toEqual([{ secret: "withheld" }, { secret: "withheld" }]);
    expect(await account.keys("revoked")).toEqual(before);
  });

  test("again with another token withholds the secret, and does not spoil it for the first one", async () => {
    const [path, body] = await prepare();
    const key = randomUUID();
    const first = await call(path, body, key);
    await expectWithheld(await call(path, body, key, PREVIOUS_TOKEN), first.json.id);
    expect((await call(path, body, key)).json).toEqual(first.json);
    expect(await repeats()).toEqual([{ secret: "given" }, { secret: "withheld" }]);
  });

  test("again with the same previous token gives the secret", async () => {
    const [path, body] = await prepare();
    const key = randomUUID();
    const first = await call(path, body, key, PREVIOUS_TOKEN);
    expect((await call(path, body, key, PREVIOUS_TOKEN)).json).toEqual(first.json);
    await expectWithheld(await call(path, body, key), first.json.id);
  });
});

test("a binding is another credential than the token", async () => {
  const idempotency_key = randomUUID();
  const created = await dashboard.done("createKey", account.name, NEW_KEY, { idempotency_key });
  await expectWithheld(await call("/keys", NEW_KEY, idempotency_key), created.id);
  expect(await dashboard.done("createKey", account.name, NEW_KEY, { idempotency_key })).toEqual(created);
  const key = randomUUID();
  const { json } = await call("/keys", NEW_KEY, key);
  const { ok, error } = await dashboard.call("createKey", account.name, NEW_KEY, { idempotency_key: key });
  expect([ok, error.status, error.error]).toEqual([false, 409, expect.stringContaining(json.id)]);
});
