/**
 * The log: one line for every refusal and every fault, for a share of the answered requests, each with exactly the
 * fields that docs/operations.md lists. journeys/leaks.test.ts proves that it contains no secret.
 */

import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { IssuedKey } from "./support/control-client.ts";
import { type GatewayCluster, startCluster } from "./support/gateway-cluster.ts";
import { logLineOf, logLinesOf, requestIdOf } from "./support/log-lines.ts";
import { neverAnswer, partialBody, reply, resetConnection, trickle } from "./support/origin-behaviours.ts";
import {
  type Exchange,
  type Header,
  RawConnection,
  type RawRequest,
  type RawResponse,
  rawRequest,
} from "./support/raw-http.ts";
import { eventually } from "./support/time-limits.ts";

/** Gateways, by their settings. */
const EVERY = 0;
const NONE = 1;
const SOME = 2;
const HALF_CONFIGURED = 3;
const MS = expect.any(Number);
const ORIGIN_TIMEOUT_MS = 1000;

let cluster: GatewayCluster;
let key: IssuedKey;

beforeAll(async () => {
  cluster = await startCluster({
    gateways: 4,
    settings: { ORIGIN_TIMEOUT_MS, LEDGER_TIMEOUT_MS: 1000 },
    gatewaySettings: [
      { LOG_SAMPLE_RATE: 1 },
      { LOG_SAMPLE_RATE: 0 },
      { LOG_SAMPLE_RATE: 0.5 },
      { METRICS: "sometimes" },
    ],
  });
  key = await cluster.createKey();
});
afterAll(() => cluster.close());
beforeEach(() => cluster.live.clear());

function send(
  secret: string | null,
  request: Partial<RawRequest> = {},
  gateway = EVERY,
): Promise<RawResponse> {
  const headers: Header[] = secret === null ? [] : [["Authorization", `Bearer ${secret}`]];
  return rawRequest(cluster.gateway(gateway), {
    method: "GET",
    target: "/v1/posts",
    ...request,
    headers: [...headers, ...(request.headers ?? [])],
  });
}

const lineOf = (response: RawResponse) => logLineOf(cluster, response);

/** The line of a refused request; `more`: its fields beyond those of every line. */
function refused(response: RawResponse, reason: string, more: object = {}): object {
  const { status } = response;
  const known = { method: "GET", status, reason, gateway_ms: MS, total_ms: MS };
  return { event: "refused", request_id: requestIdOf(response), ...known, ...more };
}

/** The fields of a request whose key is known. */
const caller = ({ account, id, mode }: IssuedKey) => ({ account, key_id: id, mode });

describe("an answered request", () => {
  test("has one line with every documented field, and no other", async () => {
    const response = await send(key.secret, { target: "/v1/posts/post_1", method: "DELETE" });
    expect(await lineOf(response)).toEqual({
      event: "answered",
      request_id: requestIdOf(response),
      ...caller(key),
      method: "DELETE",
      route: "/v1/posts/:id",
      status: 200,
      lease: expect.stringMatching(/^(?:hit|renewed|miss)$/),
      origin_status: 200,
      origin_ms: MS,
      gateway_ms: MS,
      total_ms: MS,
    });
    expect((await cluster.live.arrived()).header("X-Request-Id")).toBe(requestIdOf(response));
  });

  test("has the gateway's time and the origin's", async () => {
    const { gateway_ms, origin_ms, total_ms } = await lineOf(await send(key.secret));
    expect(Number(gateway_ms) + Number(origin_ms)).toBe(total_ms);
    for (const ms of [gateway_ms, origin_ms]) expect(ms).toBeGreaterThanOrEqual(0);
  });

  test("has the origin's status, also of an error", async () => {
    cluster.live.respond = reply(503);
    expect(await lineOf(await send(key.secret))).toMatchObject({
      event: "answered",
      status: 503,
      origin_status: 503,
    });
  });
});

describe("the lease field", () => {
  test("is miss for the first request, hit for the next ones, and renewed once in a while", async () => {
    const fresh = await cluster.createKey();
    expect(await lineOf(await send(fresh.secret))).toMatchObject({ lease: "miss" });
    const seen = new Set<unknown>();
    await eventually("a hit and a renewal", async () => {
      seen.add((await lineOf(await send(fresh.secret))).lease);
      return seen.has("hit") && seen.has("renewed");
    });
  });
});

