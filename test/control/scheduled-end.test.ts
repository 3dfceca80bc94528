// A scheduled end is exact, and needs no code to run at that moment: a request that starts after it is refused, one in
// flight is aborted, no lease reaches past it, and it survives a restart of the ledger.

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type GatewayCluster, startCluster } from "../support/gateway-cluster.ts";
import { neverAnswer, trickle } from "../support/origin-behaviours.ts";
import { RawConnection } from "../support/raw-http.ts";
import type { RecordedRequest } from "../support/recording-origin.ts";
import { eventually } from "../support/time-limits.ts";
import { Account } from "./account.ts";

/** Longer than a lease, so that no lease outlasts the end, and longer than a busy machine's delays. */
const SOON_MS = 8000;
const LEASE_MS = 6000;
const LEASE_MARGIN_MS = 200;
/** Well before the end of the leases in use. */
const SOONER_MS = 3000;
/** From here on a key that ends is used all the time. */
const CLOSE_MS = 200;
/** Far more than the origin sends until a key ends. */
const PIECES = 1000;

let cluster: GatewayCluster;

beforeAll(async () => {
  cluster = await startCluster({ gateways: 2, settings: { LEASE_MS, LEASE_MARGIN_MS } });
  // The tests run concurrently, so the path selects the origin's behaviour.
  const slow = trickle(Array(PIECES).fill("piece "), 100);
  cluster.live.respond = (request, response, record) => {
    if (request.url?.startsWith("/v1/posts/never-")) return neverAnswer()(request, response, record);
    if (request.url?.startsWith("/v1/posts/slowly-")) return slow(request, response, record);
    return cluster.live.answerJson(request, response, record);
  };
});
afterAll(() => cluster.close());

interface EndingKey {
  readonly account: Account;
  readonly id: string;
  readonly secret: string;
  readonly endsAt: number;
}

/** A key in an account of its own, with its end SOON_MS ahead. */
type Ending = () => Promise<EndingKey>;

const byChange: Ending = async () => {
  const account = new Account(cluster);
  const { id, secret } = await account.create();
  const { revokes_at } = await account.change(id, { revokes_at: soon() });
  return { account, id, secret, endsAt: Date.parse(revokes_at ?? "") };
};
const byRotation: Ending = async () => {
  const account = new Account(cluster);
  const { id, secret } = await account.create();
  const { replaces } = await account.rotate(id, SOON_MS / 1000);
  return { account, id, secret, endsAt: Date.parse(replaces.revokes_at ?? "") };
};
const byExpiry: Ending = async () => {
  const account = new Account(cluster);
  const { id, secret, expires_at } = await account.create({ expires_at: soon() });
  return { account, id, secret, endsAt: Date.parse(expires_at ?? "") };
};
const ENDINGS = [
  ["a scheduled revocation", byChange],
  ["the end of a rotation's overlap", byRotation],
  ["an expiry", byExpiry],
] as const;

function soon(): string {
  return new Date(Date.now() + SOON_MS).toISOString();
}

/** Uses the key on a gateway until it is refused; no request that starts at its end or later may succeed. */
async function useUntilTheEnd({ account, secret, endsAt }: EndingKey, gateway: number): Promise<number> {
  for (let passed = 0; ; passed++) {
    const startedAt = Date.now();
    const status = await account.statusOf(secret, { gateway });
    if (status === 401) {
      expect(Date.now()).toBeGreaterThanOrEqual(endsAt);
      return passed;
    }
    expect(status).toBe(200);
    expect(startedAt, "a request that passed started before the end").toBeLessThan(endsAt);
    await new Promise((resolve) => setTimeout(resolve, startedAt < endsAt - CLOSE_MS ? CLOSE_MS : 5));
  }
}

describe.concurrent.each(ENDINGS)("%s", (_, ending) => {
  test("accepts a busy key until that moment and not after, on every gateway", async () => {
    const key = await ending();
    const passed = await Promise.all([0, 1].map((gateway) => useUntilTheEnd(key, gateway)));
    expect(Math.min(...passed)).toBeGreaterThan(0);
    for (const gateway of [0, 1]) expect(await key.account.statusOf(key.secret, { gateway })).toBe(401);
  });

  test("answers 401 to a request that waits on the origin at that moment", async () => {
    const { account, id, secret } = await ending();
    const response = account.use(secret, { target: `/v1/posts/never-${id}` });
    const record = await arrived(`/v1/posts/never-${id}`);
    expect((await response).status).toBe(401);
    await record.closed;
    expect(record.aborted).toBe(true);
  });

  test("aborts a response body in transit at that moment", async () => {
    const { id, secret } = await ending();
    const connection = await RawConnection.open(cluster.gateway(1));
    const exchange = connection.send({
      method: "GET",
      target: `/v1/posts/slowly-${id}`,
      headers: [["Authorization", `Bearer ${secret}`]],
    });
    await exchange.bodyReached(6);
    const { status, ended, bodyLength } = await exchange.response();
    expect([status, ended]).toEqual([200, "aborted"]);
    expect(bodyLength).toBeLessThan(6 * PIECES);
  });

  test("holds when the ledger restarts before it, and after it", async () => {
    const key = await ending();
    const { account } = key;
    expect(await account.statusOf(key.secret)).toBe(200);
    await cluster.network.restartLedger(account.name);
    await useUntilTheEnd(key, 1);
    await cluster.network.restartLedger(account.name);
    for (const gateway of [0, 1]) expect(await account.statusOf(key.secret, { gateway })).toBe(401);
  });
});

