/**
 * The ledger cannot be reached.
 *
 * Promise: no request passes without a valid lease, and a fault of the ledger is 503, never 401 and never 200; requests in
 * flight and streams end too. Service recovers without intervention. ledger-calls.test.ts covers the repetition of calls.
 */

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { IssuedKey } from "../support/control-client.ts";
import { type GatewayCluster, startCluster } from "../support/gateway-cluster.ts";
import { bearer, expectUnavailable, revokeAndDrain, use } from "../support/key-requests.ts";
import type { Fault } from "../support/network.ts";
import { holdUntilReleased, neverAnswer, trickle } from "../support/origin-behaviours.ts";
import { RawConnection } from "../support/raw-http.ts";
import { eventually } from "../support/time-limits.ts";

const FAULTS: [string, Fault["how"]][] = [
  ["cannot be reached", "fail-before"],
  ["loses its answers", "fail-after"],
  ["hangs", "hang-before"],
];

let cluster: GatewayCluster;
let connection: RawConnection;

beforeAll(async () => {
  cluster = await startCluster({ settings: { LEDGER_TIMEOUT_MS: 1000 } });
});
afterAll(() => cluster.close());
beforeEach(async () => {
  cluster.live.clear();
  connection = await RawConnection.open(cluster.gateway(0));
});
afterEach(async () => {
  connection.close();
  await cluster.network.liftAllFaults();
});

describe.each(FAULTS)("while the ledger %s", (_, how) => {
  const fault = (operation = "lease") => cluster.network.fault({ on: "ledger", operation, how });

  test("a key without a lease gets 503 with Retry-After, and is not forwarded", async () => {
    const key = await cluster.createKey();
    const lift = await fault();
    expectUnavailable(await use(cluster, key));
    expect(cluster.live.requests).toEqual([]);
    await lift();
    expect((await use(cluster, key)).status).toBe(200);
  });

  test("a key with a lease works until the lease expires, then gets 503", async () => {
    const key = await cluster.createKey();
    const lift = await passesDuring(key, () => fault());
    await eventually("the end of the lease", async () => (await use(cluster, key)).status !== 200);
    cluster.live.clear();
    expectUnavailable(await use(cluster, key));
    expect(cluster.live.requests).toEqual([]);
    await lift();
    expect((await use(cluster, key)).status).toBe(200);
  });

  test("a request that waits on the origin gets 503, and its connection to the origin is closed", async () => {
    const key = await cluster.createKey();
    cluster.live.respond = neverAnswer();
    const waiting = use(cluster, key);
    const request = await cluster.live.arrived();
    await fault();
    expectUnavailable(await waiting);
    await request.closed;
    expect(request.aborted).toBe(true);
  });

  test("an upload gets 503 and is aborted", async () => {
    const key = await cluster.createKey();
    cluster.live.respond = neverAnswer();
    const exchange = connection.expect("POST");
    await connection.write(
      `POST /v1/posts HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${key.secret}\r\nContent-Length: 1000\r\n\r\nfirst`,
    );
    const request = await cluster.live.arrived();
    await fault();
    expectUnavailable(await exchange.response());
    await request.closed;
    expect([request.aborted, request.bodyComplete]).toEqual([true, false]);
  });

  test.each([
    ["chunked", false],
    ["with a length", true],
  ])("a download %s is aborted", async (_name, contentLength) => {
    const key = await cluster.createKey();
    cluster.live.respond = trickle(Array(3000).fill("0123456789"), 20, { contentLength });
    const exchange = connection.send({ method: "GET", target: "/v1/posts", headers: [bearer(key)] });
    await exchange.bodyReached(20);
    await fault();
    const response = await exchange.response();
    expect([response.status, response.ended]).toEqual([200, "aborted"]);
    const [request] = cluster.live.requests;
    await request?.closed;
    expect(request?.aborted).toBe(true);
  });

  test("the control plane gets 503", async () => {
    const key = await cluster.createKey();
    const lifts = [await fault("revokeKey"), await fault("listKeys")];
    const path = `/accounts/${key.account}/keys`;
    expectUnavailable((await cluster.control("GET", path)).response);
    expectUnavailable((await cluster.control("POST", `${path}/${key.id}/revoke`, {})).response);
    for (const lift of lifts) await lift();
    await cluster.revoke(key.account, key.id);
    expect((await use(cluster, key)).status).toBe(401);
  });
});

describe("while lease calls hang but revocations do not", () => {
  test("a download ends with its last lease, before revoke answers", async () => {
    const key = await cluster.createKey();
    cluster.live.respond = trickle(Array(3000).fill("0123456789"), 20);
    const exchange = connection.send({ method: "GET", target: "/v1/posts", headers: [bearer(key)] });
    await exchange.bodyReached(20);
    await cluster.network.fault({ on: "ledger", operation: "lease", how: "hang-before" });
    const settledAt = await revokeAndDrain(cluster, key);
    const response = await exchange.response();
    expect(response.ended).toBe("aborted");
    expect(response.lastByteAt).toBeLessThan(settledAt);
  });

  test("a request that the origin answers after revoke gets no 200", async () => {
    const key = await cluster.createKey();
    const origin = holdUntilReleased(cluster.live.answerJson);
    cluster.live.respond = origin.respond;
    const waiting = use(cluster, key);
    await cluster.live.arrived();
    await cluster.network.fault({ on: "ledger", operation: "lease", how: "hang-before" });
    await revokeAndDrain(cluster, key);
    origin.release();
    expect([401, 503]).toContain((await waiting).status);
  });
});

test("a request under a valid lease calls neither KV nor the ledger", async () => {
  const key = await cluster.createKey();
  await passesDuring(key, async () => {
    const lifts = [
      await cluster.network.fault({ on: "ledger", how: "hang-before" }),
      await cluster.network.fault({ on: "kv", how: "hang-before" }),
    ];
    return async () => {
      for (const lift of lifts) await lift();
    };
  });
});

/**
 * Checks that a key with a fresh lease passes during a fault, and leaves the fault in place. Repeated if a slow machine
 * let the lease expire in between.
 */
async function passesDuring(
  key: IssuedKey,
  begin: () => Promise<() => Promise<void>>,
): Promise<() => Promise<void>> {
  let lift = async () => {};
  await eventually("a request under a lease", async () => {
    await lift();
    expect((await use(cluster, key)).status).toBe(200);
    lift = await begin();
    return (await use(cluster, key)).status === 200;
  });
  return lift;
}
