/**
 * Strict mode, LEASE_MS = 0: the ledger is asked before every forward and before every answer.
 *
 * The promise is that of revocation.test.ts, at the price of two ledger calls a request; both are shown
 * here. Calls are counted where they pass.
 */

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type GatewayCluster, startCluster } from "../support/gateway-cluster.ts";
import { bearer, busyKey, expectCutAtOrigin, revoked, use } from "../support/key-use.ts";
import { never, trickle } from "../support/origin-behaviours.ts";
import { RawConnection } from "../support/raw-http.ts";

const GATEWAYS = [0, 1];

describe("what it costs", () => {
  let cluster: GatewayCluster;
  beforeAll(async () => {
    // With a margin this long no request takes long enough to be looked after in between.
    cluster = await startCluster({ settings: { LEASE_MS: 0, LEASE_MARGIN_MS: 10_000 } });
  });
  afterAll(() => cluster.close());

  test("two ledger calls a request, whether it is the first or not", async () => {
    const key = await cluster.createKey();
    await cluster.distance.resetCounts();
    for (let count = 1; count <= 10; count++) {
      expect((await use(cluster, key)).status).toBe(200);
      expect((await cluster.distance.counts()).ledgerCalls).toEqual({ lease: 2 * count });
    }
    expect((await cluster.distance.counts()).kvGets).toBe(1);
  });

  test("one ledger call for what is not forwarded", async () => {
    const key = await cluster.createKey({ permissions: ["posts:read"] });
    await cluster.distance.resetCounts();
    expect((await use(cluster, key, 0, "/v1/webhooks")).status).toBe(403);
    expect((await use(cluster, key, 0, "/v1/nothing")).status).toBe(404);
    expect((await cluster.distance.counts()).ledgerCalls).toEqual({ lease: 2 });
  });
});

describe("what it gives", () => {
  let cluster: GatewayCluster;
  let connections: RawConnection[];

  beforeAll(async () => {
    cluster = await startCluster({ gateways: GATEWAYS.length, settings: { LEASE_MS: 0 } });
  });
  afterAll(() => cluster.close());
  beforeEach(() => {
    cluster.live.clear();
    connections = [];
  });
  afterEach(() => {
    for (const connection of connections) connection.close();
  });

  test("a revoked key is refused on every gateway, a waiting request gets 401, and the origin is cut off", async () => {
    const key = await busyKey(cluster);
    cluster.live.respond = never();
    const waiting = GATEWAYS.map((gateway) => use(cluster, key, gateway));
    await cluster.live.arrived(GATEWAYS.length);
    await cluster.revoke(key.account, key.id);
    for (const gateway of GATEWAYS) expect((await use(cluster, key, gateway)).status).toBe(401);
    for (const response of await Promise.all(waiting)) expect(response.status).toBe(401);
    await expectCutAtOrigin(cluster.live.requests);
    expect(cluster.live.requests).toHaveLength(GATEWAYS.length);
  });

  test("an upload is cut and gets 401", async () => {
    const key = await busyKey(cluster);
    cluster.live.respond = never();
    const connection = await RawConnection.open(cluster.gateway(1));
    connections.push(connection);
    const exchange = connection.expect("POST");
    await connection.write(
      `POST /v1/posts HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${key.secret}\r\nContent-Length: 1000\r\n\r\nfirst`,
    );
    const request = await cluster.live.arrived();
    await cluster.revoke(key.account, key.id);
    expect((await exchange.response()).status).toBe(401);
    await request.closed;
    expect([request.aborted, request.bodyComplete]).toEqual([true, false]);
  });

  test.each([
    ["in chunks", "0123456789", false],
    ["with a small length", "0123456789", true],
    ["with a large length", "x".repeat(1000), true],
  ])("a download %s is aborted, and no byte arrives after the answer", async (_, piece, contentLength) => {
    const key = await busyKey(cluster);
    cluster.live.respond = trickle(Array(3000).fill(piece), 20, { contentLength });
    const connection = await RawConnection.open(cluster.gateway(1));
    connections.push(connection);
    const headers = [bearer(key)];
    const exchange = connection.send({ method: "GET", target: "/v1/posts", headers });
    await exchange.bodyReached(2 * piece.length);
    const settledAt = await revoked(cluster, key);
    const response = await exchange.response();
    expect([response.status, response.ended]).toEqual([200, "aborted"]);
    expect(response.lastByteAt).toBeLessThan(settledAt);
  });
});
