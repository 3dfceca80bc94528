/**
 * Sends requests with valid and invalid credentials, and asserts the documented 401 and that no origin received the
 * request.
 */

import { createHash, createHmac } from "node:crypto";
import { expect } from "vitest";
import type { IssuedKey } from "../support/control-client.ts";
import type { GatewayCluster } from "../support/gateway-cluster.ts";
import { type Header, type RawResponse, rawRequest } from "../support/raw-http.ts";
import { sharedCluster, TWO_GATEWAYS } from "../support/shared.ts";

/**
 * `WWW-Authenticate` of a refusal (RFC 6750, section 3): what a client could learn about a credential is the same for
 * every bad one; a description is given only for what the client itself can see or owns.
 */
export const CHALLENGE = {
  noCredential:
    'Bearer realm="octopost", error_description="Send your key in the header Authorization: Bearer <key>"',
  badCredential: 'Bearer realm="octopost", error="invalid_token"',
  otherScheme:
    'Bearer realm="octopost", error="invalid_token", error_description="Use the Bearer scheme: Authorization: Bearer <key>"',
  liveKeyNeeded:
    'Bearer realm="octopost", error="invalid_token", error_description="This endpoint needs a live key"',
} as const;

export class CredentialClient {
  readonly cluster: GatewayCluster;
  readonly key: IssuedKey;
  readonly testKey: IssuedKey;

  static async start(): Promise<CredentialClient> {
    const cluster = await sharedCluster(TWO_GATEWAYS);
    return new CredentialClient(
      cluster,
      await cluster.createKey(),
      await cluster.createKey({ mode: "test" }),
    );
  }

  private constructor(cluster: GatewayCluster, key: IssuedKey, testKey: IssuedKey) {
    this.cluster = cluster;
    this.key = key;
    this.testKey = testKey;
  }

  send(headers: readonly Header[], target = "/v1/posts", method = "GET"): Promise<RawResponse> {
    return rawRequest(this.cluster.gateway(0), { method, target, headers });
  }

  authorized(value: string): Promise<RawResponse> {
    return this.send([["Authorization", value]]);
  }

  forgetRequests(): void {
    this.cluster.live.clear();
    this.cluster.sandbox.clear();
  }

  expectRefusal(response: RawResponse, challenge: keyof typeof CHALLENGE): void {
    expect(constantPartOf(response)).toEqual({
      status: 401,
      reason: "Unauthorized",
      headers: expect.arrayContaining([
        ["Content-Type", "application/json"],
        ["Cache-Control", "no-store"],
        ["WWW-Authenticate", CHALLENGE[challenge]],
      ]),
      body: '{"error":"Invalid or expired API key","code":"unauthorized"}',
    });
    expect(response.header("X-Request-Id")).toMatch(/^[0-9a-f-]{36}$/);
    expect([...this.cluster.live.requests, ...this.cluster.sandbox.requests]).toEqual([]);
  }

  /** A key's hash at rest: HMAC-SHA-256(KEY_PEPPER, SHA-256(key)) in hex. */
  atRest(secret: string): string {
    const digest = createHash("sha256").update(secret).digest();
    return createHmac("sha256", String(this.cluster.settings.KEY_PEPPER)).update(digest).digest("hex");
  }
}

/** A response without the request id and the date, which always differ. */
export function constantPartOf({ status, reason, headers, body }: RawResponse) {
  const constant = headers.filter(([name]) => !/^(?:x-request-id|date)$/i.test(name));
  return { status, reason, headers: constant, body: body.toString() };
}
