/**
 * One client, one request after another over several gateways that share no memory: refused exactly after its limit, since a
 * gateway whose requests have stopped returns the permits that it has not used. The window is a real hour.
 */

import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import type { IssuedKey } from "../support/control-client.ts";
import { type GatewayCluster, startCluster } from "../support/gateway-cluster.ts";
import { type RawResponse, rawRequest } from "../support/raw-http.ts";

const GATEWAYS = 3;
const LIMIT = 40;
const HOUR_MS = 3_600_000;
/** Maximum duration of a test: a window that ends no sooner does not end during one. */
const TEST_MAX_MS = 60_000;

let cluster: GatewayCluster;

beforeAll(async () => {
  cluster = await startCluster({ gateways: GATEWAYS });
});
afterAll(() => cluster.close());
beforeEach(async () => {
  const leftMs = HOUR_MS - (Date.now() % HOUR_MS);
  if (leftMs < TEST_MAX_MS) await new Promise((resolve) => setTimeout(resolve, leftMs + 50));
}, 2 * TEST_MAX_MS);

async function newKey(account: string): Promise<IssuedKey> {
  const tier = { requests_per_minute: 1000, publish_per_hour: LIMIT };
  await cluster.control("PUT", `/accounts/${account}`, { tier });
  return await cluster.createKey({ account });
}

function publish(key: IssuedKey, gateway: number): Promise<RawResponse> {
  return rawRequest(cluster.gateway(gateway), {
    method: "POST",
    target: "/v1/posts/post_1/publish",
    headers: [["Authorization", `Bearer ${key.secret}`]],
  });
}

/** One after another, until one is refused; the number of those that were not. */
async function useUp(key: IssuedKey, gatewayOf: (count: number) => number): Promise<[number, RawResponse]> {
  for (let count = 0; ; count++) {
    const response = await publish(key, gatewayOf(count));
    if (response.status !== 200) return [count, response];
  }
}

test.each([
  ["in turn", (count: number) => count % GATEWAYS],
  ["several on each", (count: number) => Math.floor(count / 7) % GATEWAYS],
])("a client is refused exactly after its limit, %s", { timeout: TEST_MAX_MS }, async (name, gatewayOf) => {
  const key = await newKey(`sequential_${name.replaceAll(" ", "_")}`);
  const [admitted, refused] = await useUp(key, gatewayOf);
  expect([admitted, refused.status]).toEqual([LIMIT, 429]);
  // The end of the hour.
  expect(Number(refused.header("Retry-After"))).toBeGreaterThan(5);
  expect(refused.header("X-RateLimit-Remaining")).toBe("0");
});

test("after a burst on one gateway all of the rest is admitted on another", {
  timeout: TEST_MAX_MS,
}, async () => {
  const key = await newKey("burst");
  const burst = await Promise.all(Array.from({ length: 15 }, () => publish(key, 0)));
  expect(burst.map(({ status }) => status)).toEqual(Array(15).fill(200));
  const [admitted, refused] = await useUp(key, () => 1);
  expect([admitted, refused.status]).toEqual([LIMIT - 15, 429]);
});
