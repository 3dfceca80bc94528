// Lowering a limit is a restriction like any other: from its answer on no gateway admits a request above the new limit.
// Publish requests, whose windows are real hours, on two gateways.

import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { Account } from "../control/account.ts";
import { type GatewayCluster, startCluster } from "../support/gateway-cluster.ts";

const LEASE_MS = 500;
const MARGIN_MS = 100;
const HOUR_MS = 3_600_000;
/** Maximum duration of a test: a window that ends no sooner does not end during one. */
const TEST_MAX_MS = 10_000;
const PRO_PUBLISHES = 300;
/** Far less than a lease. */
const BETWEEN_USES_MS = 15;

let cluster: GatewayCluster;
let account: Account;

beforeAll(async () => {
  cluster = await startCluster({
    gateways: 2,
    settings: { LEASE_MS, LEASE_MARGIN_MS: MARGIN_MS, DEFAULT_TIER: "pro" },
  });
});
afterAll(() => cluster.close());
beforeEach(async () => {
  account = new Account(cluster);
  const leftMs = HOUR_MS - (Date.now() % HOUR_MS);
  if (leftMs < TEST_MAX_MS) await new Promise((resolve) => setTimeout(resolve, leftMs + 50));
}, 2 * TEST_MAX_MS);

const limits = (publish_per_hour: number) => ({ requests_per_minute: 1000, publish_per_hour });

/** Publishes on both gateways by turns; each answer's status and limit. */
async function publish(
  secret: string,
  times: number,
): Promise<[status: number, limit: string | undefined][]> {
  const answers: [number, string | undefined][] = [];
  for (let i = 0; i < times; i++) {
    const use = { gateway: i % 2, method: "POST", target: "/v1/posts/post_1/publish" };
    const { status, header } = await account.use(secret, use).then((answer) => ({
      status: answer.status,
      header: answer.header("X-RateLimit-Limit"),
    }));
    answers.push([status, header]);
  }
  return answers;
}

const each = (times: number, status: number, limit: number | undefined) =>
  Array.from({ length: times }, () => [status, limit === undefined ? undefined : String(limit)]);

interface Lowering {
  readonly tier: unknown;
  readonly lower: (id: string) => Promise<{ effective_at?: string; waited_ms?: number }>;
}

const LOWERINGS: Readonly<Record<string, Lowering>> = {
  "the limits of the key": { tier: "pro", lower: (id) => account.change(id, { limits: limits(4) }) },
  "the limits of the key, where the tier has none": {
    tier: "unlimited",
    lower: (id) => account.change(id, { limits: limits(4) }),
  },
  "the tier": {
    tier: "pro",
    lower: async () => (await account.call("PUT", "", { tier: limits(4) })).json,
  },
  "the tier, where the key has limits that are higher": {
    tier: "unlimited",
    lower: async (id) => {
      await account.change(id, { limits: limits(200) });
      return (await account.call("PUT", "", { tier: limits(4) })).json;
    },
  },
  "the limits of all keys of the account": {
    tier: "pro",
    lower: async () => (await account.call("PUT", "", { policy: { account_limits: limits(4) } })).json,
  },
  "the limits of all keys of the account, where the tier has none": {
    tier: "unlimited",
    lower: async () => (await account.call("PUT", "", { policy: { account_limits: limits(4) } })).json,
  },
};

describe.each(Object.entries(LOWERINGS))("lowering %s", (_, { tier, lower }) => {
  test("is answered when no gateway admits more than the new limit", async () => {
    await account.call("PUT", "", { tier });
    const { id, secret } = await account.create();
    const before = await publish(secret, 8);
    expect(before).toEqual(each(8, 200, tier === "pro" ? PRO_PUBLISHES : undefined));
    const lowered = await lower(id);
    expect(lowered.waited_ms).toBe(LEASE_MS + MARGIN_MS);
    expect(Date.now()).toBeGreaterThanOrEqual(Date.parse(lowered.effective_at ?? ""));

    cluster.live.clear();
    const after = await publish(secret, 20);
    // Without a limit before, nothing has counted yet.
    const admitted = after.filter(([status]) => status === 200).length;
    expect(admitted).toBeLessThanOrEqual(tier === "pro" ? 0 : 4);
    expect(new Set(after.map(([, limit]) => limit))).toEqual(new Set(["4"]));
    expect(cluster.live.requests).toHaveLength(admitted);
  });
});

