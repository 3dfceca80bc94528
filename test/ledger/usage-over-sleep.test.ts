// Usage figures over HTTP: they never go backwards, and survive the ledger's hibernation after ten idle seconds.

import { beforeAll, expect, test } from "vitest";
import { Account } from "../control/account.ts";
import { CONTROL } from "../control/control-clusters.ts";
import type { GatewayCluster } from "../support/gateway-cluster.ts";
import { sharedCluster } from "../support/shared.ts";

/** An idle object hibernates after 10 s. */
const ASLEEP_AFTER_MS = 12_000;

let cluster: GatewayCluster;

beforeAll(async () => {
  cluster = await sharedCluster(CONTROL);
});

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

test("uses that were shown, and uses that were not, are shown after the ledger has slept", async () => {
  const account = new Account(cluster);
  const shown = await account.create();
  const unseen = await account.create({ name: "unseen" });
  // Each request comes after its lease has expired, and reports the one before; on a slow machine the last one reports
  // itself too.
  for (let i = 0; i < 4; i++) {
    await account.use(shown.secret);
    await account.use(unseen.secret);
    await pause(300);
  }
  const before = await account.get(shown.id);
  expect([3, 4]).toContain(before.use_count);
  await pause(ASLEEP_AFTER_MS);
  expect(await account.get(shown.id)).toEqual(before);
  const { use_count, last_used_at } = await account.get(unseen.id);
  expect([3, 4]).toContain(use_count);
  expect(last_used_at).not.toBeNull();
}, 60_000);
