/**
 * Health checks from outside: `/healthz` without a credential, `/control/v1/health` for the operator, which also
 * reports whether KV and a ledger answer. And `Server-Timing`, which is for development only.
 */

import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { IssuedKey } from "../support/control-client.ts";
import { type GatewayCluster, startCluster } from "../support/gateway-cluster.ts";
import { reply } from "../support/origin-behaviours.ts";
import { type Header, type RawResponse, rawRequest } from "../support/raw-http.ts";

const PLAIN = 0;
const TIMED = 1;
const HALF_CONFIGURED = 2;
const UNAVAILABLE = { error: "Service temporarily unavailable", code: "service_unavailable" };

let cluster: GatewayCluster;
let key: IssuedKey;

beforeAll(async () => {
  cluster = await startCluster({
    gateways: 3,
    settings: { LEDGER_TIMEOUT_MS: 1000 },
    gatewaySettings: [{}, { SERVER_TIMING: "on" }, { KEY_PEPPER: undefined }],
  });
  key = await cluster.createKey();
});
afterAll(() => cluster.close());
afterEach(() => cluster.network.liftAllFaults());

function get(target: string, gateway = PLAIN, headers: readonly Header[] = []): Promise<RawResponse> {
  return rawRequest(cluster.gateway(gateway), { method: "GET", target, headers });
}

const used = (secret: string): Header[] => [["Authorization", `Bearer ${secret}`]];

describe("/healthz", () => {
  test("needs no key, reports valid settings and the version, and is not cached", async () => {
    const response = await get("/healthz");
    expect(response.status).toBe(200);
    expect(JSON.parse(response.body.toString())).toEqual({ status: "ok", version: "local" });
    expect(response.header("Cache-Control")).toBe("no-store");
    expect(response.header("X-Request-Id")).toMatch(/^[0-9a-f-]{36}$/);
  });

  test("calls no store, so it does not depend on them", async () => {
    await cluster.network.resetCounts();
    await get("/healthz");
    expect(await cluster.network.counts()).toEqual({ kvGets: 0, kvPuts: 0, ledgerCalls: {} });
  });

  test("answers 500, like every request, when a setting is missing", async () => {
    const response = await get("/healthz", HALF_CONFIGURED);
    expect([response.status, JSON.parse(response.body.toString())]).toEqual([
      500,
      { error: "Internal error", code: "internal_error" },
    ]);
  });

  test("answers GET and HEAD only", async () => {
    const ask = (method: string) => rawRequest(cluster.gateway(PLAIN), { method, target: "/healthz" });
    expect((await ask("HEAD")).status).toBe(200);
    expect((await ask("POST")).status).toBe(404);
  });
});

describe("/control/v1/health", () => {
  const health = (options = {}) => cluster.control("GET", "/health", undefined, options);

  test("reports the time of a round trip to KV and of one to a ledger", async () => {
    await cluster.network.resetCounts();
    const { status, json } = await health();
    expect(status).toBe(200);
    expect(json).toEqual({ status: "ok", kv_ms: expect.any(Number), ledger_ms: expect.any(Number) });
    expect(await cluster.network.counts(PLAIN)).toEqual({ kvGets: 1, kvPuts: 0, ledgerCalls: { ping: 1 } });
  });

  test("requires the control token", async () => {
    for (const token of [null, key.secret, "wrong"]) expect((await health({ token })).status).toBe(401);
  });

  test.each([
    ["KV fails", { on: "kv", how: "fail-before" }, { kv_ms: null, ledger_ms: expect.any(Number) }],
    ["KV is silent", { on: "kv", how: "hang-before" }, { kv_ms: null, ledger_ms: expect.any(Number) }],
    [
      "the ledger fails",
      { on: "ledger", how: "fail-before" },
      { kv_ms: expect.any(Number), ledger_ms: null },
    ],
    [
      "the ledger is silent",
      { on: "ledger", how: "hang-before" },
      { kv_ms: expect.any(Number), ledger_ms: null },
    ],
  ] as const)("says what does not answer when %s: 503", async (_, fault, figures) => {
    await cluster.network.fault({ ...fault, caller: PLAIN });
    const { status, json, response } = await health();
    expect(status).toBe(503);
    expect(json).toEqual({ ...UNAVAILABLE, details: { status: "unavailable", ...figures } });
    expect(response.header("Retry-After")).toBe("1");
  });

  test("recovers when the stores do", async () => {
    const lift = await cluster.network.fault({ on: "kv", how: "fail-before", caller: PLAIN });
    expect((await health()).status).toBe(503);
    await lift();
    expect((await health()).status).toBe(200);
  });
});

describe("Server-Timing", () => {
  test("is on a response when SERVER_TIMING is on", async () => {
    const response = await get("/v1/posts", TIMED, used(key.secret));
    expect(response.status).toBe(200);
    expect(response.header("Server-Timing")).toMatch(/^gateway;dur=\d+(?:\.\d+)?, origin;dur=\d+(?:\.\d+)?$/);
  });

  test("follows the origin's own", async () => {
    cluster.live.respond = reply(200, [["Server-Timing", "db;dur=1"]]);
    const { headers } = await get("/v1/posts", TIMED, used(key.secret));
    cluster.live.clear();
    const timings = headers
      .filter(([name]) => name.toLowerCase() === "server-timing")
      .map(([, value]) => value);
    expect(timings.join(", ")).toMatch(/^db;dur=1, gateway;dur=/);
  });

  test("is absent when it is off; an origin's own passes", async () => {
    expect((await get("/v1/posts", PLAIN, used(key.secret))).header("Server-Timing")).toBeUndefined();
    cluster.live.respond = reply(200, [["Server-Timing", "db;dur=1"]]);
    expect((await get("/v1/posts", PLAIN, used(key.secret))).header("Server-Timing")).toBe("db;dur=1");
    cluster.live.clear();
  });

  test("is never on a refusal, whose timing could be a side channel", async () => {
    const revoked = await cluster.createKey();
    await cluster.revoke(revoked.account, revoked.id);
    const limited = await cluster.createKey({ permissions: ["presets:read"] });
    const refused = [
      await get("/v1/posts", TIMED),
      await get("/v1/posts", TIMED, used("made-up")),
      await get("/v1/posts", TIMED, used(revoked.secret)),
      await get("/v1/posts", TIMED, used(limited.secret)),
      await get("/v1/nothing", TIMED, used(key.secret)),
      await get("/nothing", TIMED),
    ];
    expect(refused.map(({ status }) => status)).toEqual([401, 401, 401, 403, 404, 404]);
    for (const response of refused) expect(response.header("Server-Timing")).toBeUndefined();
  });
});
