/**
 * Makes valid and invalid assertions, and publishes public keys like the gateway.
 *
 * The signatures are real. The publisher is a fake of `/.well-known/jwks.json` for tests that run no gateway; it counts
 * its requests, and a test can change its response.
 */

import { createHmac, createPrivateKey, type JsonWebKey, sign } from "node:crypto";
import http from "node:http";
import type { AddressInfo } from "node:net";
import type { PrivateAssertionKey } from "../../src/cli/assertion-key.ts";

export const ISSUER = "https://api.octopost.ink";

/** The gateway's claims for a key; `audience` is the origin's URL. */
export function claimsFor(audience: string, changes: Readonly<Record<string, unknown>> = {}) {
  const now = Math.floor(Date.now() / 1000);
  const key = { sub: "acct", key_id: "key_0123456789012345678901", mode: "live", scope: "all" };
  return { iss: ISSUER, aud: audience, ...key, iat: now, exp: now + 60, ...changes };
}

/** A JWT signed like the gateway's; `header` changes the header, not the signature algorithm. */
export function signedJwt(
  claims: object,
  key: PrivateAssertionKey,
  header: Readonly<Record<string, unknown>> = {},
): string {
  const start = `${encoded({ alg: "EdDSA", typ: "JWT", kid: key.kid, ...header })}.${encoded(claims)}`;
  const privateKey = createPrivateKey({ key: key as unknown as JsonWebKey, format: "jwk" });
  return `${start}.${sign(null, Buffer.from(start), privateKey).toString("base64url")}`;
}

/** A JWT whose "signature" is a MAC with a publicly known secret. */
export function macJwt(claims: object, kid: string, secret: string | Buffer): string {
  const start = `${encoded({ alg: "HS256", typ: "JWT", kid })}.${encoded(claims)}`;
  return `${start}.${createHmac("sha256", secret).update(start).digest("base64url")}`;
}

/** A JWT without a signature. */
export function unsignedJwt(claims: object, header: Readonly<Record<string, unknown>>): string {
  return `${encoded(header)}.${encoded(claims)}.`;
}

/** The same JWT with other claims and its old signature. */
export function withClaims(jwt: string, changes: Readonly<Record<string, unknown>>): string {
  const [header, payload = "", signature] = jwt.split(".");
  return `${header}.${encoded({ ...decoded(payload), ...changes })}.${signature}`;
}

export function decoded(part: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(part, "base64url").toString());
}

function encoded(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}

export function publicJwk({ kty, crv, x, kid }: PrivateAssertionKey) {
  return { kty, crv, x, kid, alg: "EdDSA", use: "sig" };
}

export class KeyPublisher {
  readonly url: string;
  /** Number of requests for the keys. */
  asked = 0;
  keys: readonly PrivateAssertionKey[];
  maxAgeSeconds = 300;
  status = 200;
  readonly #server: http.Server;

  static async start(...keys: PrivateAssertionKey[]): Promise<KeyPublisher> {
    const server = http.createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return new KeyPublisher(server, keys);
  }

  private constructor(server: http.Server, keys: readonly PrivateAssertionKey[]) {
    this.#server = server;
    this.keys = keys;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/.well-known/jwks.json`;
    server.on("request", (_request, response) => {
      this.asked += 1;
      response.writeHead(this.status, { "Cache-Control": `public, max-age=${this.maxAgeSeconds}` });
      response.end(JSON.stringify({ keys: this.keys.map(publicJwk) }));
    });
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeAllConnections();
    await closed;
  }
}
