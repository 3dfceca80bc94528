/**
 * Once `revoke` has answered, the key is refused everywhere, for requests in flight too.
 *
 * Checked by order on one monotonic clock, at the client's sockets: after the answer no request is accepted (G1), and no
 * waiting request gets anything but 401 (G2); revocation-bodies.test.ts covers bodies (G3). Bytes in the kernel's socket
 * buffers at that moment had left before, so they are read first. No test depends on durations.
 */

import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { IssuedKey } from "../support/control-client.ts";
import type { GatewayCluster } from "../support/gateway-cluster.ts";
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
import { sharedCluster, TWO_GATEWAYS } from "../support/shared.ts";
import { eventually } from "../support/time-limits.ts";

const GATEWAYS = [0, 1];

let cluster: GatewayCluster;

beforeAll(async () => {
  cluster = await sharedCluster(TWO_GATEWAYS);
});
beforeEach(() => cluster.live.clear());

describe("after revoke has answered", () => {
  test("the key is refused on every gateway", async () => {
    const key = await busyKey(cluster);
    await revokeAndDrain(cluster, key);
    await expectRefusedEverywhere(cluster, key);
  });

  test("a key is refused on gateways that have not seen it", async () => {
    const key = await cluster.createKey();
    await revokeAndDrain(cluster, key);
    await expectRefusedEverywhere(cluster, key);
  });

  test("other keys of the account keep working", async () => {
    const [key, other] = [await busyKey(cluster), await busyKey(cluster)];
    await revokeAndDrain(cluster, key);
    for (const gateway of GATEWAYS) expect((await use(cluster, other, gateway)).status).toBe(200);
  });

  test("a rotation without overlap revokes the old key, and the new one works", async () => {
    const key = await busyKey(cluster);
    const path = `/accounts/${key.account}/keys/${key.id}/rotate`;
    const answer = await cluster.control("POST", path, { overlap_seconds: 0 });
    expect(answer.status).toBe(201);
    await expectRefusedEverywhere(cluster, key);
    for (const gateway of GATEWAYS) expect((await use(cluster, answer.json, gateway)).status).toBe(200);
  });

  test("no request of a constant stream on every gateway is accepted", async () => {
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

describe("a request in flight when its key is revoked", () => {
  test("gets 401 while it waits on the origin, and its connection to the origin is closed", async () => {
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

  test("gets 401 when the origin answers while revoke waits", async () => {
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
    // Under a valid lease the response may pass; after `revoke` has answered it may not.
    if (response.status === 200) expect(response.headersAt).toBeLessThan(answeredAt);
    else expect(response.status).toBe(401);
    await expectRefusedEverywhere(cluster, key);
  });

  test("leaves its connection usable for other keys", async () => {
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
