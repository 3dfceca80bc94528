// Right after LEASE_MAX_MS was lowered, the ledger may have to wait for leases that are longer than the settings of its
// caller allow for: the first revocation is answered with 200 all the same. A ledger that does not answer is 503.

import { afterAll, beforeAll, expect, test } from "vitest";
import { type GatewayCluster, startCluster } from "../support/gateway-cluster.ts";
import { Account, expectRefused } from "./account.ts";
import { DASHBOARD, Dashboard } from "./dashboard.ts";
import { WAYS_TO_REVOKE } from "./ways-to-revoke.ts";

const BEFORE = { LEASE_MS: 4000, LEASE_MAX_MS: 4000, LEASE_MARGIN_MS: 200, LEDGER_TIMEOUT_MS: 1000 };
/** Of the gateway; the ledger still has the leases of before. */
const LOWERED = { LEASE_MS: 200, LEASE_MAX_MS: 200 };

let cluster: GatewayCluster;
let dashboard: Dashboard;

beforeAll(async () => {
  cluster = await startCluster({ settings: BEFORE, gatewaySettings: [LOWERED], extraWorkers: [DASHBOARD] });
  dashboard = await Dashboard.of(cluster);
});
afterAll(() => cluster.close());

/** A key in an account of its own, with a lease of before. */
async function keyInUse() {
  const account = new Account(cluster);
  const key = await account.create();
  expect(await account.statusOf(key.secret)).toBe(200);
  return { account, key };
}

test.concurrent.each(WAYS_TO_REVOKE)("revokes a key %s at the first call", async (_, revoke) => {
  const { account, key } = await keyInUse();
  const startedAt = performance.now();
  expect([200, 201, true]).toContain(await revoke({ cluster, dashboard, account, key }));
  expect(performance.now() - startedAt).toBeGreaterThan(BEFORE.LEASE_MS);
});

test("a ledger that hangs is 503 without the wait for leases that nobody knows of", async () => {
  const { account, key } = await keyInUse();
  const lift = await cluster.network.fault({ on: "ledger", how: "hang-before" });
  expectRefused(await account.call("POST", `/keys/${key.id}/revoke`), 503, "service_unavailable");
  await lift();
});
