/**
 * Revocations that are repeated, concurrent, abandoned by their caller, or interrupted by a ledger restart.
 *
 * Promise: a revocation is durable before any answer, so it stands whatever happens to the call; every repeated call gets
 * the same answer, no earlier than the key is revoked everywhere.
 */

import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import { CLOCK_STEP_MAX_MS } from "../../src/ledger/lease-book.ts";
import type { IssuedKey } from "../support/control-client.ts";
import type { GatewayCluster } from "../support/gateway-cluster.ts";
import { busyKey, expectRefusedEverywhere, use } from "../support/key-requests.ts";
import { RawConnection } from "../support/raw-http.ts";
import { sharedCluster, TWO_GATEWAYS } from "../support/shared.ts";
import { eventually } from "../support/time-limits.ts";

const GATEWAYS = [0, 1];
/** LEASE_MS and LEASE_MARGIN_MS of wrangler.toml, and a little: after that no lease is out. */
const ALL_LEASES_OVER_MS = 1300 + CLOCK_STEP_MAX_MS;

let cluster: GatewayCluster;

beforeAll(async () => {
  cluster = await sharedCluster(TWO_GATEWAYS);
});
beforeEach(() => cluster.live.clear());

/** Waits until the ledger has the revocation on disk, and returns its `effective_at`. */
function tombstone({ account, id }: IssuedKey): Promise<string> {
  const query = `SELECT effective_at FROM keys WHERE id = '${id}' AND revoked_at IS NOT NULL`;
  return eventually("the revocation in the ledger", async () => {
    const [row] = await cluster.network.ledgerRows(account, query);
    return row === undefined ? "" : new Date(Number(row.effective_at)).toISOString();
  });
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

describe("the answer of revoke", () => {
  test("is the same when repeated on any gateway, and the key shows its moment", async () => {
    const key = await busyKey(cluster);
    const first = await cluster.revoke(key.account, key.id);
    const again = await cluster.revoke(key.account, key.id, { to: cluster.gateway(1) });
    expect(again.json).toEqual(first.json);
    expect(first.json).toMatchObject({
      id: key.id,
      revoked_at: expect.any(String),
      waited_ms: expect.any(Number),
    });
    const shown = await cluster.control("GET", `/accounts/${key.account}/keys/${key.id}`);
    expect(shown.json).toMatchObject({ state: "revoked", revoked_at: first.json.revoked_at });
  });

  test("is the same for two concurrent calls, and neither is answered while the key works", async () => {
    const key = await busyKey(cluster);
    const ask = async (gateway: number) => {
      const answer = await cluster.revoke(key.account, key.id, { to: cluster.gateway(gateway) });
      await expectRefusedEverywhere(cluster, key);
      return answer.json;
    };
    const [first, second] = await Promise.all(GATEWAYS.map(ask));
    expect(second).toEqual(first);
  });

  test("contains the wait for the last lease of a busy key", async () => {
    const key = await busyKey(cluster);
    const { json } = await cluster.revoke(key.account, key.id);
    expect(json.waited_ms).toBeGreaterThan(0);
    expect(Date.parse(json.effective_at) - Date.parse(json.revoked_at)).toBe(json.waited_ms);
    // Not earlier than it says.
    expect(Date.now()).toBeGreaterThanOrEqual(Date.parse(json.effective_at));
  });

  test("contains no wait for an idle key, unless the ledger has just started", async () => {
    const [unused, usedBefore] = [await cluster.createKey(), await busyKey(cluster)];
    await sleep(ALL_LEASES_OVER_MS);
    for (const key of [unused, usedBefore]) {
      expect((await cluster.revoke(key.account, key.id)).json.waited_ms).toBe(0);
      await expectRefusedEverywhere(cluster, key);
    }
    const other = await busyKey(cluster);
    await cluster.network.restartLedger(other.account);
    expect((await cluster.revoke(other.account, other.id)).json.waited_ms).toBeGreaterThan(0);
  });

  test("is 404 for an unknown key, and for a key of another account", async () => {
    const key = await busyKey(cluster);
    const paths = [
      `/accounts/${key.account}/keys/key_${"0".repeat(22)}/revoke`,
      `/accounts/other/keys/${key.id}/revoke`,
    ];
    for (const path of paths) {
      const answer = await cluster.control("POST", path, {});
      expect([answer.status, answer.json.code]).toEqual([404, "not_found"]);
    }
    expect((await use(cluster, key, 0)).status).toBe(200);
  });
});

test("a revocation whose caller disconnects stands, and the next caller gets its effective_at", async () => {
  const key = await busyKey(cluster);
  const connection = await RawConnection.open(cluster.gateway(0));
  connection.send({
    method: "POST",
    target: `/control/v1/accounts/${key.account}/keys/${key.id}/revoke`,
    headers: [["Authorization", `Bearer ${cluster.settings.CONTROL_TOKEN}`]],
  });
  const effectiveAt = await tombstone(key);
  connection.destroy();

  const again = await cluster.revoke(key.account, key.id, { to: cluster.gateway(1) });
  expect(again.json.effective_at).toBe(effectiveAt);
  await expectRefusedEverywhere(cluster, key);
});

test("a revocation whose answer is lost is repeated, and has happened once", async () => {
  const key = await busyKey(cluster, { account: "lost-answer" });
  await cluster.network.fault({ on: "ledger", operation: "revokeKey", how: "fail-after", times: 1 });
  await cluster.revoke(key.account, key.id);
  await expectRefusedEverywhere(cluster, key);
  const events = await cluster.network.ledgerRows(
    key.account,
    "SELECT * FROM events WHERE action = 'revoked'",
  );
  expect(events).toHaveLength(1);
});

describe("when the ledger restarts while revoke waits", () => {
  test("the answer of this call or the next names the same moment, and the key is revoked", async () => {
    const key = await busyKey(cluster, { account: "restarted" });
    const call = cluster.control("POST", `/accounts/${key.account}/keys/${key.id}/revoke`, {});
    const effectiveAt = await tombstone(key);
    await cluster.network.restartLedger(key.account);
    const first = await call;
    if (first.status === 200) {
      expect(first.json.effective_at).toBe(effectiveAt);
      await expectRefusedEverywhere(cluster, key);
    } else {
      expect(first.status).toBe(503);
    }
    const again = await cluster.revoke(key.account, key.id);
    expect(again.json.effective_at).toBe(effectiveAt);
    await expectRefusedEverywhere(cluster, key);
  });

  test("no request is accepted after an answer, however often the ledger restarts", async () => {
    const key = await busyKey(cluster, { account: "restarted-often" });
    const revoking = (async () => {
      for (;;) {
        const answer = await cluster.control("POST", `/accounts/${key.account}/keys/${key.id}/revoke`, {});
        if (answer.status === 200) return;
        expect(answer.status).toBe(503);
      }
    })();
    await tombstone(key);
    for (let restart = 0; restart < 3; restart++) {
      await cluster.network.restartLedger(key.account);
      await sleep(50);
    }
    await revoking;
    await expectRefusedEverywhere(cluster, key);
  });
});

test("a ledger without memory of its leases waits as if it had just granted one", async () => {
  const key = await busyKey(cluster, { account: "forgetful" });
  await cluster.network.restartLedger(key.account);
  // Both gateways still hold a lease that the ledger granted before its restart.
  const answer = await cluster.revoke(key.account, key.id);
  expect(answer.json.waited_ms).toBeGreaterThan(0);
  await expectRefusedEverywhere(cluster, key);
});
