/**
 * The identity headers that the gateway adds for the origin.
 *
 * Promise: every `X-Octopost-*`, `X-Forwarded-*` and `X-Request-Id` at the origin comes from the gateway, because no client
 * can forge one in any spelling, and the signed assertion contains the same values.
 */

import { createPublicKey, verify } from "node:crypto";
import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { IssuedKey } from "../support/control-client.ts";
import type { GatewayCluster } from "../support/gateway-cluster.ts";
import { rawRequest } from "../support/raw-http.ts";
import { ALWAYS, FORGED, forged, HeaderClient, HOST, namesOf } from "./header-client.ts";

let client: HeaderClient;
let cluster: GatewayCluster;
let key: IssuedKey;

beforeAll(async () => {
  client = await HeaderClient.start();
  ({ cluster, key } = client);
});
beforeEach(() => cluster.live.clear());

describe("identity headers", () => {
  test.each([
    "X-Octopost-Account",
    "X-Octopost-Key-Id",
    "X-Octopost-Mode",
    "X-Octopost-Permissions",
    "X-Octopost-Assertion",
    "X-Octopost-Admin",
    "X-Request-Id",
    "X-Forwarded-For",
    "X-Forwarded-Host",
    "X-Forwarded-Proto",
  ])("%s cannot be forged in any spelling", async (name) => {
    const spellings = [
      name,
      name.toLowerCase(),
      name.toUpperCase(),
      name.replaceAll("-", "_"),
      name.replace("-", "_"),
      name.replace(/-([^-]*)$/, "_$1"),
      `${name}-`,
      `_${name}`,
    ];
    const request = await client.received(forged(...spellings));
    expect(namesOf(request)).toEqual(ALWAYS);
    expect(JSON.stringify(request.rawHeaders)).not.toContain(FORGED);
  });

  test("describe a live key with full access", async () => {
    const request = await client.received([]);
    expect(request.header("X-Octopost-Account")).toBe(key.account);
    expect(request.header("X-Octopost-Key-Id")).toBe(key.id);
    expect(request.header("X-Octopost-Mode")).toBe("live");
    expect(request.header("X-Octopost-Permissions")).toBe("all");
    expect(request.header("X-Forwarded-Host")).toBe(HOST);
    expect(request.header("X-Forwarded-Proto")).toBe("https");
    expect(request.header("Via")).toBe("1.1 octopost");
    expect(request.header("Host")).toBe(new URL(cluster.live.url).host);
  });

  test("describe a test key of another account with two permissions", async () => {
    const permissions = ["posts:read", "webhooks:write"];
    const other = await cluster.createKey({ account: "other_Account-1", mode: "test", permissions });
    expect((await client.send([], { secret: other.secret })).status).toBe(200);
    const request = await cluster.sandbox.arrived();
    expect(request.header("X-Octopost-Account")).toBe("other_Account-1");
    expect(request.header("X-Octopost-Key-Id")).toBe(other.id);
    expect(request.header("X-Octopost-Mode")).toBe("test");
    expect(request.header("X-Octopost-Permissions")).toBe("posts:read webhooks:write");
    expect(cluster.live.requests).toEqual([]);
  });

  test("X-Forwarded-For is the address from Cloudflare, whatever the client sends", async () => {
    const claimed = forged("X-Forwarded-For", "X-Real-IP");
    const request = await client.received([...claimed, ["CF-Connecting-IP", "203.0.113.7"]]);
    expect(request.header("X-Forwarded-For")).toBe("203.0.113.7");
    expect(namesOf(request)).toEqual([...ALWAYS, "x-forwarded-for"].sort());
  });

  test("X-Request-Id is new for each request, and the same for client and origin", async () => {
    const answers = [
      await client.send([["X-Request-Id", "mine"]]),
      await client.send([["X-Request-Id", "mine"]]),
    ];
    const origin = answers.map((answer) => answer.header("X-Request-Id"));
    expect(origin).toEqual(cluster.live.requests.map((request) => request.header("X-Request-Id")));
    expect(new Set([...origin, "mine"]).size).toBe(3);
    for (const id of origin) expect(id).toMatch(/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
  });

  test("match the assertion, which is signed with a published key", async () => {
    const request = await client.received([]);
    const [head = "", claims = "", signature = ""] = request.header("X-Octopost-Assertion")?.split(".") ?? [];
    const published = await rawRequest(cluster.gateway(0), {
      method: "GET",
      target: "/.well-known/jwks.json",
    });
    const { keys } = JSON.parse(published.body.toString());
    const { kid, alg } = JSON.parse(Buffer.from(head, "base64url").toString());
    const jwk = keys.find((one: { kid: string }) => one.kid === kid);
    expect([alg, jwk.d]).toEqual(["EdDSA", undefined]);
    const publicKey = createPublicKey({ key: jwk, format: "jwk" });
    const signed = Buffer.from(`${head}.${claims}`);
    expect(verify(null, signed, publicKey, Buffer.from(signature, "base64url"))).toBe(true);

    const { iat, exp, ...rest } = JSON.parse(Buffer.from(claims, "base64url").toString());
    expect(rest).toEqual({
      iss: "https://api.octopost.ink",
      aud: cluster.live.url,
      sub: key.account,
      key_id: key.id,
      mode: "live",
      scope: "all",
    });
    expect(exp - iat).toBe(60);
    expect(exp * 1000).toBeGreaterThan(Date.now());
  });
});
