/**
 * A key is revoked while the renewals of its requests in flight hang, and another request is refused first.
 *
 * Promise: all of them end, at the origin too, and no partial upload looks complete. While a request waits for a renewal,
 * the platform keeps its fetches alive; without intervention it ended about half of such uploads properly when many were
 * aborted at once.
 */
import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import type { IssuedKey } from "../../support/control-client.ts";
import { type GatewayCluster, startCluster } from "../../support/gateway-cluster.ts";
import {
  bearer,
  busyKey,
  expectAbortedAtOrigin,
  expectUnauthorized,
  use,
} from "../../support/key-requests.ts";
import { neverAnswer } from "../../support/origin-behaviours.ts";
import { type Exchange, RawConnection } from "../../support/raw-http.ts";
import type { RecordedRequest } from "../../support/recording-origin.ts";
import { eventually, within } from "../../support/time-limits.ts";
import { IS_WHOLE, shareOf } from "../share.ts";

/** Calls that hang must not time out. Other requests wait for them for half of it. */
const LEDGER_TIMEOUT_MS = 30_000;
/** Long enough that all requests of a slow machine start under one lease. */
const LEASE_MS = 8000;
const UPLOADS = IS_WHOLE ? 120 : 20;
const BETWEEN_PIECES_MS = IS_WHOLE ? 10 : 50;

let cluster: GatewayCluster;
let connections: RawConnection[];

beforeAll(async () => {
  cluster = await startCluster({ settings: { LEASE_MS, LEASE_MARGIN_MS: 500, LEDGER_TIMEOUT_MS } });
});
afterAll(() => cluster.close());
beforeEach(() => {
  cluster.live.clear();
  connections = [];
  return async () => {
    for (const connection of connections) connection.close();
    await cluster.network.liftAllFaults();
  };
});

test("a request held by the origin is ended there too", async () => {
  const key = await busyKey(cluster);
  cluster.live.respond = neverAnswer();
  const [held] = (await inFlight([key])) as [InFlight];
  await refusedByAnother([key]);
  expectUnauthorized(await held.exchange.response());
  await within(10_000, "the end at the origin", expectAbortedAtOrigin([held.record]));
});

const MOMENTS = [
  ["in flight", 0],
  ["as they start", LEASE_MS / 2],
  ["in flight, over connections to the origin that were used before", 0],
  ["as they start, repeated", LEASE_MS / 2],
] as const;

test.each(shareOf(MOMENTS, MOMENTS.length))(
  "no upload looks complete, with leases renewed %s",
  async (_, beginAfterMs) => {
    const keys = await Promise.all(Array.from({ length: UPLOADS }, () => cluster.createKey()));
    await Promise.all(keys.map((key) => use(cluster, key)));
    cluster.live.clear();
    cluster.live.respond = async (_request, response, record) => {
      await record.received;
      if (record.bodyComplete) response.end();
    };
    await pause(beginAfterMs);
    const uploads = await inFlight(keys, endless);
    await refusedByAnother(keys);
    // A reset can lose the 401 of a client that is still writing.
    for (const { exchange } of uploads) expect([401, 0]).toContain((await exchange.response()).status);
    await expectAbortedAtOrigin(uploads.map(({ record }) => record));
  },
);

interface InFlight {
  readonly exchange: Exchange;
  readonly record: RecordedRequest;
}

/** A request under each key that the origin has received, and whose renewal hangs. */
async function inFlight(keys: readonly IssuedKey[], body?: () => AsyncIterable<Buffer>): Promise<InFlight[]> {
  await cluster.network.resetCounts();
  await cluster.network.fault({
    on: "ledger",
    operation: "lease",
    how: "hang-before",
    times: keys.length,
  });
  const exchanges = await Promise.all(
    keys.map(async (key, index) => {
      const connection = await RawConnection.open(cluster.gateway(0));
      connections.push(connection);
      return connection.send({
        method: body ? "POST" : "GET",
        target: `/v1/posts?n=${index}`,
        headers: [bearer(key)],
        ...(body ? { body: body() } : {}),
      });
    }),
  );
  await cluster.live.arrived(keys.length);
  const records = new Map(cluster.live.requests.map((record) => [record.target, record]));
  await eventually("their renewals", async () => (await leaseCalls()) >= keys.length);
  return exchanges.map((exchange, index) => ({
    exchange,
    record: records.get(`/v1/posts?n=${index}`) as RecordedRequest,
  }));
}

/** Revokes the keys, and sends another request with each, which is refused. */
async function refusedByAnother(keys: readonly IssuedKey[]): Promise<void> {
  for (const { account, id } of keys) void cluster.revoke(account, id).catch(() => {});
  await eventually("the refusals", async () => {
    const answers = await Promise.all(keys.map((key) => use(cluster, key)));
    return answers.every(({ status }) => status === 401);
  });
}

async function leaseCalls(): Promise<number> {
  return (await cluster.network.counts(0)).ledgerCalls.lease ?? 0;
}

async function* endless(): AsyncGenerator<Buffer> {
  for (;;) {
    yield Buffer.alloc(512);
    await pause(BETWEEN_PIECES_MS);
  }
}
