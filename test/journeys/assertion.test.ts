/**
 * The signed assertion: the demo's origin with its verifier runs behind the gateway and accepts only requests that the
 * gateway has signed for it. A client that knows the origin's address, and even all headers of a request that passed,
 * cannot send a request of its own.
 *
 * Times are never compared with this machine's clock; an assertion's age is derived from its `iat`.
 */

import { getRequestListener } from "@hono/node-server";
import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import { newAssertionKey, type PrivateAssertionKey } from "../../src/cli/assertion-key.ts";
import { createDemoOrigin } from "../../src/demo/demo-origin.ts";
import { assertionVerifier } from "../../src/demo/verify-assertion.ts";
import { decoded, macJwt, signedJwt, unsignedJwt, withClaims } from "../support/assertion-maker.ts";
import type { IssuedKey } from "../support/control-client.ts";
import type { GatewayCluster } from "../support/gateway-cluster.ts";
import { use } from "../support/key-requests.ts";
import { type Header, type RawResponse, rawRequest } from "../support/raw-http.ts";
import type { RecordedRequest } from "../support/recording-origin.ts";
import { sharedCluster, TWO_GATEWAYS } from "../support/shared.ts";
import { eventually } from "../support/time-limits.ts";

/** How long an assertion is reused before the next one is signed. */
const RENEWED_AFTER_SECONDS = 30;

let cluster: GatewayCluster;
let signingKey: PrivateAssertionKey;
let key: IssuedKey;

beforeAll(async () => {
  cluster = await sharedCluster(TWO_GATEWAYS);
  signingKey = JSON.parse(String(cluster.settings.ASSERTION_KEY));
  key = await cluster.createKey();
});
beforeEach(() => {
  for (const [mode, origin] of [["live", cluster.live] as const, ["sandbox", cluster.sandbox] as const]) {
    origin.clear();
    const verify = assertionVerifier({
      jwksUrl: jwksUrl(),
      audience: origin.url,
      mode: mode === "live" ? "live" : "test",
    });
    const listen = getRequestListener(createDemoOrigin({ mode, verify }).fetch, {
      overrideGlobalObjects: false,
    });
    origin.respond = (request, response) => listen(request, response);
  }
});

function jwksUrl(): string {
  const { host, port } = cluster.gateway(0);
  return `http://${host}:${port}/.well-known/jwks.json`;
}

/** Repeats a forwarded request directly at an origin, with another assertion or none. */
function sendDirectly(
  forwarded: RecordedRequest,
  jwt: string | null,
  to = cluster.live,
): Promise<RawResponse> {
  const kept = forwarded.rawHeaders.filter(
    ([name]) => !/^(?:x-octopost-assertion|host|connection)$/i.test(name),
  );
  const headers: Header[] = jwt === null ? kept : [...kept, ["X-Octopost-Assertion", jwt]];
  const { method, target } = forwarded;
  return rawRequest({ host: "127.0.0.1", port: to.port }, { method, target, headers });
}

/** The live origin's record of a request that passed. */
async function forwardedByGateway(): Promise<{ forwarded: RecordedRequest; jwt: string }> {
  expect((await use(cluster, key)).status).toBe(200);
  const forwarded = await cluster.live.arrived();
  return { forwarded, jwt: forwarded.header("X-Octopost-Assertion") ?? "" };
}

function partsOf(jwt: string) {
  const [header = "", claims = ""] = jwt.split(".");
  return { header: decoded(header), claims: decoded(claims) };
}

function expectRefused(response: RawResponse): void {
  expect([response.status, response.body.toString()]).toEqual([
    401,
    '{"error":"Only the gateway may call this origin","code":"unauthorized"}',
  ]);
}

describe("the assertion", () => {
  test("is a JWT with the documented claims, signed by a published key", async () => {
    const limited = await cluster.createKey({ account: "other", permissions: ["posts:read", "posts:write"] });
    expect((await use(cluster, limited)).status).toBe(200);
    const forwarded = await cluster.live.arrived();
    const { header, claims } = partsOf(forwarded.header("X-Octopost-Assertion") ?? "");
    expect(header).toEqual({ alg: "EdDSA", typ: "JWT", kid: signingKey.kid });
    expect(claims).toEqual({
      iss: "https://api.octopost.ink",
      aud: cluster.live.url,
      sub: "other",
      key_id: limited.id,
      mode: "live",
      scope: "posts:read posts:write",
      iat: expect.any(Number),
      exp: Number(claims.iat) + 60,
    });
  });

  test("names the origin of the key's mode, and full access as `all`", async () => {
    const testKey = await cluster.createKey({ mode: "test" });
    expect((await use(cluster, testKey)).status).toBe(200);
    const { claims } = partsOf((await cluster.sandbox.arrived()).header("X-Octopost-Assertion") ?? "");
    expect(claims).toMatchObject({ aud: cluster.sandbox.url, mode: "test", scope: "all" });
  });

  test("replaces a client's own X-Octopost-Assertion", async () => {
    const forged = signedJwt({ sub: "victim" }, newAssertionKey());
    const headers: Header[] = [
      ["Authorization", `Bearer ${key.secret}`],
      ["X-Octopost-Assertion", forged],
    ];
    const response = await rawRequest(cluster.gateway(0), { method: "GET", target: "/v1/posts", headers });
    expect(response.status).toBe(200);
    expect(JSON.stringify((await cluster.live.arrived()).rawHeaders)).not.toContain(forged);
  });
});

