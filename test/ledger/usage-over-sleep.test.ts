// Usage figures over HTTP: they never go backwards, and survive the ledger's hibernation after ten idle seconds.

import { afterAll, beforeAll, expect, test } from "vitest";
import { Account } from "../control/account.ts";
import { type GatewayCluster, startCluster } from "../support/gateway-cluster.ts";

/** An idle object hibernates after 10 s. */
const ASLEEP_AFTER_MS = 12_000;

let cluster: GatewayCluster;

beforeAll(async () => {
  cluster = await startCluster({ settings: { LEASE_MS: 100, LEASE_MARGIN_MS: 60 } });
});
afterAll(() => cluster.close());

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

test("uses that were shown, and uses that were not, are shown after the ledger has slept", async () => {
  const account = new Account(cluster);
  const shown = await account.create();
  const unseen = await account.create({ name: "unseen" });
  // Each request comes after its lease has expired, and reports the one before.
  for (let i = 0; i < 4; i++) {
    await account.use(shown.secret);
    await account.use(unseen.secret);
    await pause(150);
  }
  const before = await account.get(shown.id);
  expect(before.use_count).toBe(3);
  await pause(ASLEEP_AFTER_MS);
  expect(await account.get(shown.id)).toEqual(before);
  expect(await account.get(unseen.id)).toMatchObject({ use_count: 3, last_used_at: expect.any(String) });
}, 60_000);
