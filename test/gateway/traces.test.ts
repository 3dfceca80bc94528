/**
 * Traces: the spans authenticate, lease and forward of a request, with fields of its log line and no others.
 *
 * They are read from a Worker that workerd streams them to, as in production. Cloudflare's own display of them is not
 * tested.
 */

import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { type GatewayCluster, startCluster } from "../support/gateway-cluster.ts";
import { requestIdOf } from "../support/log-lines.ts";
import { type RawResponse, rawRequest } from "../support/raw-http.ts";
import { eventually } from "../support/time-limits.ts";
import { type PrintedSpan, printedSpans } from "../support/trace-printer.ts";

let cluster: GatewayCluster;
/** The number of spans before the test. */
let before: number;

beforeAll(async () => {
  cluster = await startCluster({ traced: true });
});
afterAll(() => cluster.close());
beforeEach(() => {
  before = printedSpans(cluster.logs).length;
});

function send(secret: string, target = "/v1/posts"): Promise<RawResponse> {
  const headers = [["Authorization", `Bearer ${secret}`]] as const;
  return rawRequest(cluster.gateway(0), { method: "GET", target, headers });
}

/** The spans since the start of the test, once `count` have arrived. */
async function spans(count: number): Promise<PrintedSpan[]> {
  await eventually(`${count} spans`, () => printedSpans(cluster.logs).length >= before + count);
  return printedSpans(cluster.logs).slice(before);
}

test("a request that waits for the ledger has a lease span within the span of the waiting step", async () => {
  const key = await cluster.createKey();
  const response = await send(key.secret, "/v1/posts/post_1?query");
  const caller = {
    request_id: requestIdOf(response),
    account: key.account,
    key_id: key.id,
    mode: "live",
    lease: "miss",
  };
  expect(await spans(3)).toEqual([
    { name: "lease", within: "authenticate", attributes: { outcome: "valid" } },
    { name: "authenticate", attributes: caller },
    { name: "forward", attributes: { ...caller, route: "/v1/posts/:id", origin_status: 200 } },
  ]);
});

test("a request with a warm lease has no lease span", async () => {
  const key = await cluster.createKey();
  await send(key.secret);
  await spans(3);
  await send(key.secret);
  expect((await spans(5)).map(({ name }) => name)).toEqual([
    "lease",
    "authenticate",
    "forward",
    "authenticate",
    "forward",
  ]);
});

test("the span of the refusing step has the reason", async () => {
  const key = await cluster.createKey();
  await cluster.revoke(key.account, key.id);
  await send(key.secret);
  expect(await spans(2)).toMatchObject([
    { name: "lease", attributes: { outcome: "revoked" } },
    { name: "authenticate", attributes: { key_id: key.id, reason: "revoked" } },
  ]);
});
