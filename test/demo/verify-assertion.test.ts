// What an origin may believe: an assertion of the gateway's, for this origin, this mode and this minute, and
// nothing else. The same promises for both verifiers that the demo has to take over: in Hono and on plain Node.

import http from "node:http";
import type { AddressInfo } from "node:net";
import { Hono } from "hono";
import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { newAssertionKey } from "../../src/cli/assertion-key.ts";
import { keepPublicKeys } from "../../src/demo/public-keys.ts";
import { verifyAssertion } from "../../src/demo/verify-assertion.ts";
import { assertionReader } from "../../src/demo/verify-assertion-node.ts";
import {
  claimsFor,
  KeyPublisher,
  macJwt,
  publicJwk,
  signedJwt,
  unsignedJwt,
  withClaims,
} from "../support/assertion-maker.ts";

const ORIGIN = "https://live-origin.example";
const key = newAssertionKey();

let publisher: KeyPublisher;
const closing: (() => Promise<unknown>)[] = [];
beforeEach(async () => {
  publisher = await KeyPublisher.start(key);
});
afterEach(async () => {
  vi.useRealTimers();
  await publisher.close();
});
afterAll(() => Promise.all(closing.map((close) => close())));

/** Sends a request with these headers; answers the status, and the account the origin took it for. */
type Ask = (headers: Record<string, string>) => Promise<{ status: number; account?: string }>;

async function honoOrigin(): Promise<Ask> {
  const app = new Hono()
    .use(verifyAssertion({ jwksUrl: publisher.url, audience: ORIGIN, mode: "live" }))
    .get("/", (c) => c.json({ account: c.var.caller.account }));
  app.onError((_error, c) => c.json({}, 500));
  return async (headers) => {
    const response = await app.request("/", { headers });
    return { status: response.status, ...((await response.json()) as object) };
  };
}

