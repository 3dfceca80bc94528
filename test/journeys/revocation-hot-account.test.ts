/**
 * An account with so many lease calls that its leases are stretched: revoking its keys takes longer, but never longer
 * than the receipt says, and is as final as ever.
 *
 * The Worker is built with one constant changed, the number of leases per second above which they are stretched.
 */

import { afterAll, beforeAll, expect, test } from "vitest";
import { buildMutant } from "../support/changed-worker.ts";
import type { IssuedKey } from "../support/control-client.ts";
import { type GatewayCluster, startCluster } from "../support/gateway-cluster.ts";
import { use } from "../support/key-requests.ts";
import { FEW_GRANTS_STRETCH_LEASES } from "../support/stretched-leases.ts";
import { eventually } from "../support/time-limits.ts";

const GATEWAYS = [0, 1, 2];
const SETTINGS = { LEASE_MS: 300, LEASE_MAX_MS: 1500, LEASE_MARGIN_MS: 200 };
const SHORTEST_MS = SETTINGS.LEASE_MS + SETTINGS.LEASE_MARGIN_MS;
const LONGEST_MS = SETTINGS.LEASE_MAX_MS + SETTINGS.LEASE_MARGIN_MS;
const HOT = "hot";

let cluster: GatewayCluster;
let remove: () => Promise<void>;
let isOver = false;
let load: Promise<void>;

beforeAll(async () => {
  const built = await buildMutant(FEW_GRANTS_STRETCH_LEASES);
  remove = built.remove;
  cluster = await startCluster({ bundle: built.bundle, gateways: GATEWAYS.length, settings: SETTINGS });
  const key = await cluster.createKey({ account: HOT });
  load = keepHot(key);
  await eventually("the longest leases there are", async () => (await longestOnDiskMs(HOT)) === LONGEST_MS);
}, 120_000);
afterAll(async () => {
  isOver = true;
  await load;
  await cluster.close();
  await remove();
});

/** Sends requests throughout, so that the account stays hot. Requests may fail while a ledger restarts. */
async function keepHot(key: IssuedKey): Promise<void> {
  while (!isOver) {
    await Promise.allSettled(GATEWAYS.map((gateway) => use(cluster, key, gateway)));
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** How long the longest lease can have to run, as the ledger has it on disk. */
async function longestOnDiskMs(account: string): Promise<number> {
  const query = "SELECT value FROM metadata WHERE name = 'leases_in_use'";
  const [row] = await cluster.network.ledgerRows(account, query);
  return row ? JSON.parse(String(row.value)).longest_ms : 0;
}

async function busyKey(account: string): Promise<IssuedKey> {
  const key = await cluster.createKey({ account });
  for (const gateway of GATEWAYS) expect((await use(cluster, key, gateway)).status).toBe(200);
  return key;
}

async function expectRefusedEverywhere(key: IssuedKey): Promise<void> {
  for (const gateway of GATEWAYS) expect((await use(cluster, key, gateway)).status).toBe(401);
}

test("a revocation waits no longer than its receipt says, and no request is accepted afterwards", async () => {
  const key = await busyKey(HOT);
  const { json } = await cluster.revoke(HOT, key.id);
  await expectRefusedEverywhere(key);
  expect(json.lease_bound_ms).toBe(LONGEST_MS);
  expect(json.waited_ms).toBeLessThanOrEqual(json.lease_bound_ms);
  expect((await cluster.revoke(HOT, key.id)).json).toEqual(json);
});

test("the same after a restart of the ledger, which has lost its leases", async () => {
  const key = await busyKey(HOT);
  await cluster.network.restartLedger(HOT);
  const { json } = await cluster.revoke(HOT, key.id);
  await expectRefusedEverywhere(key);
  expect(json.lease_bound_ms).toBe(LONGEST_MS);
  expect(json.waited_ms).toBeLessThanOrEqual(json.lease_bound_ms);
});

test("revocations in another account are not delayed", async () => {
  const key = await cluster.createKey({ account: "quiet" });
  await cluster.network.restartLedger("quiet");
  const { json } = await cluster.revoke("quiet", key.id);
  expect(json.lease_bound_ms).toBe(SHORTEST_MS);
  expect(json.waited_ms).toBeLessThanOrEqual(SHORTEST_MS);
});
