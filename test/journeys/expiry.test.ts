/**
 * A key that ends by expiry or scheduled revocation ends on time, and no lease outlasts it.
 *
 * Checked by order: once the key has been refused, no waiting request and no body continues.
 */

import { beforeAll, describe, expect, test } from "vitest";
import type { IssuedKey } from "../support/control-client.ts";
import type { GatewayCluster } from "../support/gateway-cluster.ts";
import { bearer, drainSockets, expectUnauthorized, use } from "../support/key-requests.ts";
import { neverAnswer, trickle } from "../support/origin-behaviours.ts";
import { type Exchange, RawConnection } from "../support/raw-http.ts";
import type { Respond } from "../support/recording-origin.ts";
import { sharedCluster, TWO_GATEWAYS } from "../support/shared.ts";
import { eventually } from "../support/time-limits.ts";

/** Longer than a lease, and long enough to start the requests of a test. */
const LIFE_SECONDS = 8;
/** From here on a key that ends is used all the time. */
const CLOSE_MS = 500;

let cluster: GatewayCluster;

beforeAll(async () => {
  cluster = await sharedCluster(TWO_GATEWAYS);
});

/** A request whose target is the key's own, because the tests run concurrently. */
async function start(key: IssuedKey, respond: Respond): Promise<{ exchange: Exchange; target: string }> {
  const target = `/v1/posts/${key.id}`;
  cluster.live.respondAt(target, respond);
  const connection = await RawConnection.open(cluster.gateway(0));
  return { exchange: connection.send({ method: "GET", target, headers: [bearer(key)] }), target };
}

/**
 * Waits until the key is refused, and returns a moment by which every byte sent before has been read. Until then it
 * checks that no request that starts after `endsAt` is accepted; all clocks here are the machine's.
 */
async function ended(key: IssuedKey, endsAt: number): Promise<number> {
  await eventually("the end of the key", async () => {
    const isOver = Date.now() > endsAt;
    const { status } = await use(cluster, key);
    expect(isOver ? [401] : [200, 401]).toContain(status);
    if (Date.now() < endsAt - CLOSE_MS) await new Promise((resolve) => setTimeout(resolve, 200));
    return status === 401;
  });
  return await drainSockets();
}

describe.concurrent.each([
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
    const { exchange, target } = await start(key, neverAnswer());
    const request = await eventually("the request", () => cluster.live.requestsAt(target)[0]);
    const response = await exchange.response();
    expectUnauthorized(response);
    expect(Date.now()).toBeGreaterThanOrEqual(endsAt);
    await request?.closed;
    expect(request?.aborted).toBe(true);
  });

  test.each([
    ["chunked", false],
    ["with a length", true],
  ])("aborts a download %s", async (_, contentLength) => {
    const key = await make();
    const { exchange } = await start(key, trickle(Array(3000).fill("0123456789"), 20, { contentLength }));
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
