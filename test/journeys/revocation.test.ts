/**
 * Once `revoke` has answered, the key is dead everywhere, for requests that were already under way too.
 *
 * Checked by order on one monotonic clock, as seen at the sockets of the client: after the answer no request
 * is accepted (G1) and no waiting one gets anything but 401 (G2); bodies (G3) are in revocation-bodies.test.ts.
 * What the kernel held by then has left the gateway before, so it is read out first. No test looks at durations.
 */

import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { IssuedKey } from "../support/control-client.ts";
import { type GatewayCluster, startCluster } from "../support/gateway-cluster.ts";
import {
  busyKey,
  expectAbortedAtOrigin,
  expectRefusedEverywhere,
  expectUnauthorized,
  revokeAndDrain,
  use,
} from "../support/key-requests.ts";
import { neverAnswer } from "../support/origin-behaviours.ts";
import { RawConnection, type RawResponse } from "../support/raw-http.ts";
import { eventually } from "../support/time-limits.ts";

const GATEWAYS = [0, 1];

let cluster: GatewayCluster;

beforeAll(async () => {
  cluster = await startCluster({ gateways: GATEWAYS.length });
});
afterAll(() => cluster.close());
beforeEach(() => cluster.live.clear());

describe("after revoke has answered", () => {
  test("the key is refused on every gateway", async () => {
    const key = await busyKey(cluster);
    await revokeAndDrain(cluster, key);
    await expectRefusedEverywhere(cluster, key);
  });

  test("a key that no gateway has met is refused as well", async () => {
    const key = await cluster.createKey();
    await revokeAndDrain(cluster, key);
    await expectRefusedEverywhere(cluster, key);
  });

  test("other keys of the account go on", async () => {
    const [key, other] = [await busyKey(cluster), await busyKey(cluster)];
    await revokeAndDrain(cluster, key);
    for (const gateway of GATEWAYS) expect((await use(cluster, other, gateway)).status).toBe(200);
  });

  test("a rotation without an overlap is one: the old key is dead when it answers, the new one works", async () => {
    const key = await busyKey(cluster);
    const path = `/accounts/${key.account}/keys/${key.id}/rotate`;
    const answer = await cluster.control("POST", path, { overlap_seconds: 0 });
    expect(answer.status).toBe(201);
    await expectRefusedEverywhere(cluster, key);
    for (const gateway of GATEWAYS) expect((await use(cluster, answer.json, gateway)).status).toBe(200);
  });

  test("no request of a constant stream of them on every gateway is accepted", async () => {
    const key = await busyKey(cluster);
    const answers: RawResponse[] = [];
    let stop = false;
    const callers = [...GATEWAYS, ...GATEWAYS].map(async (gateway) => {
      while (!stop) answers.push(await use(cluster, key, gateway));
    });
    await eventually("some traffic", () => answers.length > 20);
    const settledAt = await revokeAndDrain(cluster, key);
    const countThen = answers.length;
    await eventually("more traffic", () => answers.length > countThen + 20);
    stop = true;
    await Promise.all(callers);

    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200, 401]));
    const accepted = answers.filter(({ status }) => status === 200);
    expect(
      accepted.filter(({ startedAt, headersAt = 0 }) => startedAt > settledAt || headersAt > settledAt),
    ).toEqual([]);
  });
});

describe("a request under way when its key is revoked", () => {
  test("that waits on the origin gets 401, and the origin sees its connection close", async () => {
    const key = await busyKey(cluster);
    cluster.live.respond = neverAnswer();
    const waiting = GATEWAYS.map((gateway) => use(cluster, key, gateway));
    await cluster.live.arrived(GATEWAYS.length);
    await revokeAndDrain(cluster, key);
    for (const response of await Promise.all(waiting)) {
      expectUnauthorized(response);
      expect(response.header("WWW-Authenticate")).toBe('Bearer realm="octopost", error="invalid_token"');
    }
    await expectAbortedAtOrigin(cluster.live.requests);
    expect(cluster.live.requests).toHaveLength(GATEWAYS.length);
  });

  test("gets 401 too when the origin answers while revoke waits", async () => {
    const key = await busyKey(cluster);
    let answer = () => {};
    cluster.live.respond = (_request, response) => {
      answer = () => void response.end("too late");
    };
    const waiting = use(cluster, key, 1);
    await cluster.live.arrived();
    const done = cluster.revoke(key.account, key.id);
    await eventually("the revocation in the ledger", () => isTombstone(key));
    answer();
    const { answeredAt } = await done;
    const response = await waiting;
    // Under a lease that still runs the answer may pass; after `revoke` has answered it may not.
    if (response.status === 200) expect(response.headersAt).toBeLessThan(answeredAt);
    else expect(response.status).toBe(401);
    await expectRefusedEverywhere(cluster, key);
  });

  test("a connection that outlives it serves other keys", async () => {
    const [key, other] = [await busyKey(cluster), await busyKey(cluster)];
    const connection = await RawConnection.open(cluster.gateway(0));
    const request = ({ secret }: IssuedKey) =>
      connection.request({
        method: "GET",
        target: "/v1/posts",
        headers: [["Authorization", `Bearer ${secret}`]],
      });
    cluster.live.respond = neverAnswer();
    const waiting = request(key);
    await cluster.live.arrived();
    await revokeAndDrain(cluster, key);
    expect((await waiting).status).toBe(401);
    cluster.live.clear();
    expect((await request(other)).status).toBe(200);
    connection.close();
  });
});

async function isTombstone({ account, id }: IssuedKey): Promise<boolean> {
  const rows = await cluster.network.ledgerRows(account, `SELECT revoked_at FROM keys WHERE id = '${id}'`);
  return typeof rows[0]?.revoked_at === "number";
}
