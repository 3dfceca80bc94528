/**
 * A key that ends by expiry or scheduled revocation ends on time, and no lease outlasts it.
 *
 * Checked by order: once the key has been refused, no waiting request and no body continues.
 */

import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { IssuedKey } from "../support/control-client.ts";
import type { GatewayCluster } from "../support/gateway-cluster.ts";
import { bearer, drainSockets, expectUnauthorized, use } from "../support/key-requests.ts";
import { neverAnswer, trickle } from "../support/origin-behaviours.ts";
import { type Exchange, RawConnection } from "../support/raw-http.ts";
import { sharedCluster, TWO_GATEWAYS } from "../support/shared.ts";
import { eventually } from "../support/time-limits.ts";

/** Longer than a lease, and long enough to start the requests of a test. */
const LIFE_SECONDS = 3;

let cluster: GatewayCluster;
let connection: RawConnection;

beforeAll(async () => {
  cluster = await sharedCluster(TWO_GATEWAYS);
});
beforeEach(async () => {
  cluster.live.clear();
  connection = await RawConnection.open(cluster.gateway(0));
  return () => connection.close();
});

function start(key: IssuedKey): Exchange {
  return connection.send({ method: "GET", target: "/v1/posts", headers: [bearer(key)] });
}

/**
 * Waits until the key is refused, and returns a moment by which every byte sent before has been read. Until then it
 * checks that no request that starts after `endsAt` is accepted; all clocks here are the machine's.
 */
async function ended(key: IssuedKey, endsAt: number): Promise<number> {
  const inFlight = cluster.live.respond;
  cluster.live.respond = cluster.live.answerJson;
  await eventually("the end of the key", async () => {
    const isOver = Date.now() > endsAt;
    const { status } = await use(cluster, key);
    expect(isOver ? [401] : [200, 401]).toContain(status);
    return status === 401;
  });
  cluster.live.respond = inFlight;
  return await drainSockets();
}

describe.each([
  {
    end: "an expiry",
    make: () => cluster.createKey({ expires_at: new Date(Date.now() + 1000 * LIFE_SECONDS).toISOString() }),
    endOf: async (key: IssuedKey) => Date.parse(key.expires_at ?? ""),
  },
  {
    end: "a rotation with an overlap",
    make: async () => {
      const key = await cluster.createKey();
      const { status } = await cluster.control("POST", `/accounts/${key.account}/keys/${key.id}/rotate`, {
        overlap_seconds: LIFE_SECONDS,
      });
      expect(status).toBe(201);
      return key;
    },
    endOf: async (key: IssuedKey) => {
      const { json } = await cluster.control("GET", `/accounts/${key.account}/keys/${key.id}`);
      return Date.parse(json.revokes_at);
    },
  },
])("$end", ({ make, endOf }) => {
  test("refuses new requests from its time on, and not before", async () => {
    const key = await make();
    const endsAt = await endOf(key);
    await ended(key, endsAt);
    expect(Date.now()).toBeGreaterThanOrEqual(endsAt);
    const response = await use(cluster, key);
    expectUnauthorized(response);
  });

  test("ends a request that waits on the origin with 401, and closes its connection to the origin", async () => {
    const key = await make();
    const endsAt = await endOf(key);
    cluster.live.respond = neverAnswer();
    const exchange = start(key);
    const request = await cluster.live.arrived();
    const response = await exchange.response();
    expectUnauthorized(response);
    expect(Date.now()).toBeGreaterThanOrEqual(endsAt);
    await request.closed;
    expect(request.aborted).toBe(true);
  });

  test.each([
    ["chunked", false],
    ["with a length", true],
  ])("aborts a download %s", async (_, contentLength) => {
    const key = await make();
    cluster.live.respond = trickle(Array(3000).fill("0123456789"), 20, { contentLength });
    const exchange = start(key);
    await exchange.bodyReached(20);
    const settledAt = await ended(key, await endOf(key));
    const response = await exchange.response();
    expect([response.status, response.ended]).toEqual([200, "aborted"]);
    expect(response.lastByteAt).toBeLessThan(settledAt);
  });
});

test("the control plane refuses a key that expires in the past, and issues nothing", async () => {
  const answer = await cluster.control("POST", "/accounts/acct/keys", {
    name: "too late",
    mode: "live",
    expires_at: new Date(Date.now() - 1000).toISOString(),
  });
  expect([answer.status, answer.json.code]).toEqual([422, "validation_error"]);
  expect(Object.keys(answer.json.details)).toEqual(["expires_at"]);
});

test("the successor of a rotated key works after its predecessor's end", async () => {
  const old = await cluster.createKey();
  const { json: successor } = await cluster.control(
    "POST",
    `/accounts/${old.account}/keys/${old.id}/rotate`,
    {},
  );
  await cluster.revoke(old.account, old.id);
  expect((await use(cluster, old)).status).toBe(401);
  expect((await use(cluster, successor)).status).toBe(200);
});
