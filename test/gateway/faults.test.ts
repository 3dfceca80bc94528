// A fault of the program is not an outage: a request that meets one gets 500, and the log has its stack. The outages are
// in test/journeys/ledger-faults.test.ts and kv-faults.test.ts.

import { createHash } from "node:crypto";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { IssuedKey } from "../support/control-client.ts";
import { type GatewayCluster, startCluster } from "../support/gateway-cluster.ts";
import { bearer, use } from "../support/key-requests.ts";
import { logLineOf, logLinesOf, requestIdOf } from "../support/log-lines.ts";
import { neverAnswer, trickle } from "../support/origin-behaviours.ts";
import { RawConnection, type RawResponse } from "../support/raw-http.ts";
import { eventually } from "../support/time-limits.ts";

/** An exception of the ledger's own code: RPC marks it as remote, and the platform adds nothing. */
const FAULT = { message: "a fault", retryable: false } as const;

let cluster: GatewayCluster;
let key: IssuedKey;

beforeAll(async () => {
  cluster = await startCluster({ settings: { LEDGER_TIMEOUT_MS: 1000, LEGACY_KEYS: "accept" } });
});
afterAll(() => cluster.close());
beforeEach(async () => {
  cluster.live.clear();
  key = await cluster.createKey();
});
afterEach(() => cluster.network.liftAllFaults());

const faultyLeases = () =>
  cluster.network.fault({ on: "ledger", operation: "lease", how: "fail-before", error: FAULT });

function expectFault(response: RawResponse): void {
  expect(response.status).toBe(500);
  expect(JSON.parse(response.body.toString())).toEqual({ error: "Internal error", code: "internal_error" });
  expect(response.header("Retry-After")).toBeUndefined();
}

/** One line, with the stack and the fields that identify the request. */
async function expectLogged(response: RawResponse, identity: object = {}): Promise<void> {
  expect(await logLineOf(cluster, response)).toEqual({
    event: "exception",
    request_id: requestIdOf(response),
    method: "GET",
    ...identity,
    stack: expect.stringContaining(FAULT.message),
  });
}

const identity = () => ({ account: key.account, key_id: key.id, mode: "live" });

test("a fault of the ledger is a 500 with its stack in the log, after one call, and is not forwarded", async () => {
  await faultyLeases();
  await cluster.network.resetCounts();
  const response = await use(cluster, key);
  expectFault(response);
  // The key's record comes with the answer that failed.
  await expectLogged(response);
  expect((await cluster.network.counts()).ledgerCalls).toEqual({ lease: 1 });
  expect(cluster.live.requests).toEqual([]);
});

const faultyReads = () =>
  cluster.network.fault({ on: "kv", operation: "get", how: "fail-before", error: FAULT });

test("a fault while the record of an imported key is read is a 500 with its stack in the log, and is not forwarded", async () => {
  const secret = "oct_live_imported";
  const sha256 = createHash("sha256").update(secret).digest("hex");
  const body = { keys: [{ sha256, name: "imported", mode: "live" }] };
  expect((await cluster.control("POST", `/accounts/${key.account}/keys/import`, body)).status).toBe(200);
  await faultyReads();
  const response = await use(cluster, { secret });
  expectFault(response);
  await expectLogged(response);
  expect(cluster.live.requests).toEqual([]);
});

test("a fault of the comparison with KV is in the log: the ledger's word is enough for a key that names it", async () => {
  await faultyReads();
  const response = await use(cluster, key);
  expect(response.status).toBe(200);
  await eventually("its line", () =>
    logLinesOf(cluster, response).some(
      ({ event, stack }) => event === "exception" && String(stack).includes(FAULT.message),
    ),
  );
});

test("a fault of a renewal in the background is in the log; the lease stays valid until it expires", async () => {
  expect((await use(cluster, key)).status).toBe(200);
  await faultyLeases();
  const statuses = new Set<number>();
  await eventually("the end of the lease", async () => {
    const response = await use(cluster, key);
    statuses.add(response.status);
    return response.status === 500;
  });
  expect([...statuses]).toEqual([200, 500]);
  const renewals = () => cluster.logs.filter((line) => /"event":"exception".*a fault/.test(line));
  await eventually("renewals in the log", () => renewals().length > 1);
});

describe("in flight", () => {
  test("a request that waits on the origin gets 500 when its lease has expired, and its fetch is aborted", async () => {
    cluster.live.respond = neverAnswer();
    const waiting = use(cluster, key);
    const request = await cluster.live.arrived();
    await faultyLeases();
    const response = await waiting;
    expectFault(response);
    await request.closed;
    expect(request.aborted).toBe(true);
    // A line per failed renewal: the first ones while the lease was valid.
    await eventually("a line", () => logLinesOf(cluster, response).length > 0);
    const lines = logLinesOf(cluster, response);
    const expected = { event: "exception", ...identity(), route: "/v1/posts", stack: expect.any(String) };
    for (const line of lines) expect(line).toMatchObject(expected);
  });

  test("a download is aborted when its lease has expired", async () => {
    cluster.live.respond = trickle(Array(3000).fill("0123456789"), 20);
    const connection = await RawConnection.open(cluster.gateway(0));
    const exchange = connection.send({ method: "GET", target: "/v1/posts", headers: [bearer(key)] });
    await exchange.bodyReached(20);
    await faultyLeases();
    const response = await exchange.response();
    connection.close();
    expect([response.status, response.ended]).toEqual([200, "aborted"]);
    const [request] = cluster.live.requests;
    await request?.closed;
    expect(request?.aborted).toBe(true);
    await eventually("its line", () =>
      logLinesOf(cluster, response).some(({ event }) => event === "aborted"),
    );
    expect(logLinesOf(cluster, response)).toContainEqual(
      expect.objectContaining({ event: "aborted", reason: "exception" }),
    );
  });
});