describe("a refusal has one line with its reason", () => {
  const withoutKey: [string, number, Partial<RawRequest>][] = [
    ["missing_credential", 401, {}],
    ["malformed_credential", 401, { headers: [["Authorization", "Basic x"]] }],
    ["malformed_key", 401, { headers: [["Authorization", "Bearer x"]] }],
    ["bad_checksum", 401, { headers: [["Authorization", `Bearer oct_live_${"0".repeat(46)}`]] }],
    ["malformed_path", 400, { target: "/v1/%70osts" }],
    ["body_on_get", 400, { body: "x" }],
  ];
  test.each(withoutKey)("%s: %i, without a key", async (reason, status, request) => {
    const response = await send(null, request);
    expect(response.status).toBe(status);
    expect(await lineOf(response)).toEqual(refused(response, reason));
  });

  test.each<[string, number, () => Promise<IssuedKey>, Partial<RawRequest>, object]>([
    ["revoked", 401, revokedKey, {}, {}],
    ["unknown_route", 404, async () => key, { target: "/v1/nothing" }, {}],
    ["method_not_allowed", 400, async () => key, { method: "PUT" }, {}],
    [
      "missing_permission",
      403,
      () => cluster.createKey({ permissions: ["presets:read"] }),
      {},
      { route: "/v1/posts" },
    ],
    [
      "live_only",
      401,
      () => cluster.createKey({ mode: "test" }),
      { method: "DELETE", target: "/v1/accounts/a" },
      { route: "/v1/accounts/:id" },
    ],
  ])("%s: %i, with the key, and the route if there is one", async (reason, status, make, request, route) => {
    const used = await make();
    const response = await send(used.secret, request);
    expect(response.status).toBe(status);
    const more = { ...caller(used), method: request.method ?? "GET", lease: expect.any(String), ...route };
    expect(await lineOf(response)).toEqual(refused(response, reason, more));
  });

  test("revoked, and remembered: no lease field", async () => {
    const used = await revokedKey();
    expect(await lineOf(await send(used.secret))).toMatchObject({ reason: "revoked", lease: "miss" });
    const again = await send(used.secret);
    expect(await lineOf(again)).toEqual(refused(again, "revoked", caller(used)));
  });

  test("ledger_unreachable: 503, and whose key it is if its ledger has said so before", async () => {
    const [known, fresh] = [await cluster.createKey(), await cluster.createKey()];
    expect((await send(known.secret)).status).toBe(200);
    const lift = await cluster.network.fault({ on: "ledger", how: "fail-before", caller: EVERY });
    const unknown = await send(fresh.secret);
    await eventually("the end of the lease", async () => (await send(known.secret)).status === 503);
    // That lease may have ended while the request was in flight; this one begins without any.
    const response = await send(known.secret);
    await lift();
    const line = { status: 503, reason: "ledger_unreachable", lease: "miss" };
    expect(await lineOf(response)).toMatchObject({ ...caller(known), ...line });
    expect(await lineOf(unknown)).toMatchObject(line);
    expect(await lineOf(unknown)).not.toHaveProperty("account");
  });

  test.each([
    ["origin_unreachable", 502, resetConnection(), {}],
    ["origin_timeout", 504, neverAnswer(), {}],
    ["origin_refused_gateway", 502, reply(401), { origin_status: 401 }],
  ])("%s: %i, with the route and the origin's time", async (reason, status, respond, known) => {
    cluster.live.respond = respond;
    const response = await send(key.secret);
    expect(response.status).toBe(status);
    const more = { ...caller(key), route: "/v1/posts", lease: expect.any(String), origin_ms: MS, ...known };
    const line = await lineOf(response);
    expect(line).toEqual(refused(response, reason, more));
    expect(Number(line.gateway_ms) + Number(line.origin_ms)).toBe(line.total_ms);
    // The whole time limit was the origin's.
    if (reason === "origin_timeout") expect(line.origin_ms).toBeGreaterThanOrEqual(ORIGIN_TIMEOUT_MS);
  });

  test("client_gone, though no client receives the response", async () => {
    const own = await cluster.createKey();
    cluster.live.respond = neverAnswer();
    const client = await RawConnection.open(cluster.gateway(EVERY));
    const headers: Header[] = [["Authorization", `Bearer ${own.secret}`]];
    client.send({ method: "GET", target: "/v1/posts", headers });
    await cluster.live.arrived();
    client.destroy();
    const line = await eventually(
      "its log line",
      () => cluster.logs.find((one) => one.includes(own.id)) ?? "",
    );
    expect(JSON.parse(line)).toMatchObject({ event: "refused", reason: "client_gone", ...caller(own) });
  });

  test.each<[string, number, string, Header[]]>([
    ["outside_api", 404, "/nothing", []],
    ["missing_credential", 401, "/control/v1/accounts/acct/keys", []],
    ["wrong_control_token", 401, "/control/v1/accounts/acct/keys", [["Authorization", "Bearer wrong"]]],
  ])("%s: %i, outside the API", async (reason, status, target, headers) => {
    const response = await rawRequest(cluster.gateway(EVERY), { method: "GET", target, headers });
    expect(response.status).toBe(status);
    expect(await lineOf(response)).toEqual({
      event: "refused",
      request_id: requestIdOf(response),
      method: "GET",
      reason,
    });
  });

  test("a malformed setting: its name", async () => {
    const response = await send(key.secret, {}, HALF_CONFIGURED);
    expect(response.status).toBe(500);
    expect(await lineOf(response)).toEqual({
      event: "invalid_setting",
      request_id: requestIdOf(response),
      setting: "METRICS",
    });
  });
});

