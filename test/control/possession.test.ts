// Whoever holds a key can end it: without the control token, at once and everywhere, and the answer does not tell
// whether the key existed. Guessing is limited by client address.

import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { ControlAnswer } from "../support/control-client.ts";
import { type GatewayCluster, startCluster } from "../support/gateway-cluster.ts";
import { Account, expectRefused } from "./account.ts";

/** The limit is 20 a minute; a minute that ends meanwhile allows as many again. */
const MORE_THAN_TWO_LIMITS = 45;

let cluster: GatewayCluster;
let account: Account;
let addresses = 0;

beforeAll(async () => {
  cluster = await startCluster({ gateways: 2, settings: { LEASE_MS: 300, LEASE_MARGIN_MS: 60 } });
});
afterAll(() => cluster.close());
beforeEach(() => {
  account = new Account(cluster);
});

function newAddress(): string {
  return `198.51.100.${++addresses}`;
}

function show(secret: string, address = newAddress(), gateway = 0): Promise<ControlAnswer> {
  return cluster.control(
    "POST",
    "/revoke",
    { secret },
    {
      token: null,
      headers: [["CF-Connecting-IP", address]],
      to: cluster.gateway(gateway),
    },
  );
}

function madeUp(): string {
  return `oct_live_${randomBytes(18).toString("hex")}`;
}

describe("showing a key", () => {
  test("ends it on every gateway once it is answered, also where it is in use", async () => {
    const { id, secret } = await account.create();
    for (const gateway of [0, 1]) expect(await account.statusOf(secret, { gateway })).toBe(200);
    const { status, json } = await show(secret, newAddress(), 1);
    expect([status, json]).toEqual([200, {}]);
    for (const gateway of [0, 1]) expect(await account.statusOf(secret, { gateway })).toBe(401);
    expect((await account.get(id)).revoked_at).not.toBeNull();
    const [event] = await account.events();
    expect(event).toMatchObject({ action: "revoked", actor: "possession", key_id: id });
  });

  test("does nothing to the account's other keys", async () => {
    const [one, other] = [await account.create(), await account.create({ mode: "test" })];
    await show(one.secret);
    expect(await account.statusOf(other.secret)).toBe(200);
    expect((await account.keys()).map(({ id }) => id)).toEqual([other.id]);
  });

  test("is answered alike whether the key is good, revoked, expired, rotated, unknown or no key at all", async () => {
    const good = await account.create();
    const revoked = await account.create();
    await account.revoke(revoked.id);
    const rotated = await account.create();
    await account.rotate(rotated.id, 0);
    const expired = await account.create({ expires_at: new Date(Date.now() + 300).toISOString() });
    while (Date.now() <= Date.parse(expired.expires_at ?? ""))
      await new Promise((resolve) => setTimeout(resolve, 20));

    const shown = [good, revoked, rotated, expired].map(({ secret }) => secret);
    const answers = [];
    for (const secret of [
      ...shown,
      good.secret,
      madeUp(),
      `${good.secret}x`,
      good.id,
      "hello",
      "\u{1F511}",
    ]) {
      answers.push(await show(secret));
    }
    const seen = answers.map(({ status, response, headers }) => [
      status,
      response.body.toString(),
      headers.map(([name, value]) => (/^(x-request-id|date)$/i.test(name) ? name : `${name}: ${value}`)),
    ]);
    expect(new Set(seen.map((each) => JSON.stringify(each))).size, JSON.stringify(seen)).toBe(1);
    expect(seen[0]?.slice(0, 2)).toEqual([200, "{}"]);
  });

  test("twice leaves one event", async () => {
    const { secret } = await account.create();
    await show(secret);
    const { events } = await account.shown();
    await show(secret);
    expect(await account.events()).toEqual(events);
  });

  test("is answered 503 when a store is out of reach, since the key may still work", async () => {
    const { secret } = await account.create();
    for (const fault of [
      { on: "kv", operation: "get" },
      { on: "ledger", operation: "revokeKey" },
    ] as const) {
      const lift = await cluster.network.fault({ ...fault, how: "fail-before" });
      expectRefused(await show(secret), 503, "service_unavailable");
      await lift();
    }
    expect(await account.statusOf(secret)).toBe(200);
  });

  test("leaves it out of the answer and out of the log", async () => {
    const { secret } = await account.create();
    const { response } = await show(secret);
    expect(response.body.toString()).not.toContain(secret);
    expect(cluster.logs.filter((line) => line.includes(secret))).toEqual([]);
  });
});

describe("guessing", () => {
  test("is answered 429 once an address has guessed too often, and other addresses are not", async () => {
    const address = newAddress();
    const statuses: number[] = [];
    for (let i = 0; i < MORE_THAN_TWO_LIMITS && !statuses.includes(429); i++) {
      statuses.push((await show(madeUp(), address)).status);
    }
    expect(statuses.slice(0, 20)).toEqual(Array(20).fill(200));
    expect(statuses).toContain(429);

    const refused = await show(madeUp(), address);
    expectRefused(refused, 429, "rate_limited");
    expect(Number(refused.response.header("Retry-After"))).toBeGreaterThan(0);
    expect((await show(madeUp())).status).toBe(200);
  });

  test("costs no KV read and no ledger call: a key without the check cannot have been issued", async () => {
    await cluster.network.resetCounts();
    for (const secret of [madeUp(), "hello", "oct_live_abc123def456"]) await show(secret);
    expect(await cluster.network.counts()).toEqual({ kvGets: 0, kvPuts: 0, ledgerCalls: {} });
  });
});
