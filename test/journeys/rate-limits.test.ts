/**
 * Rate limits as a client sees them: the documented headers and the documented 429, which requests count, and the cost.
 * One gateway; windows are real minutes and hours.
 */

import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { IssuedKey, NewKey } from "../support/control-client.ts";
import { type GatewayCluster, startCluster } from "../support/gateway-cluster.ts";
import { reply } from "../support/origin-behaviours.ts";
import { type RawResponse, rawRequest } from "../support/raw-http.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
/** Maximum duration of a test: a window that ends no sooner does not end during one. */
const TEST_MAX_MS = 8000;

const FREE = { requests: 60, publish: 10 };
const PUBLISH = { method: "POST", target: "/v1/posts/post_1/publish" };

let cluster: GatewayCluster;
let accounts = 0;

beforeAll(async () => {
  cluster = await startCluster({ settings: { DEFAULT_TIER: "free" } });
});
afterAll(() => cluster.close());
beforeEach(async () => {
  cluster.live.clear();
  const leftMs = MINUTE_MS - (Date.now() % MINUTE_MS);
  if (leftMs < TEST_MAX_MS) await new Promise((resolve) => setTimeout(resolve, leftMs + 50));
});

/** A key in an account of its own. */
function newKey(input: NewKey = {}): Promise<IssuedKey> {
  accounts += 1;
  return cluster.createKey({ account: `limited_${accounts}`, ...input });
}

function use(key: IssuedKey, request: { method?: string; target?: string } = {}): Promise<RawResponse> {
  return rawRequest(cluster.gateway(0), {
    method: "GET",
    target: "/v1/posts",
    ...request,
    headers: [["Authorization", `Bearer ${key.secret}`]],
  });
}

async function useTimes(times: number, key: IssuedKey, request = {}): Promise<RawResponse[]> {
  const answers: RawResponse[] = [];
  for (let count = 0; count < times; count++) answers.push(await use(key, request));
  return answers;
}

/** Status, limit, remaining. */
function limitsOf(answer: RawResponse): (number | null)[] {
  const header = (name: string) => {
    const value = answer.header(name);
    return value === undefined ? null : Number(value);
  };
  return [answer.status, header("X-RateLimit-Limit"), header("X-RateLimit-Remaining")];
}

describe("every response with a valid key", () => {
  test("has the remaining requests, one less each time, and the reset of the window", async () => {
    const key = await newKey();
    const answers = await useTimes(5, key);
    expect(answers.map(limitsOf)).toEqual([59, 58, 57, 56, 55].map((remaining) => [200, 60, remaining]));
    const resetsAt = Math.ceil(Date.now() / MINUTE_MS) * 60;
    for (const answer of answers) {
      expect(answer.header("X-RateLimit-Reset")).toBe(String(resetsAt));
      expect(answer.header("RateLimit-Policy")).toBe('"requests";q=60;w=60');
      expect(answer.header("RateLimit")).toMatch(/^"requests";r=5\d;t=\d\d?$/);
    }
  });

  test("counts and has the headers when it is refused for another reason", async () => {
    const key = await newKey({ permissions: ["posts:read"] });
    const refused = [
      await use(key, { method: "POST" }),
      await use(key, { target: "/v1/nothing" }),
      await use(key, { method: "DELETE" }),
      await use(key, { target: "/v1/accounts" }),
    ];
    expect(refused.map(limitsOf)).toEqual([
      [403, 60, 59],
      [404, 60, 58],
      [400, 60, 57],
      [403, 60, 56],
    ]);
    expect(cluster.live.requests).toHaveLength(0);
  });

  test("never has the origin's own rate-limit headers", async () => {
    const key = await newKey();
    cluster.live.respond = reply(200, [
      ["X-RateLimit-Limit", "5000"],
      ["X-RateLimit-Remaining", "4999"],
      ["RateLimit", '"other";r=1'],
    ]);
    const answer = await use(key);
    expect(limitsOf(answer)).toEqual([200, 60, 59]);
    expect(answer.headers.filter(([name]) => /ratelimit/i.test(name))).toHaveLength(5);
  });
});

test("a 401 has no rate-limit headers and does not count", async () => {
  const [key, testKey] = [await newKey(), await newKey({ mode: "test" })];
  await useTimes(2, key);
  const answers = [
    await use({ ...key, secret: "oct_live_made-up" }),
    await use(testKey, { method: "DELETE", target: "/v1/accounts/acc_1" }),
  ];
  expect(answers.map(limitsOf)).toEqual([
    [401, null, null],
    [401, null, null],
  ]);
  expect(limitsOf(await use(testKey))).toEqual([200, 60, 59]);
});

