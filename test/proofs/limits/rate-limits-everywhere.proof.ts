/**
 * One limit for all gateways: five that share no memory, at different distances from the ledger, receive requests with
 * the same keys at a high rate while ledgers restart.
 *
 * Fake, besides the distances: windows last three seconds, in a Worker built for this test. Real windows would take
 * twenty minutes.
 */

import { afterAll, beforeAll, expect, test } from "vitest";
import { buildMutant } from "../../support/changed-worker.ts";
import type { IssuedKey } from "../../support/control-client.ts";
import { type GatewayCluster, startCluster } from "../../support/gateway-cluster.ts";
import { rawRequest } from "../../support/raw-http.ts";
import { IS_WHOLE } from "../share.ts";

const WINDOW_MS = 3000;
const WINDOWS = IS_WHOLE ? 4 : 2;
const KEYS = IS_WHOLE ? 5 : 2;
const LIMIT = 10;
const DELAYS_MS = [0, 20, 60, 120, 250];
const LEASE_MS = 1000;
/** Between two requests of a client: without it the clients would need all of the machine. */
const PAUSE_MS = IS_WHOLE ? 50 : 150;
/** Maximum age of a gateway's knowledge of the others: a lease plus a round trip. */
const NEWS_MAX_MS = LEASE_MS + 2 * 250 + 200;

interface Answer {
  readonly key: number;
  readonly gateway: number;
  readonly status: number;
  readonly remaining: number;
  /** Unix seconds; identifies the window. */
  readonly resetsAt: number;
  /** On this process's clock, which the ledger shares. */
  readonly sentAt: number;
  readonly receivedAt: number;
}

let cluster: GatewayCluster;
let removeBundle: () => Promise<void>;
let keys: IssuedKey[];
let windows: number[];
const answers: Answer[] = [];

beforeAll(async () => {
  const { bundle, remove } = await buildMutant({
    in: "src/rate-limits.ts",
    find: "x = { $REQUESTS: 60_000 }",
    kind: "pair",
    replace: `$REQUESTS: ${WINDOW_MS}`,
  });
  removeBundle = remove;
  cluster = await startCluster({
    bundle,
    gateways: DELAYS_MS.length,
    delaysMs: DELAYS_MS,
    // Long, so that a slow machine does not end a call.
    settings: { LEASE_MS, LEDGER_TIMEOUT_MS: 10_000 },
  });
  keys = await Promise.all(Array.from({ length: KEYS }, (_, index) => keyOf(`account_${index}`)));
  await hammer();
}, 120_000);
afterAll(async () => {
  await cluster.close();
  await removeBundle();
});

async function keyOf(account: string): Promise<IssuedKey> {
  await cluster.control("PUT", `/accounts/${account}`, {
    tier: { requests_per_minute: LIMIT, publish_per_hour: 1 },
  });
  return cluster.createKey({ account });
}

/**
 * Uses every key on every gateway far more often than its limit allows, through all windows and one before: where a window's limit is not used
 * up at its end, requests at the edge also count in the next window.
 */
async function hammer(): Promise<void> {
  const from = (Math.floor(Date.now() / WINDOW_MS) + 2) * WINDOW_MS;
  const until = from + WINDOWS * WINDOW_MS;
  windows = Array.from({ length: WINDOWS }, (_, index) => (from + (index + 1) * WINDOW_MS) / 1000);
  const restarts = keys.map(async ({ account }, index) => {
    await new Promise((resolve) => setTimeout(resolve, from - Date.now() + (index + 0.7) * 1300));
    await cluster.network.restartLedger(account);
  });
  const loops = keys.flatMap((_, key) =>
    DELAYS_MS.map(async (_delay, gateway) => {
      while (Date.now() < until) {
        answers.push(await use(key, gateway));
        await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
      }
    }),
  );
  await Promise.all([...loops, ...restarts]);
}

async function use(key: number, gateway: number): Promise<Answer> {
  const sentAt = Date.now();
  const response = await rawRequest(cluster.gateway(gateway), {
    method: "GET",
    target: "/v1/posts",
    headers: [["Authorization", `Bearer ${keys[key]?.secret}`]],
  });
  return {
    key,
    gateway,
    status: response.status,
    remaining: Number(response.header("X-RateLimit-Remaining")),
    resetsAt: Number(response.header("X-RateLimit-Reset")),
    sentAt,
    receivedAt: Date.now(),
  };
}

function admitted(key: number): Answer[] {
  return answers.filter((answer) => answer.key === key && answer.status === 200);
}

test("every key has more requests than its limit in every window, and every answer is 200 or 429", () => {
  expect([...new Set(answers.map(({ status }) => status))].sort()).toEqual([200, 429]);
  const refused = keys.map((_, key) =>
    windows.map((end) =>
      answers.some((one) => one.key === key && one.status === 429 && one.resetsAt === end),
    ),
  );
  expect(refused).toEqual(keys.map(() => windows.map(() => true)));
});

test(`exactly the limit is admitted in each of ${KEYS * WINDOWS} windows`, () => {
  const counts = keys.map((_, key) =>
    windows.map((end) => admitted(key).filter(({ resetsAt }) => resetsAt === end).length),
  );
  expect(counts).toEqual(keys.map(() => windows.map(() => LIMIT)));
});

test("and no more than the limit between the first and last moment of the window, by the clock", () => {
  for (const [key] of keys.entries()) {
    for (const end of windows) {
      const within = admitted(key).filter(
        ({ sentAt, receivedAt }) => sentAt >= end * 1000 - WINDOW_MS && receivedAt < end * 1000,
      );
      expect(within.length).toBeLessThanOrEqual(LIMIT);
    }
  }
});

test("the advertised remainder never grows within a window, on any gateway", () => {
  const latest = new Map<string, number>();
  for (const { key, gateway, resetsAt, remaining } of answers) {
    const place = `${key} ${gateway} ${resetsAt}`;
    expect(remaining).toBeLessThanOrEqual(latest.get(place) ?? LIMIT);
    latest.set(place, remaining);
  }
});

test("the advertised remainder is never more than the truth, as far as the gateway can know it", () => {
  for (const { key, resetsAt, remaining, sentAt } of answers) {
    const before = admitted(key).filter(
      (other) => other.resetsAt === resetsAt && other.receivedAt < sentAt - NEWS_MAX_MS,
    );
    expect(remaining).toBeLessThanOrEqual(LIMIT - before.length);
  }
});

test("the origin received exactly the admitted requests", () => {
  expect(cluster.live.requests.length).toBe(answers.filter(({ status }) => status === 200).length);
});