describe("a response that is aborted after its headers has another line", () => {
  const endless = trickle(Array(3000).fill("piece"), 20);

  async function startDownload(secret: string): Promise<{ connection: RawConnection; download: Exchange }> {
    const connection = await RawConnection.open(cluster.gateway(NONE));
    const headers: Header[] = [["Authorization", `Bearer ${secret}`]];
    const download = connection.send({ method: "GET", target: "/v1/posts", headers });
    await download.bodyReached(1);
    return { connection, download };
  }

  const cut = (response: RawResponse, of: IssuedKey, reason: string) => ({
    event: "aborted",
    request_id: requestIdOf(response),
    ...caller(of),
    method: "GET",
    route: "/v1/posts",
    reason,
    origin_status: 200,
    total_ms: MS,
  });

  test("by a revocation", async () => {
    const own = await cluster.createKey();
    cluster.live.respond = endless;
    const { download } = await startDownload(own.secret);
    await cluster.revoke(own.account, own.id);
    const response = await download.response();
    expect(response.ended).toBe("aborted");
    expect(await lineOf(response)).toEqual(cut(response, own, "revoked"));
  });

  test("by the origin", async () => {
    cluster.live.respond = partialBody("piece", "reset");
    const { download } = await startDownload(key.secret);
    const response = await download.response();
    expect(response.ended).toBe("aborted");
    expect(await lineOf(response)).toEqual(cut(response, key, "origin_aborted"));
  });

  test("but not when the client disconnects during a renewal", async () => {
    const own = await cluster.createKey();
    // The download itself waits for no lease.
    expect((await send(own.secret, {}, NONE)).status).toBe(200);
    cluster.live.clear();
    cluster.live.respond = endless;
    const { connection } = await startDownload(own.secret);
    await cluster.network.configure({ delaysMs: Array(5).fill(300) });
    await cluster.network.resetCounts();
    await eventually(
      "a renewal",
      async () => ((await cluster.network.counts(NONE)).ledgerCalls.lease ?? 0) > 0,
    );
    connection.destroy();
    await (await cluster.live.arrived()).closed;
    await cluster.network.configure({ delaysMs: [] });
    expect(await lineOf(await send(null, {}, NONE))).toMatchObject({ reason: "missing_credential" });
    expect(cluster.logs.filter((line) => line.includes(own.id))).toEqual([]);
  });

  test("but not when the client disconnects, nor when the body is complete", async () => {
    const own = await cluster.createKey();
    cluster.live.respond = endless;
    const { connection } = await startDownload(own.secret);
    connection.destroy();
    await (await cluster.live.arrived()).closed;
    cluster.live.respond = trickle(["one", "two"], 1);
    expect((await send(own.secret, {}, NONE)).status).toBe(200);
    // Lines arrive in order, so an earlier one would have arrived by now.
    expect(await lineOf(await send(null, {}, NONE))).toMatchObject({ reason: "missing_credential" });
    expect(cluster.logs.filter((line) => line.includes(own.id))).toEqual([]);
  });
});

describe("LOG_SAMPLE_RATE", () => {
  /** The number of answered requests with a line, once a refusal sent after them has one. */
  async function logged(requests: number, gateway: number): Promise<number> {
    const responses: RawResponse[] = [];
    for (let i = 0; i < requests; i++) responses.push(await send(key.secret, {}, gateway));
    expect(await lineOf(await send(null, {}, gateway))).toMatchObject({ reason: "missing_credential" });
    return responses.filter((response) => logLinesOf(cluster, response).length > 0).length;
  }

  test("1: every request", async () => {
    expect(await logged(20, EVERY)).toBe(20);
  });

  test("0: refusals only", async () => {
    expect(await logged(20, NONE)).toBe(0);
  });

  test("0.5: some requests", async () => {
    const lines = await logged(80, SOME);
    expect(lines).toBeGreaterThan(0);
    expect(lines).toBeLessThan(80);
  });
});

async function revokedKey(): Promise<IssuedKey> {
  const made = await cluster.createKey();
  await cluster.revoke(made.account, made.id);
  return made;
}