test("a limit is lowered while the key is used all the time: no request that starts after the answer is admitted", async () => {
  const { id, secret } = await account.create();
  const admittedAt: number[] = [];
  let isOver = false;
  const loops = [0, 1].map(async (gateway) => {
    while (!isOver) {
      const startedAt = Date.now();
      const use = { gateway, method: "POST", target: "/v1/posts/post_1/publish" };
      if ((await account.statusOf(secret, use)) === 200) admittedAt.push(startedAt);
      await new Promise((resolve) => setTimeout(resolve, BETWEEN_USES_MS));
    }
  });
  await expect.poll(() => admittedAt.length, { timeout: 10_000 }).toBeGreaterThan(20);
  await account.change(id, { limits: limits(10) });
  const answeredAt = Date.now();
  await new Promise((resolve) => setTimeout(resolve, 2 * LEASE_MS));
  isOver = true;
  await Promise.all(loops);
  expect(admittedAt.filter((startedAt) => startedAt > answeredAt)).toEqual([]);
});

test("raising them is answered at once, and holds within a lease", async () => {
  const { id, secret } = await account.create({ limits: limits(2) });
  expect((await publish(secret, 8)).at(-1)).toEqual([429, "2"]);
  const raised = await account.change(id, { limits: limits(50) });
  expect(Object.keys(raised)).not.toContain("waited_ms");
  await expect.poll(() => publish(secret, 2), { timeout: 5000 }).toEqual(each(2, 200, 50));
});

test("a key's limits above the tier's do not raise them, and hold when the tier allows them", async () => {
  await account.call("PUT", "", { tier: limits(3) });
  const { id, secret } = await account.create({ limits: limits(60) });
  const other = await account.create();
  expect((await publish(secret, 1))[0]).toEqual([200, "3"]);
  await account.call("PUT", "", { tier: "pro" });
  await expect.poll(() => publish(secret, 2), { timeout: 5000 }).toEqual(each(2, 200, 60));
  expect(await publish(other.secret, 2)).toEqual(each(2, 200, PRO_PUBLISHES));
  expect(await account.get(id)).toMatchObject({ limits: limits(60) });
});

test("a successor has the limits of its key; an imported key has the tier's", async () => {
  const { id } = await account.create({ limits: limits(7) });
  const successor = await account.rotate(id, 60);
  expect(successor.limits).toEqual(limits(7));
  expect((await publish(successor.secret, 1))[0]).toEqual([200, "7"]);
  const row = { sha256: "4".repeat(64), name: "old", mode: "live" };
  await account.call("POST", "/keys/import", { keys: [row] });
  expect((await account.keys()).find(({ name }) => name === "old")?.limits).toBeNull();
});

test("the keys of an account share its limits: one after another, exactly as many requests are admitted", async () => {
  await account.call("PUT", "", { tier: "unlimited", policy: { account_limits: limits(7) } });
  const keys = [await account.create(), await account.create({ mode: "test" }), await account.create()];
  const answers: [number, string | undefined][] = [];
  for (let i = 0; i < 4; i++) {
    for (const { secret } of keys) answers.push(...(await publish(secret, 1)));
  }
  expect(answers).toEqual([...each(7, 200, 7), ...each(5, 429, 7)]);
  await account.call("PUT", "", { policy: { account_limits: null } });
  const [first] = keys;
  await expect.poll(() => publish(first?.secret ?? "", 1), { timeout: 5000 }).toEqual([[200, undefined]]);
});