describe("a request sent to the origin directly", () => {
  test("is refused without an assertion, and accepted with a copied one", async () => {
    const { forwarded, jwt } = await forwardedByGateway();
    expectRefused(await sendDirectly(forwarded, null));
    // A copied assertion works for the minute of its life, so it must never leak.
    expect((await sendDirectly(forwarded, jwt)).status).toBe(200);
  });

  test.each<[string, (claims: Record<string, unknown>, jwt: string) => string]>([
    ["expired", (claims) => signedJwt({ ...claims, exp: Number(claims.iat) - 1 }, signingKey)],
    ["for another origin", (claims) => signedJwt({ ...claims, aud: cluster.sandbox.url }, signingKey)],
    ["of another mode", (claims) => signedJwt({ ...claims, mode: "test" }, signingKey)],
    ["with an altered payload", (_claims, jwt) => withClaims(jwt, { sub: "victim" })],
    ["signed by another key", (claims) => signedJwt(claims, newAssertionKey())],
    [
      "signed by another key of the same kid",
      (claims) => signedJwt(claims, { ...newAssertionKey(), kid: signingKey.kid }),
    ],
    ["with alg none", (claims) => unsignedJwt(claims, { alg: "none", typ: "JWT", kid: signingKey.kid })],
    ["with alg HS256", (claims) => macJwt(claims, signingKey.kid, Buffer.from(signingKey.x, "base64url"))],
  ])("with an assertion %s is refused", async (_, forge) => {
    const { forwarded, jwt } = await forwardedByGateway();
    expectRefused(await sendDirectly(forwarded, forge(partsOf(jwt).claims, jwt)));
  });

  test("is refused at the other origin", async () => {
    const { forwarded, jwt } = await forwardedByGateway();
    expectRefused(await sendDirectly(forwarded, jwt, cluster.sandbox));
  });
});

test("an origin's 401 to the gateway becomes 502, never 401", async () => {
  cluster.live.respond = (_request, response) => void response.writeHead(401).end();
  expect((await use(cluster, key)).status).toBe(502);
});

describe("/.well-known/jwks.json", () => {
  test("publishes only the public part, cacheable for five minutes", async () => {
    const response = await rawRequest(cluster.gateway(1), {
      method: "GET",
      target: "/.well-known/jwks.json",
    });
    expect(response.status).toBe(200);
    expect(response.header("Content-Type")).toMatch(/^application\/json/);
    expect(response.header("Cache-Control")).toBe("public, max-age=300");
    const { kty, crv, x, kid } = signingKey;
    expect(JSON.parse(response.body.toString())).toEqual({
      keys: [{ kty, crv, x, kid, alg: "EdDSA", use: "sig" }],
    });
    expect(response.body.toString()).not.toContain(signingKey.d);
  });
});

describe("an isolate signs at most once per key in 30 s", () => {
  const jwtsHeard = () =>
    cluster.live.requests.map((forwarded) => forwarded.header("X-Octopost-Assertion") ?? "");

  /** The signing times of one key on one isolate, at least 30 s apart. */
  function expectSignedRarely(jwts: readonly string[]): void {
    const times = [...new Set(jwts)].map((jwt) => Number(partsOf(jwt).claims.iat)).sort((a, b) => a - b);
    times.forEach((time, i) => {
      if (i > 0) expect(time - (times[i - 1] ?? 0)).toBeGreaterThanOrEqual(RENEWED_AFTER_SECONDS);
    });
  }

  test("whatever the number of requests, also when the first ones are concurrent", async () => {
    const cold = await cluster.createKey();
    const responses = await Promise.all(Array.from({ length: 40 }, () => use(cluster, cold)));
    for (let i = 0; i < 20; i++) responses.push(await use(cluster, cold));
    expect(new Set(responses.map(({ status }) => status))).toEqual(new Set([200]));
    expect(jwtsHeard()).toHaveLength(60);
    expectSignedRarely(jwtsHeard());
  });

  test("each key has its own assertion", async () => {
    const other = await cluster.createKey();
    await use(cluster, key);
    await use(cluster, other);
    const [first = "", second = ""] = jwtsHeard();
    expect(first).not.toBe(second);
    expect([partsOf(first).claims.key_id, partsOf(second).claims.key_id]).toEqual([key.id, other.id]);
  });

  test("each isolate has its own assertion", async () => {
    const shared = await cluster.createKey();
    await use(cluster, shared, 0);
    const signedAt = Number(partsOf(jwtsHeard()[0] ?? "").claims.iat);
    // Ed25519 gives the same signature within the same second.
    await eventually("the next second", () => Math.floor(Date.now() / 1000) > signedAt);
    await use(cluster, shared, 1);
    await use(cluster, shared, 0);
    await use(cluster, shared, 1);
    const [first, second, third, fourth] = jwtsHeard();
    expect(second).not.toBe(first);
    expectSignedRarely([first ?? "", third ?? ""]);
    expectSignedRarely([second ?? "", fourth ?? ""]);
  });
});
