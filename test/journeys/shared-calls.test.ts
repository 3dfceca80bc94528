/**
 * Many requests with one key at once, without a valid lease.
 *
 * Promise: those who wait for the same lease share a ledger call, so that hundreds of requests make one or two; none of
 * them is refused by a ledger that works, and none is left without an answer when the request that made the call is gone
 * or its call hangs.
 */

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { IssuedKey } from "../support/control-client.ts";
import { type GatewayCluster, startCluster } from "../support/gateway-cluster.ts";
import { bearer, expectUnavailable, use } from "../support/key-requests.ts";
import { RawConnection, type RawResponse } from "../support/raw-http.ts";
import { eventually } from "../support/time-limits.ts";

/** Longer than the largest herd needs on a slow machine: a renewal ahead would count as a call. */
const LEASE_MS = 30_000;
/** Of the leases that are to expire. */
const SHORT_LEASE_MS = 500;
const TIMEOUT_MS = 20_000;
/** By gateway. Followers wait half of it for their leader. */
const TIMEOUTS_MS = [TIMEOUT_MS, 6000];
const SLOW_MS = 300;

let cluster: GatewayCluster;
/** One per test. Their leases expire together. */
let expiredKeys: IssuedKey[];

beforeAll(async () => {
  cluster = await startCluster({
    gateways: TIMEOUTS_MS.length,
    settings: { LEASE_MS: SHORT_LEASE_MS, LEASE_MARGIN_MS: 1000 },
    gatewaySettings: TIMEOUTS_MS.map((LEDGER_TIMEOUT_MS) => ({ LEASE_MS, LEDGER_TIMEOUT_MS })),
  });
  expiredKeys = await Promise.all(
    Array.from({ length: 6 }, (_, count) => cluster.createKey({ account: `acct_${count}` })),
  );
  for (const key of expiredKeys)
    for (const gateway of TIMEOUTS_MS.keys()) expect((await use(cluster, key, gateway)).status).toBe(200);
  await new Promise((resolve) => setTimeout(resolve, SHORT_LEASE_MS + 50));
  for (const { account } of expiredKeys) await cluster.network.deployLedger(account, { LEASE_MS });
}, 60_000);
afterAll(() => cluster.close());
beforeEach(async () => {
  cluster.live.clear();
  await cluster.network.configure({ delaysMs: [SLOW_MS, SLOW_MS] });
});
afterEach(() => cluster.network.liftAllFaults());

/** In an account of its own, which no lease delays when its limits are lowered. */
type KeyMaker = () => Promise<IssuedKey>;
let accounts = 0;

const KEYS: [string, number, KeyMaker][] = [
  ["whose lease has expired", 100, async () => expiredKeys.pop() as IssuedKey],
  ["that has never been used", 300, () => cluster.createKey({ account: `new_${accounts++}` })],
];

describe.each(KEYS)("with a key %s", (_, herd, makeKey) => {
  test(`${herd} requests at once make one or two calls, and all succeed`, { timeout: 120_000 }, async () => {
    const key = await makeKey();
    await cluster.network.resetCounts();
    const statuses = (await sendAtOnce(key, herd)).map(({ status }) => status);
    expect(new Set(statuses)).toEqual(new Set([200]));
    expect(await leaseCalls()).toBeLessThanOrEqual(2);
  });

  test("followers get their answer when the client of the leader has disconnected", async () => {
    const key = await makeKey();
    const leader = await RawConnection.open(cluster.gateway(0));
    await cluster.network.resetCounts();
    leader.send({ method: "GET", target: "/v1/posts", headers: [bearer(key)] });
    await eventually("the leader's call", async () => (await leaseCalls()) === 1);
    const startedAt = performance.now();
    const followers = sendAtOnce(key, 20);
    leader.destroy();
    for (const { status } of await followers) expect(status).toBe(200);
    expect(performance.now() - startedAt).toBeLessThan(TIMEOUT_MS / 2);
    expect(await leaseCalls()).toBe(1);
  });

  test("followers make one call more when the leader's hangs", { timeout: 60_000 }, async () => {
    const key = await makeKey();
    await cluster.network.resetCounts();
    await cluster.network.fault({ on: "ledger", operation: "lease", how: "hang-before", times: 1 });
    for (const { status } of await sendAtOnce(key, 20, 1)) expect(status).toBe(200);
    expect(await leaseCalls()).toBe(2);
  });

  test("a call that is lost is repeated, and no request is refused", async () => {
    const key = await makeKey();
    await cluster.network.resetCounts();
    // Both attempts of the leader.
    await cluster.network.fault({ on: "ledger", operation: "lease", how: "fail-before", times: 2 });
    const statuses = (await sendAtOnce(key, 20)).map(({ status }) => status);
    expect(statuses.filter((status) => status === 503)).toHaveLength(1);
    expect(statuses.filter((status) => status === 200)).toHaveLength(19);
    expect(await leaseCalls()).toBe(3);
  });

  test("an overloaded ledger is called twice at most, and refuses all with 503", async () => {
    const key = await makeKey();
    await cluster.network.resetCounts();
    await cluster.network.fault({
      on: "ledger",
      operation: "lease",
      how: "fail-before",
      error: { overloaded: true, retryable: false },
    });
    cluster.live.clear();
    for (const response of await sendAtOnce(key, 20)) expectUnavailable(response);
    expect(await leaseCalls()).toBeLessThanOrEqual(2);
    expect(cluster.live.requests).toEqual([]);
  });

  test("within a rate limit all succeed, with a call or two more for their permits", async () => {
    const key = await makeKey();
    const tier = { requests_per_minute: 5000, publish_per_hour: 10 };
    expect((await cluster.control("PUT", `/accounts/${key.account}`, { tier })).status).toBe(200);
    await cluster.network.resetCounts();
    for (const { status } of await sendAtOnce(key, 50)) expect(status).toBe(200);
    expect(await leaseCalls()).toBeLessThanOrEqual(4);
  });
});

async function leaseCalls(): Promise<number> {
  return (await cluster.network.counts()).ledgerCalls.lease ?? 0;
}

async function sendAtOnce(key: IssuedKey, count: number, gateway = 0): Promise<RawResponse[]> {
  const connections = await Promise.all(
    Array.from({ length: count }, () => RawConnection.open(cluster.gateway(gateway))),
  );
  const exchanges = connections.map((connection) =>
    connection.send({ method: "GET", target: "/v1/posts", headers: [bearer(key)] }),
  );
  const responses = await Promise.all(exchanges.map((exchange) => exchange.response()));
  for (const connection of connections) connection.close();
  return responses;
}
