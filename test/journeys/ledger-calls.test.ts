/**
 * The number of ledger calls, and the effect of a ledger restart.
 *
 * Promise: a failed call is repeated once, on a fresh stub, unless the ledger is overloaded; a restart has no
 * visible effect. shared-calls.test.ts tests many requests at once. Calls are counted at the network.
 */

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type GatewayCluster, startCluster } from "../support/gateway-cluster.ts";
import { expectUnavailable, use } from "../support/key-requests.ts";
import { eventually } from "../support/time-limits.ts";

let cluster: GatewayCluster;

beforeAll(async () => {
  // Long enough that a slow machine causes no extra call and no timeout.
  cluster = await startCluster({
    settings: { LEASE_MS: 30_000, LEASE_MARGIN_MS: 1000, LEDGER_TIMEOUT_MS: 10_000 },
  });
});
afterAll(() => cluster.close());
beforeEach(() => cluster.live.clear());
afterEach(async () => {
  await cluster.network.liftAllFaults();
});

async function leaseCalls(): Promise<number> {
  return (await cluster.network.counts()).ledgerCalls.lease ?? 0;
}

describe("a ledger call that fails", () => {
  test("once is repeated, and the request succeeds", async () => {
    const key = await cluster.createKey();
    for (const how of ["fail-before", "fail-after"] as const) {
      const fresh = how === "fail-before" ? key : await cluster.createKey();
      await cluster.network.resetCounts();
      await cluster.network.fault({ on: "ledger", operation: "lease", how, times: 1 });
      expect((await use(cluster, fresh)).status).toBe(200);
      expect(await leaseCalls()).toBe(2);
    }
  });

  test("twice is not repeated again", async () => {
    const key = await cluster.createKey();
    await cluster.network.resetCounts();
    await cluster.network.fault({ on: "ledger", operation: "lease", how: "fail-before" });
    expectUnavailable(await use(cluster, key));
    expect(await leaseCalls()).toBe(2);
  });

  test("because the ledger is overloaded is not repeated", async () => {
    const key = await cluster.createKey();
    await cluster.network.resetCounts();
    const lift = await cluster.network.fault({
      on: "ledger",
      operation: "lease",
      how: "fail-before",
      error: { overloaded: true, retryable: false },
    });
    expectUnavailable(await use(cluster, key));
    expect(await leaseCalls()).toBe(1);
    await lift();
    expect((await use(cluster, key)).status).toBe(200);
  });
});

describe("a ledger restart", () => {
  test("between two requests has no visible effect", async () => {
    const key = await cluster.createKey({ account: "restarting" });
    for (let restart = 0; restart < 3; restart++) {
      expect((await use(cluster, key)).status).toBe(200);
      await cluster.network.restartLedger(key.account);
      const other = await cluster.createKey({ account: key.account });
      expect((await use(cluster, other)).status).toBe(200);
    }
  });

  test("during a lease call has no visible effect", async () => {
    const key = await cluster.createKey({ account: "granting" });
    const lift = await cluster.network.fault({
      on: "ledger",
      operation: "lease",
      how: "hang-after",
      times: 1,
    });
    await cluster.network.resetCounts();
    const answer = use(cluster, key);
    await eventually("the grant", async () => (await leaseCalls()) === 1);
    await cluster.network.restartLedger(key.account);
    await lift();
    expect((await answer).status).toBe(200);
  });
});
