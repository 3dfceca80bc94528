// Every restriction holds for requests in flight too: those that the new terms forbid end with the refusal, or their body
// is cut; those that they allow go on. Requests wait on two gateways while the key is restricted.

import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { Account } from "../control/account.ts";
import { type GatewayCluster, startCluster } from "../support/gateway-cluster.ts";
import { neverAnswer, trickle } from "../support/origin-behaviours.ts";
import { RawConnection, type RawResponse, rawRequest } from "../support/raw-http.ts";
import { eventually } from "../support/time-limits.ts";

const LEASE_MS = 600;
const INSIDE = "203.0.113.7";
const OUTSIDE = "198.51.100.1";

let cluster: GatewayCluster;
let account: Account;

beforeAll(async () => {
  cluster = await startCluster({ gateways: 2, settings: { LEASE_MS, LEASE_MARGIN_MS: 100 } });
  const slow = trickle(
    Array.from({ length: 2000 }, () => "piece "),
    20,
  );
  cluster.live.respond = (request, response, record) => {
    if (request.url?.startsWith("/v1/posts?upload=")) return neverAnswer()(request, response, record);
    if (request.url?.startsWith("/v1/posts/never-")) return neverAnswer()(request, response, record);
    if (request.url?.startsWith("/v1/posts/slowly-")) return slow(request, response, record);
    return cluster.live.answerJson(request, response, record);
  };
});
afterAll(() => cluster.close());
beforeEach(() => {
  account = new Account(cluster);
});

interface Call {
  readonly gateway?: number;
  readonly method?: string;
  readonly target?: string;
  readonly address?: string;
}

function call(
  secret: string,
  { gateway = 0, method = "GET", target = "/v1/posts", address = INSIDE }: Call = {},
) {
  return rawRequest(cluster.gateway(gateway), {
    method,
    target,
    headers: [
      ["Authorization", `Bearer ${secret}`],
      ["CF-Connecting-IP", address],
    ],
    ...(method === "GET" ? {} : { body: "{}" }),
  });
}

async function atOrigin(target: string): Promise<void> {
  await eventually(`${target} at the origin`, () =>
    cluster.live.requests.some((one) => one.target === target),
  );
}

const PIECE = "piece ";
const PIECES = 2000;

async function* slowBody(): AsyncGenerator<string> {
  for (let sent = 0; sent < PIECES; sent++) {
    yield PIECE;
    await new Promise((done) => setTimeout(done, 20));
  }
}

const bodyOf = (response: RawResponse) => [response.status, response.body.toString()];
const ADDRESS_REFUSED = [403, '{"error":"API key may not be used from this IP address","code":"forbidden"}'];

describe("a key with allowed addresses", () => {
  test("is refused elsewhere with 403 and reaches no origin; the account's list holds as well", async () => {
    const { secret } = await account.create({ allowed_ips: ["203.0.113.0/24", "2001:db8::/32"] });
    expect((await call(secret)).status).toBe(200);
    expect((await call(secret, { address: "2001:db8::1" })).status).toBe(200);
    expect((await call(secret, { address: `::ffff:${INSIDE}` })).status).toBe(200);
    const before = cluster.live.requests.length;
    for (const address of [OUTSIDE, "2001:db9::1", "unknown", `${INSIDE}, ${OUTSIDE}`]) {
      expect(bodyOf(await call(secret, { address })), address).toEqual(ADDRESS_REFUSED);
    }
    // A client's own header says nothing.
    const forged = await rawRequest(cluster.gateway(0), {
      method: "GET",
      target: "/v1/posts",
      headers: [
        ["Authorization", `Bearer ${secret}`],
        ["X-Forwarded-For", INSIDE],
      ],
    });
    expect(bodyOf(forged)).toEqual(ADDRESS_REFUSED);
    expect(cluster.live.requests).toHaveLength(before);

    await account.call("PUT", "", { policy: { allowed_ips: ["2001:db8::/32"] } });
    for (const gateway of [0, 1]) expect(bodyOf(await call(secret, { gateway }))).toEqual(ADDRESS_REFUSED);
    expect((await call(secret, { address: "2001:db8::1" })).status).toBe(200);
  });

  test("a refusal for the address tells nothing of routes, and takes nothing from the limit", async () => {
    const { secret } = await account.create({ allowed_ips: ["203.0.113.0/24"] });
    const [first] = [await call(secret)];
    for (let i = 0; i < 5; i++)
      expect(bodyOf(await call(secret, { address: OUTSIDE, target: "/v1/unknown" }))).toEqual(
        ADDRESS_REFUSED,
      );
    const remaining = (response: RawResponse) => Number(response.header("X-RateLimit-Remaining"));
    expect(remaining(await call(secret))).toBe(remaining(first as RawResponse) - 1);
  });
});

interface Restriction {
  readonly restrict: (id: string) => Promise<unknown>;
  readonly status: number;
  readonly error: string;
}