describe("over the limit", () => {
  test("a key gets the documented 429, the origin receives nothing, and the ledger gets few calls", async () => {
    const key = await newKey();
    const answers = await useTimes(FREE.requests, key);
    expect(answers.map(({ status }) => status)).toEqual(Array(60).fill(200));
    cluster.live.clear();
    await cluster.network.resetCounts();

    const startedAt = Date.now();
    const refused = await useTimes(200, key);
    const leases = (Date.now() - startedAt) / 1000;
    expect(cluster.live.requests).toHaveLength(0);
    for (const answer of refused) {
      expect(limitsOf(answer)).toEqual([429, 60, 0]);
      const seconds = Number(answer.header("Retry-After"));
      expect(seconds).toBeGreaterThanOrEqual(1);
      expect(seconds).toBeLessThanOrEqual(60);
      const resetsAt = new Date(Number(answer.header("X-RateLimit-Reset")) * 1000);
      expect(answer.body.toString()).toBe(
        `{"error":"Rate limit exceeded. Try again in ${seconds} seconds.","code":"rate_limited",` +
          `"details":{"limit":60,"remaining":0,"reset_at":"${resetsAt.toISOString().slice(0, 19)}Z","retry_after":${seconds}}}`,
      );
    }
    const { ledgerCalls } = await cluster.network.counts();
    expect(ledgerCalls.lease ?? 0).toBeLessThanOrEqual(1.2 * leases + 2);
  });

  test("publishing has a separate limit", async () => {
    const key = await newKey();
    const published = await useTimes(FREE.publish + 2, key, PUBLISH);
    expect(published.map(limitsOf)).toEqual([
      ...[9, 8, 7, 6, 5, 4, 3, 2, 1, 0].map((remaining) => [200, 10, remaining]),
      [429, 10, 0],
      [429, 10, 0],
    ]);
    expect(Number(published.at(-1)?.header("X-RateLimit-Reset")) * 1000 - Date.now()).toBeLessThanOrEqual(
      HOUR_MS,
    );
    expect(limitsOf(await use(key))).toEqual([200, 60, 59]);
    // A GET of the same path publishes nothing.
    expect(limitsOf(await use(key, { target: PUBLISH.target }))).toEqual([400, 60, 58]);
  });

  test("each key has its own limit", async () => {
    const key = await newKey();
    const other = await cluster.createKey({ account: `limited_${accounts}` });
    await useTimes(61, key);
    expect(limitsOf(await use(key))).toEqual([429, 60, 0]);
    expect(limitsOf(await use(other))).toEqual([200, 60, 59]);
  });

  test("a revoked key still gets 401", async () => {
    const key = await newKey();
    await useTimes(61, key);
    await cluster.revoke(key.account, key.id);
    expect((await use(key)).status).toBe(401);
  });
});

describe("a request that the gateway fails", () => {
  test("gets its permit refunded if the origin was not reached", async () => {
    const key = await newKey();
    await useTimes(3, key);
    cluster.live.respond = (request) => void request.socket.destroy();
    expect((await useTimes(10, key)).map(({ status }) => status)).toEqual(Array(10).fill(502));
    cluster.live.clear();
    const answers = await useTimes(58, key);
    expect(answers.map(({ status }) => status)).toEqual([...Array(57).fill(200), 429]);
  });

  test("keeps its permit if the origin failed", async () => {
    const key = await newKey();
    cluster.live.respond = reply(503);
    expect((await useTimes(3, key)).map(limitsOf)).toEqual(
      [59, 58, 57].map((remaining) => [503, 60, remaining]),
    );
  });
});

describe("tiers", () => {
  async function setTier(key: IssuedKey, tier: unknown): Promise<void> {
    expect((await cluster.control("PUT", `/accounts/${key.account}`, { tier })).status).toBe(200);
    // Within one lease.
    await new Promise((resolve) => setTimeout(resolve, 1100));
  }

  test.each([
    ["starter", 300, 60],
    ["pro", 1000, 300],
    [{ requests_per_minute: 5000, publish_per_hour: 1000 }, 5000, 1000],
  ])("%j", async (tier, requests, publish) => {
    const key = await newKey();
    await setTier(key, tier);
    expect(limitsOf(await use(key))).toEqual([200, requests, requests - 1]);
    expect(limitsOf(await use(key, PUBLISH))).toEqual([200, publish, publish - 1]);
  });

  test("unlimited has no limit and no headers", async () => {
    const key = await newKey();
    await setTier(key, "unlimited");
    expect((await useTimes(70, key)).map(limitsOf)).toEqual(Array(70).fill([200, null, null]));
  });

  test("a higher tier unblocks an exhausted key within a lease", async () => {
    const key = await newKey();
    await useTimes(61, key);
    await setTier(key, "starter");
    expect((await useTimes(2, key)).map(({ status }) => status)).toContain(200);
  });

  test("a lower tier stops a key within a lease, in the middle of a window", async () => {
    const key = await newKey();
    await setTier(key, "pro");
    await useTimes(70, key);
    await setTier(key, "free");
    await use(key);
    await new Promise((resolve) => setTimeout(resolve, 600));
    await use(key);
    expect(limitsOf(await use(key))).toEqual([429, 60, 0]);
  });
});
