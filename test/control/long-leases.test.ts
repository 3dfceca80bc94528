// Callers of a revocation wait for the longest lease that there can be: on an account whose leases have been stretched,
// the first call is answered with 200, however it is made.
//
// The Worker is built with one number changed, so that few requests stretch the leases.

import { afterAll, beforeAll, expect, test } from "vitest";
import { buildMutant } from "../support/changed-worker.ts";
import { type GatewayCluster, startCluster } from "../support/gateway-cluster.ts";
import { FEW_GRANTS_STRETCH_LEASES } from "../support/stretched-leases.ts";
import { eventually } from "../support/time-limits.ts";
import { Account } from "./account.ts";
import { DASHBOARD, Dashboard } from "./dashboard.ts";
import { WAYS_TO_REVOKE } from "./ways-to-revoke.ts";

/** A lease that is far longer than LEASE_MS and the ledger's own time limit together. */
const SETTINGS = { LEASE_MS: 200, LEASE_MAX_MS: 3000, LEASE_MARGIN_MS: 200, LEDGER_TIMEOUT_MS: 1000 };
const LONGEST_MS = SETTINGS.LEASE_MAX_MS + SETTINGS.LEASE_MARGIN_MS;

let cluster: GatewayCluster;
let dashboard: Dashboard;
let remove: () => Promise<void>;

beforeAll(async () => {
  const built = await buildMutant(FEW_GRANTS_STRETCH_LEASES);
  remove = built.remove;
  cluster = await startCluster({ bundle: built.bundle, settings: SETTINGS, extraWorkers: [DASHBOARD] });
  dashboard = await Dashboard.of(cluster);
}, 120_000);
afterAll(async () => {
  await cluster.close();
  await remove();
});

/** A key in an account of its own, with a lease of the longest length. */
async function keyInUse() {
  const account = new Account(cluster);
  let key = await account.create();
  const query = "SELECT value ->> 'longest_ms' AS ms FROM metadata WHERE name = 'leases_in_use'";
  // Each new key needs a lease of its own at once, which is what stretches them.
  await eventually("the longest leases", async () => {
    key = await account.create();
    expect(await account.statusOf(key.secret)).toBe(200);
    return (await cluster.network.ledgerRows(account.name, query))[0]?.ms === LONGEST_MS;
  });
  return { account, key };
}

test.concurrent.each(WAYS_TO_REVOKE)(
  "revokes a key %s at the first call, after a longer wait than LEASE_MS",
  async (_, revoke) => {
    const { account, key } = await keyInUse();
    const startedAt = performance.now();
    expect([200, 201, true]).toContain(await revoke({ cluster, dashboard, account, key }));
    expect(performance.now() - startedAt).toBeGreaterThan(SETTINGS.LEASE_MS + SETTINGS.LEDGER_TIMEOUT_MS);
    expect(await account.statusOf(key.secret)).toBe(401);
    expect((await account.get(key.id)).revoked_at).not.toBeNull();
  },
);