describe.concurrent.each(ENDINGS.slice(0, 2))("after %s", (_, ending) => {
  test("the key is shown as revoked after that moment, and is listed with revoked keys only", async () => {
    const key = await ending();
    const { account } = key;
    const events = await account.events();
    await useUntilTheEnd(key, 0);
    const end = new Date(key.endsAt).toISOString();
    const shown = await account.get(key.id);
    expect(shown).toMatchObject({ state: "revoked", revokes_at: end, revoked_at: end });
    // No code had to run: nothing was written.
    const tombstone = () =>
      cluster.network.ledgerRows(account.name, `SELECT revoked_at FROM keys WHERE id = '${key.id}'`);
    expect(await tombstone()).toEqual([{ revoked_at: null }]);
    expect((await account.keys()).map(({ id }) => id)).not.toContain(key.id);
    expect(await account.keys("revoked")).toContainEqual(shown);
    expect(await account.events()).toEqual(events);
    // The list has written its tombstone, so that the next list need not read it; its view is the same.
    expect(await tombstone()).toEqual([{ revoked_at: key.endsAt }]);
    expect(await account.get(key.id)).toEqual(shown);
  });

  test("revoking the key answers with that moment, and so does revoking it again", async () => {
    const key = await ending();
    await useUntilTheEnd(key, 0);
    const end = new Date(key.endsAt).toISOString();
    const first = await key.account.revoke(key.id);
    expect(first).toMatchObject({ revoked_at: end, effective_at: end, lease_bound_ms: 0, waited_ms: 0 });
    expect(await key.account.revoke(key.id)).toEqual(first);
  });
});

test.concurrent.each(["revokes_at", "expires_at"] as const)(
  "a sooner %s than the leases in use is kept, and answered when none of them outlasts it",
  async (field) => {
    const account = new Account(cluster);
    const { id, secret } = await account.create();
    for (const gateway of [0, 1]) expect(await account.statusOf(secret, { gateway })).toBe(200);
    const end = new Date(Date.now() + SOONER_MS).toISOString();
    const answer = await account.change(id, { [field]: end });
    for (const gateway of [0, 1]) expect(await account.statusOf(secret, { gateway })).toBe(401);
    expect(answer[field]).toBe(end);
    expect(Date.parse(answer.effective_at ?? "")).toBeGreaterThanOrEqual(Date.parse(end));
    expect(answer.waited_ms).toBeGreaterThan(0);
    expect(answer.waited_ms).toBeLessThanOrEqual(LEASE_MS + LEASE_MARGIN_MS);
  },
);

test.concurrent.each(["revokes_at", "expires_at"] as const)(
  "a sooner %s repeated gets the same answer",
  async (field) => {
    const account = new Account(cluster);
    const { id, secret } = await account.create();
    expect(await account.statusOf(secret)).toBe(200);
    const change = { [field]: new Date(Date.now() + 30_000).toISOString() };
    const first = await account.change(id, change);
    expect(first.waited_ms).toBe(0);
    for (let repeat = 0; repeat < 3; repeat++) {
      const { last_used_at: _, use_count: __, ...again } = await account.change(id, change);
      const { last_used_at: ___, use_count: ____, ...same } = first;
      expect(again).toEqual(same);
    }
    expect((await account.events()).filter(({ action }) => action !== "created")).toHaveLength(1);
  },
);

test.concurrent("a key that is revoked before its scheduled end stays revoked when that moment comes", async () => {
  const key = await byChange();
  const revoked = await key.account.revoke(key.id);
  expect(Date.parse(revoked.effective_at)).toBeLessThan(key.endsAt);
  while (Date.now() <= key.endsAt) await new Promise((resolve) => setTimeout(resolve, 20));
  const { effective_at: _, waited_ms: __, lease_bound_ms: ___, ...shown } = revoked;
  expect(await key.account.get(key.id)).toEqual(shown);
  expect(await key.account.statusOf(key.secret)).toBe(401);
});

/** The request to that path, as received by the origin. */
async function arrived(target: string): Promise<RecordedRequest> {
  const find = () => cluster.live.requests.find((one) => one.target === target);
  return (await eventually(`${target} at the origin`, find)) as RecordedRequest;
}
