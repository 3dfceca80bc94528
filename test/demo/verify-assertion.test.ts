// The assertions that an origin accepts: signed by the gateway, for this origin, this mode and this minute, and no
// others. The same promises hold for an origin in Hono and for one on plain Node.

import http from "node:http";
import type { AddressInfo } from "node:net";
import { Hono } from "hono";
import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { newAssertionKey } from "../../src/cli/assertion-key.ts";
import { assertionVerifier } from "../../src/demo/verify-assertion.ts";
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

/** Sends a request with these headers; resolves to the status and the account that the origin identified. */
type Send = (headers: Record<string, string>) => Promise<{ status: number; account?: string }>;

const verifier = () => assertionVerifier({ jwksUrl: publisher.url, audience: ORIGIN, mode: "live" });

async function honoOrigin(): Promise<Send> {
  const verify = verifier();
  const app = new Hono().get("/", async (c) => {
    const caller = await verify(c.req.header("X-Octopost-Assertion"));
    return caller === null ? c.json({}, 401) : c.json({ account: caller.account });
  });
  app.onError((_error, c) => c.json({}, 500));
  return async (headers) => {
    const response = await app.request("/", { headers });
    return { status: response.status, ...((await response.json()) as object) };
  };
}

async function nodeOrigin(): Promise<Send> {
  const verify = verifier();
  const server = http.createServer(async (request, response) => {
    try {
      const caller = await verify(request.headers["x-octopost-assertion"] as string | undefined);
      response.statusCode = caller === null ? 401 : 200;
      response.end(JSON.stringify(caller === null ? {} : { account: caller.account }));
    } catch {
      response.writeHead(500).end("{}");
    }
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
  test("accepts a valid assertion, and ignores other headers", async () => {
    const send = await origin();
    const headers = { ...assertion(signedJwt(claimsFor(ORIGIN), key)), "X-Octopost-Account": "other" };
    expect(await send(headers)).toEqual({ status: 200, account: "acct" });
  });

  test("accepts one from a gateway whose clock is ahead", async () => {
    const send = await origin();
    const claims = claimsFor(ORIGIN, { iat: secondsFromNow(20), exp: secondsFromNow(80) });
    expect((await send(assertion(signedJwt(claims, key)))).status).toBe(200);
  });

  test("refuses a request without one", async () => {
    const send = await origin();
    expect((await send({})).status).toBe(401);
    const unsigned = {
      "X-Octopost-Account": "acct",
      "X-Octopost-Mode": "live",
      "X-Octopost-Permissions": "all",
    };
    expect((await send(unsigned)).status).toBe(401);
    expect((await send({ Authorization: `Bearer ${signedJwt(claimsFor(ORIGIN), key)}` })).status).toBe(401);
  });

  test.each([
    ["that has expired", { exp: secondsFromNow(-1), iat: secondsFromNow(-61) }],
    ["that never expires", { exp: undefined }],
    ["with an exp that is not a number", { exp: "never" }],
    ["for another origin", { aud: "https://sandbox-origin.example" }],
    ["for an address with the same beginning", { aud: `${ORIGIN}.example` }],
    ["without an audience", { aud: undefined }],
    ["of the other mode", { mode: "test" }],
    ["without a mode", { mode: undefined }],
    ["of another issuer", { iss: "https://api.example" }],
    ["without an issuer", { iss: undefined }],
  ])("refuses one %s, though it is signed", async (_, changes) => {
    const send = await origin();
    expect((await send(assertion(signedJwt(claimsFor(ORIGIN, changes), key)))).status).toBe(401);
  });

  test("refuses one that was changed after signing", async () => {
    const send = await origin();
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
      expect([altered, (await send(assertion(altered))).status]).toEqual([altered, 401]);
    }
    expect((await send(assertion(jwt))).status).toBe(200);
  });

  test("refuses one signed by another key, whatever key ID it names", async () => {
    const send = await origin();
    const unknown = newAssertionKey();
    for (const kid of [unknown.kid, key.kid, undefined]) {
      const jwt = signedJwt(claimsFor(ORIGIN), { ...unknown, kid: kid as string });
      expect((await send(assertion(jwt))).status).toBe(401);
    }
  });

  test("refuses one without a signature: alg none, in any spelling", async () => {
    const send = await origin();
    for (const alg of ["none", "None", "NONE", "", undefined]) {
      const jwt = unsignedJwt(claimsFor(ORIGIN), { alg, typ: "JWT", kid: key.kid });
      expect((await send(assertion(jwt))).status).toBe(401);
    }
  });

  test("refuses one whose MAC uses the public key as the secret: alg HS256", async () => {
    const send = await origin();
    const raw = Buffer.from(key.x, "base64url");
    for (const secret of [key.x, raw, JSON.stringify(publicJwk(key))]) {
      expect((await send(assertion(macJwt(claimsFor(ORIGIN), key.kid, secret)))).status).toBe(401);
    }
    // The signature is valid, but the header names another algorithm.
    const renamed = signedJwt(claimsFor(ORIGIN), key, { alg: "HS256" });
    expect((await send(assertion(renamed))).status).toBe(401);
  });

  test("fetches the keys once, and again only for an unknown key ID", async () => {
    const send = await origin();
    const next = newAssertionKey();
    const byOld = assertion(signedJwt(claimsFor(ORIGIN), key));
    for (let i = 0; i < 3; i++) expect((await send(byOld)).status).toBe(200);
    expect(publisher.asked).toBe(1);

    publisher.keys = [next, key];
    vi.useFakeTimers({ now: Date.now() + 10_000, toFake: ["Date"] });
    expect((await send(assertion(signedJwt(claimsFor(ORIGIN), next)))).status).toBe(200);
    expect((await send(assertion(signedJwt(claimsFor(ORIGIN), key)))).status).toBe(200);
    expect(publisher.asked).toBe(2);
  });

  test("does not fetch the keys again for made-up key IDs", async () => {
    const send = await origin();
    expect((await send(assertion(signedJwt(claimsFor(ORIGIN), key)))).status).toBe(200);
    for (let i = 0; i < 20; i++) {
      const unknown = { ...newAssertionKey(), kid: `made-up-${i}` };
      expect((await send(assertion(signedJwt(claimsFor(ORIGIN), unknown)))).status).toBe(401);
    }
    expect(publisher.asked).toBe(1);
  });

  test("no longer accepts a withdrawn key once the cached key set has expired", async () => {
    const send = await origin();
    expect((await send(assertion(signedJwt(claimsFor(ORIGIN), key)))).status).toBe(200);
    publisher.keys = [newAssertionKey()];
    vi.useFakeTimers({ now: Date.now() + 300_000, toFake: ["Date"] });
    expect((await send(assertion(signedJwt(claimsFor(ORIGIN), key)))).status).toBe(401);
  });

  test("serves nothing while the keys cannot be fetched, and answers 500, not 401", async () => {
    const send = await origin();
    publisher.status = 503;
    expect((await send(assertion(signedJwt(claimsFor(ORIGIN), key)))).status).toBe(500);
    publisher.status = 200;
    expect((await send(assertion(signedJwt(claimsFor(ORIGIN), key)))).status).toBe(200);
  });
});

test("fetches the keys once for many requests that need them at the same time", async () => {
  const verify = verifier();
  const jwt = signedJwt(claimsFor(ORIGIN), key);
  const callers = await Promise.all(Array.from({ length: 20 }, () => verify(jwt)));
  expect(publisher.asked).toBe(1);
  for (const caller of callers) expect(caller?.account).toBe("acct");
});
