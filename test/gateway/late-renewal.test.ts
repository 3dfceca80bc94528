// Two renewals of one request, of which one times out and the other succeeds: the request ends in 503, never in a 200
// whose body has already been aborted.

import { afterAll, beforeAll, test } from "vitest";
import { type GatewayCluster, startCluster } from "../support/gateway-cluster.ts";
import { expectUnavailable, use } from "../support/key-requests.ts";
import { holdUntilReleased, trickle } from "../support/origin-behaviours.ts";

const LEASE_MS = 1000;
const LEDGER_TIMEOUT_MS = 1000;

let cluster: GatewayCluster;

beforeAll(async () => {
  cluster = await startCluster({ settings: { LEASE_MS, LEDGER_TIMEOUT_MS } });
});
afterAll(() => cluster.close());

test.each([
  ["a stream", { contentLength: false, pieces: 200 }],
  ["a large body", { contentLength: true, pieces: 4000 }],
])("%s does not start after the request has been aborted", async (_, { contentLength, pieces }) => {
  const key = await cluster.createKey();
  const origin = holdUntilReleased(trickle(Array(pieces).fill("0123456789"), 20, { contentLength }));
  cluster.live.clear();
  cluster.live.respond = origin.respond;
  const waiting = use(cluster, key);
  const startedAt = performance.now();
  await cluster.live.arrived();
  // The request's own renewal, half a lease later, gets no answer and times out at 1.5 leases.
  await cluster.network.fault({ on: "ledger", operation: "lease", how: "hang-before", times: 1 });
  // The origin answers before that; the renewal that then starts completes after it.
  await cluster.network.configure({ delaysMs: [600] });
  await new Promise((resolve) => setTimeout(resolve, startedAt + 1.2 * LEASE_MS - performance.now()));
  origin.release();
  const response = await waiting;
  await cluster.network.liftAllFaults();
  await cluster.network.configure({ delaysMs: [] });
  expectUnavailable(response);
});