const RESTRICTIONS: Readonly<Record<string, Restriction>> = {
  suspending: { restrict: (id) => account.suspend(id), status: 401, error: "Invalid or expired API key" },
  "suspending the account": {
    restrict: () => account.call("POST", "/suspend"),
    status: 401,
    error: "Invalid or expired API key",
  },
  "taking the permission": {
    restrict: (id) => account.change(id, { permissions: ["presets:read"] }),
    status: 403,
    error: "API key does not have permission for this action",
  },
  "narrowing the addresses": {
    restrict: (id) => account.change(id, { allowed_ips: ["198.51.100.0/24"] }),
    status: 403,
    error: "API key may not be used from this IP address",
  },
  "narrowing the account's addresses": {
    restrict: () => account.call("PUT", "", { policy: { allowed_ips: ["198.51.100.0/24"] } }),
    status: 403,
    error: "API key may not be used from this IP address",
  },
  "a sooner expiry": {
    restrict: (id) => account.change(id, { expires_at: new Date(Date.now() + 300).toISOString() }),
    status: 401,
    error: "Invalid or expired API key",
  },
};

describe.each(Object.entries(RESTRICTIONS))("%s", (_, { restrict, status, error }) => {
  test("is answered when waiting and uploading requests have got the refusal, and streams are cut", async () => {
    const { id, secret } = await account.create();
    const waiting = `/v1/posts/never-${id}`;
    const streaming = `/v1/posts/slowly-${id}`;
    const waits = call(secret, { target: waiting });
    const connection = await RawConnection.open(cluster.gateway(1));
    const stream = connection.send({
      method: "GET",
      target: streaming,
      headers: [
        ["Authorization", `Bearer ${secret}`],
        ["CF-Connecting-IP", INSIDE],
      ],
    });
    await stream.bodyReached(6);
    await atOrigin(waiting);
    const uploading = `/v1/posts?upload=${id}`;
    const uploads = rawRequest(cluster.gateway(1), {
      method: "POST",
      target: uploading,
      headers: [
        ["Authorization", `Bearer ${secret}`],
        ["CF-Connecting-IP", INSIDE],
        ["Content-Length", String(PIECES * PIECE.length)],
      ],
      body: slowBody(),
    });
    await atOrigin(uploading);

    await restrict(id);
    const answeredAt = Date.now();
    for (const gateway of [0, 1]) expect((await call(secret, { gateway })).status).toBe(status);
    const waited = await waits;
    expect([waited.status, JSON.parse(waited.body.toString()).error]).toEqual([status, error]);
    const uploaded = await uploads;
    expect([uploaded.status, JSON.parse(uploaded.body.toString()).error]).toEqual([status, error]);
    const upload = cluster.live.requests.find(({ target }) => target === uploading);
    await eventually("the end of the upload", () => upload?.closedAt !== undefined);
    expect(upload?.bodyComplete).toBe(false);
    const streamed = await stream.response();
    expect([streamed.status, streamed.ended]).toEqual([200, "aborted"]);
    expect(streamed.endedAt).toBeLessThanOrEqual(answeredAt + 1000);
  });
});

test("requests that narrower permissions still allow go on, in flight and new ones", async () => {
  const { id, secret } = await account.create();
  const streaming = `/v1/posts/slowly-${id}`;
  const connection = await RawConnection.open(cluster.gateway(1));
  const stream = connection.send({
    method: "GET",
    target: streaming,
    headers: [["Authorization", `Bearer ${secret}`]],
  });
  await stream.bodyReached(6);
  expect((await call(secret, { method: "POST" })).status).toBe(200);
  await account.change(id, { permissions: ["posts:read"] });
  expect((await call(secret, { method: "POST" })).status).toBe(403);
  expect((await call(secret)).status).toBe(200);
  // Past several leases.
  await stream.bodyReached(6 * 100);
  connection.close();
});

test("the origin is told the permissions of the lease that the request runs under", async () => {
  const { id, secret } = await account.create();
  const told = async () => {
    cluster.live.clear();
    expect((await call(secret)).status).toBe(200);
    const [record] = cluster.live.requests;
    const claims = record?.header("X-Octopost-Assertion")?.split(".")[1] ?? "";
    const { scope } = JSON.parse(Buffer.from(claims, "base64url").toString());
    return [record?.header("X-Octopost-Permissions"), scope];
  };
  expect(await told()).toEqual(["all", "all"]);
  await account.change(id, { permissions: ["posts:read", "posts:write"] });
  expect(await told()).toEqual(["posts:read posts:write", "posts:read posts:write"]);
  await account.change(id, { permissions: ["posts:read"] });
  expect(await told()).toEqual(["posts:read", "posts:read"]);
});

test("a suspended key that is hammered costs a call per lease, not one per request", async () => {
  const { id, secret } = await account.create();
  await account.suspend(id);
  expect((await call(secret)).status).toBe(401);
  await cluster.network.resetCounts();
  const startedAt = Date.now();
  for (let i = 0; i < 100; i++) expect((await call(secret)).status).toBe(401);
  const leases = Math.ceil((Date.now() - startedAt) / LEASE_MS);
  expect((await cluster.network.counts()).ledgerCalls.lease ?? 0).toBeLessThanOrEqual(leases + 1);
});