async function nodeOrigin(): Promise<Ask> {
  const callerOf = assertionReader({ jwksUrl: publisher.url, audience: ORIGIN, mode: "live" });
  const server = http.createServer(async (request, response) => {
    const caller = await callerOf(request).catch(() => "unknown" as const);
    response.statusCode = caller === null ? 401 : caller === "unknown" ? 500 : 200;
    response.end(JSON.stringify(caller && caller !== "unknown" ? { account: caller.sub } : {}));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closing.push(() => new Promise((resolve) => server.close(resolve)));
  const { port } = server.address() as AddressInfo;
  return async (headers) => {
    const response = await fetch(`http://127.0.0.1:${port}/`, { headers });
    return { status: response.status, ...((await response.json()) as object) };
  };
}

const assertion = (jwt: string) => ({ "X-Octopost-Assertion": jwt });
const secondsFromNow = (seconds: number) => Math.floor(Date.now() / 1000) + seconds;

describe.each([
  ["in Hono", honoOrigin],
  ["on plain Node", nodeOrigin],
])("an origin %s", (_, origin) => {
  test("takes an assertion at its word", async () => {
    const ask = await origin();
    const headers = { ...assertion(signedJwt(claimsFor(ORIGIN), key)), "X-Octopost-Account": "other" };
    expect(await ask(headers)).toEqual({ status: 200, account: "acct" });
  });

  test("takes one from a gateway whose clock is ahead", async () => {
    const ask = await origin();
    const claims = claimsFor(ORIGIN, { iat: secondsFromNow(20), exp: secondsFromNow(80) });
    expect((await ask(assertion(signedJwt(claims, key)))).status).toBe(200);
  });

  test("refuses a request that has none", async () => {
    const ask = await origin();
    expect((await ask({})).status).toBe(401);
    const told = { "X-Octopost-Account": "acct", "X-Octopost-Mode": "live", "X-Octopost-Permissions": "all" };
    expect((await ask(told)).status).toBe(401);
    expect((await ask({ Authorization: `Bearer ${signedJwt(claimsFor(ORIGIN), key)}` })).status).toBe(401);
  });

  test.each([
    ["that has expired", { exp: secondsFromNow(-1), iat: secondsFromNow(-61) }],
    ["that never expires", { exp: undefined }],
    ["with an end that is no time", { exp: "never" }],
    ["for another origin", { aud: "https://sandbox-origin.example" }],
    ["for an address that begins alike", { aud: `${ORIGIN}.example` }],
    ["for nobody", { aud: undefined }],
    ["of the other mode", { mode: "test" }],
    ["of no mode", { mode: undefined }],
    ["of another issuer", { iss: "https://api.example" }],
    ["of no issuer", { iss: undefined }],
  ])("refuses one %s, though it is signed", async (_, changes) => {
    const ask = await origin();
    expect((await ask(assertion(signedJwt(claimsFor(ORIGIN, changes), key)))).status).toBe(401);
  });

  test("refuses one that was altered", async () => {
    const ask = await origin();
    const jwt = signedJwt(claimsFor(ORIGIN), key);
    const [header, payload, signature = ""] = jwt.split(".");
    const flipped = signature.startsWith("A") ? `B${signature.slice(1)}` : `A${signature.slice(1)}`;
    for (const altered of [
      withClaims(jwt, { sub: "victim" }),
      withClaims(jwt, { exp: secondsFromNow(9999) }),
      `${header}.${payload}.${flipped}`,
      `${header}.${payload}.`,
      `${header}.${payload}`,
      `${jwt}.${signature}`,
      `${jwt}, ${jwt}`,
      "garbage",
      "..",
      "bnVsbA.bnVsbA.bnVsbA",
    ]) {
      expect([altered, (await ask(assertion(altered))).status]).toEqual([altered, 401]);
    }
    expect((await ask(assertion(jwt))).status).toBe(200);
  });

  test("refuses one signed by another key, whatever name that key goes by", async () => {
    const ask = await origin();
    const stranger = newAssertionKey();
    for (const kid of [stranger.kid, key.kid, undefined]) {
      const jwt = signedJwt(claimsFor(ORIGIN), { ...stranger, kid: kid as string });
      expect((await ask(assertion(jwt))).status).toBe(401);
    }
  });

  test("refuses one that is not signed at all: alg none, in any spelling", async () => {
    const ask = await origin();
    for (const alg of ["none", "None", "NONE", "", undefined]) {
      const jwt = unsignedJwt(claimsFor(ORIGIN), { alg, typ: "JWT", kid: key.kid });
      expect((await ask(assertion(jwt))).status).toBe(401);
    }
  });

  test("refuses one signed with the public key as if it were a secret: alg HS256", async () => {
    const ask = await origin();
    const raw = Buffer.from(key.x, "base64url");
    for (const secret of [key.x, raw, JSON.stringify(publicJwk(key))]) {
      expect((await ask(assertion(macJwt(claimsFor(ORIGIN), key.kid, secret)))).status).toBe(401);
    }
    // Signed well, yet naming another algorithm than was used.
    const renamed = signedJwt(claimsFor(ORIGIN), key, { alg: "HS256" });
    expect((await ask(assertion(renamed))).status).toBe(401);
  });

  test("asks for the keys once, and again only for a key id that is new", async () => {
    const ask = await origin();
    const next = newAssertionKey();
    const byOld = assertion(signedJwt(claimsFor(ORIGIN), key));
    for (let i = 0; i < 3; i++) expect((await ask(byOld)).status).toBe(200);
    expect(publisher.asked).toBe(1);

    publisher.keys = [next, key];
    vi.useFakeTimers({ now: Date.now() + 10_000, toFake: ["Date"] });
    expect((await ask(assertion(signedJwt(claimsFor(ORIGIN), next)))).status).toBe(200);
    expect((await ask(assertion(signedJwt(claimsFor(ORIGIN), key)))).status).toBe(200);
    expect(publisher.asked).toBe(2);
  });

  test("is not made to ask for keys by made-up key ids", async () => {
    const ask = await origin();
    expect((await ask(assertion(signedJwt(claimsFor(ORIGIN), key)))).status).toBe(200);
    for (let i = 0; i < 20; i++) {
      const stranger = { ...newAssertionKey(), kid: `made-up-${i}` };
      expect((await ask(assertion(signedJwt(claimsFor(ORIGIN), stranger)))).status).toBe(401);
    }
    expect(publisher.asked).toBe(1);
  });

  test("no longer takes a key that was withdrawn, once the answer it had is too old", async () => {
    const ask = await origin();
    expect((await ask(assertion(signedJwt(claimsFor(ORIGIN), key)))).status).toBe(200);
    publisher.keys = [newAssertionKey()];
    vi.useFakeTimers({ now: Date.now() + 300_000, toFake: ["Date"] });
    expect((await ask(assertion(signedJwt(claimsFor(ORIGIN), key)))).status).toBe(401);
  });

  test("serves nothing while the keys cannot be had, and says that it is not the caller's fault", async () => {
    const ask = await origin();
    publisher.status = 503;
    expect((await ask(assertion(signedJwt(claimsFor(ORIGIN), key)))).status).toBe(500);
    publisher.status = 200;
    expect((await ask(assertion(signedJwt(claimsFor(ORIGIN), key)))).status).toBe(200);
  });
});

test("many requests that need the keys at once cause a single fetch", async () => {
  const publicKeys = keepPublicKeys(publisher.url);
  const answers = await Promise.all(Array.from({ length: 20 }, () => publicKeys(key.kid)));
  expect(publisher.asked).toBe(1);
  for (const keys of answers) expect(keys.map(({ kid }) => kid)).toEqual([key.kid]);
});
