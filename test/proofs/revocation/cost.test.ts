/**
 * The cost of immediate revocation, counted where the calls pass: KV reads and ledger calls.
 *
 * Counts and order only; the benchmark measures time. Leases are long here, so that a machine that stalls for a second
 * changes no count.
 */
import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, type TestContext, test as testOf } from "vitest";
import { CLOCK_STEP_MAX_MS } from "../../../src/ledger/lease-book.ts";
import type { IssuedKey } from "../../support/control-client.ts";
import { type GatewayCluster, startCluster } from "../../support/gateway-cluster.ts";
import { RawConnection, type RawResponse, rawRequest } from "../../support/raw-http.ts";

const LONG_LEASE_MS = 4000;
const ENDLESS_LEASE_MS = 60_000;
const ENDLESS_MARGIN_MS = 2000;
const SHORT_LEASE_MS = 1500;
const MARGIN_MS = 200;
const REQUESTS_PER_SECOND = 50;
/** More than two leases. */
const BUSY_SECONDS = 9;
const CONNECTIONS = 8;
const TO_LEDGER_AND_BACK_MS = 100;
/** Shorter than the round trip to the ledger, so that the requests that renew a lease end before the answer arrives. */
const ORIGIN_MS = 50;

/** Concurrent, because most of the time passes in waiting for leases; each has a cluster of its own. */
const test = testOf.concurrent;
const SEQUENTIAL = { concurrent: false };

const options = (leaseMs: number, marginMs = MARGIN_MS) => ({
  delaysMs: [TO_LEDGER_AND_BACK_MS],
  settings: { LEASE_MS: leaseMs, LEASE_MARGIN_MS: marginMs },
});

/** One gateway, closed at the end of the test. */
async function clusterWith(
  { onTestFinished }: TestContext,
  ...settings: Parameters<typeof options>
): Promise<GatewayCluster> {
  const cluster = await startCluster(options(...settings));
  onTestFinished(() => cluster.close());
  return cluster;
}

testOf(
  "a busy key costs one KV read in all, and at most two ledger calls per lease plus one",
  async (context) => {
    const cluster = await clusterWith(context, LONG_LEASE_MS);
    const key = await warmKey(cluster);
    cluster.live.respond = async (...exchange) => {
      await pause(ORIGIN_MS);
      await cluster.live.answerJson(...exchange);
    };
    const startedAt = performance.now();

    expectAll(200, await send(cluster, key, BUSY_SECONDS * REQUESTS_PER_SECOND));

    const leases = (performance.now() - startedAt) / LONG_LEASE_MS;
    const { kvGets, ledgerCalls } = await cluster.network.counts();
    expect(kvGets).toBe(0);
    expect(ledgerCalls.lease).toBeGreaterThanOrEqual(1);
    expect(ledgerCalls.lease).toBeLessThanOrEqual(Math.ceil(2 * leases) + 1);
  },
);

test("a request under a valid lease makes no call to KV or the ledger", async (context) => {
  const cluster = await clusterWith(context, ENDLESS_LEASE_MS, ENDLESS_MARGIN_MS);
  const key = await warmKey(cluster);
  await cluster.network.fault({ on: "ledger", how: "hang-before" });
  await cluster.network.fault({ on: "kv", how: "hang-before" });

  expectAll(200, await send(cluster, key, 100));

  expect(await cluster.network.counts()).toEqual({ kvGets: 0, kvPuts: 0, ledgerCalls: {} });
});

test("the request that renews a lease does not wait for the ledger's answer", async (context) => {
  const cluster = await clusterWith(context, LONG_LEASE_MS);
  const key = await warmKey(cluster);
  await cluster.network.fault({ on: "ledger", how: "hang-before" });

  let renewals = 0;
  while (renewals === 0) {
    await pause(1000 / REQUESTS_PER_SECOND);
    expect((await use(cluster, key)).status).toBe(200);
    renewals = (await cluster.network.counts()).ledgerCalls.lease ?? 0;
  }
  expect(renewals).toBe(1);
});

describe.concurrent("revocation", () => {
  let cluster: GatewayCluster;
  beforeAll(async () => {
    cluster = await startCluster(options(SHORT_LEASE_MS));
  });
  afterAll(() => cluster.close());

  testOf("revoking an idle key does not wait, unless its ledger has just started", SEQUENTIAL, async () => {
    const [idle, afterRestart] = [await warmKey(cluster), await warmKey(cluster)];
    await pause(SHORT_LEASE_MS + MARGIN_MS + CLOCK_STEP_MAX_MS);

    const answer = await cluster.revoke(idle.account, idle.id);
    expect(answer.json.waited_ms).toBe(0);
    expect(answer.json.effective_at).toBe(answer.json.revoked_at);

    await cluster.network.restartLedger(afterRestart.account);
    const { waited_ms } = (await cluster.revoke(afterRestart.account, afterRestart.id)).json;
    expect(waited_ms).toBeGreaterThan(0);
    expect(waited_ms).toBeLessThanOrEqual(SHORT_LEASE_MS + MARGIN_MS);
  });

  testOf("revoking a busy key waits for its lease and the margin, and no longer", SEQUENTIAL, async () => {
    const key = await warmKey(cluster);

    const { waited_ms } = (await cluster.revoke(key.account, key.id)).json;

    expect(waited_ms).toBeGreaterThan(0);
    expect(waited_ms).toBeLessThanOrEqual(SHORT_LEASE_MS + MARGIN_MS);
  });

  testOf("requests with a revoked key cost no calls and do not reach the origin", SEQUENTIAL, async () => {
    const key = await warmKey(cluster);
    await cluster.revoke(key.account, key.id);
    expect((await use(cluster, key)).status).toBe(401);
    await cluster.network.resetCounts();
    cluster.live.clear();

    expectAll(401, await send(cluster, key, 200));

    expect(await cluster.network.counts()).toEqual({ kvGets: 0, kvPuts: 0, ledgerCalls: {} });
    expect(cluster.live.requests).toEqual([]);
  });
});

/** A key on which the gateway holds a lease, with all counters at zero. */
async function warmKey(at: GatewayCluster): Promise<IssuedKey> {
  const key = await at.createKey();
  expect((await use(at, key)).status).toBe(200);
  await at.network.resetCounts();
  return key;
}

function use(at: GatewayCluster, key: IssuedKey): Promise<RawResponse> {
  return rawRequest(at.gateway(0), requestWith(key));
}

/** Sends `count` requests on a few connections, at up to REQUESTS_PER_SECOND. */
async function send(at: GatewayCluster, key: IssuedKey, count: number): Promise<number[]> {
  const statuses: number[] = [];
  const startedAt = performance.now();
  let sent = 0;
  const sendInTurn = async () => {
    const connection = await RawConnection.open(at.gateway(0));
    while (sent < count) {
      const dueAt = startedAt + (sent++ / REQUESTS_PER_SECOND) * 1000;
      await pause(Math.max(0, dueAt - performance.now()));
      statuses.push((await connection.request(requestWith(key), { keepBody: false })).status);
    }
    connection.close();
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, sendInTurn));
  expect(statuses).toHaveLength(count);
  return statuses;
}

function requestWith(key: IssuedKey) {
  return {
    method: "GET",
    target: "/v1/posts",
    headers: [["Authorization", `Bearer ${key.secret}`]],
  } as const;
}

function expectAll(status: number, statuses: readonly number[]): void {
  expect(statuses.filter((other) => other !== status)).toEqual([]);
}
