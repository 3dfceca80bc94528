/** Creates the key that signs `X-Octopost-Assertion`: Ed25519, as a private JWK (RFC 8037). */

import { generateKeyPairSync, randomBytes } from "node:crypto";

export interface PrivateAssertionKey {
  readonly kty: string;
  readonly crv: string;
  readonly x: string;
  readonly d: string;
  readonly kid: string;
}

export function newAssertionKey(): PrivateAssertionKey {
  const { privateKey } = generateKeyPairSync("ed25519");
  const { kty, crv, x, d } = privateKey.export({ format: "jwk" });
  if (!kty || !crv || !x || !d) throw new Error("Node created an incomplete Ed25519 key");
  return { kty, crv, x, d, kid: randomBytes(6).toString("hex") };
}
