/**
 * `X-Octopost-Assertion`: a signed statement of the caller's identity, so that a client that knows the origin's address
 * still cannot call it. A JWT (RFC 7519), EdDSA over Ed25519 (RFC 8037), valid for a minute and for one origin.
 *
 * Signed at most once per key and 30 s in an isolate, unless the key's permissions change. Signing takes one turn of the
 * event loop without I/O, so no second request starts to sign meanwhile.
 */
import { base64url } from "../keys/digests.ts";
import type { KeyRecord } from "../keys/key-record.ts";
import type { KnownKey, SignedIdentity } from "../leases/cached-key.ts";
import type { Terms } from "../leases/protocol.ts";
import type { AssertionKeys } from "../settings.ts";

export const ASSERTION_ISSUER = "https://api.octopost.ink";
export const ASSERTION_TTL_SECONDS = 60;
/** Half of its lifetime is left for the transit to the origin and for the origin's clock. */
const RENEW_AFTER_MS = 30_000;

/** The permissions as the identity headers state them. */
export function scopeOf({ permissions }: Pick<Terms, "permissions">): string {
  return permissions.length === 0 ? "all" : permissions.join(" ");
}

/** The key's assertion under the terms of its lease; null if it has none that can be sent at `now`. */
export function freshIdentity(key: KnownKey, now: number): SignedIdentity | null {
  const identity = key.assertion;
  return isFresh(identity, scopeOf(key.lease.terms), now) ? identity : null;
}

/** A new assertion, signed now. */
export async function newIdentity(
  key: KnownKey,
  audience: string,
  keys: AssertionKeys,
  now: number,
): Promise<SignedIdentity> {
  let identity: SignedIdentity | null = null;
  // Signing takes a turn of the event loop, in which the terms may change.
  while (!isFresh(identity, scopeOf(key.lease.terms), now)) {
    identity = await signIdentity(key.record, scopeOf(key.lease.terms), audience, keys, now);
    key.assertion = identity;
  }
  return identity;
}

/** Whether the assertion can be sent at `now` (Unix milliseconds) for a key with these permissions. */
export function isFresh(
  assertion: SignedIdentity | null,
  scope: string,
  now: number,
): assertion is SignedIdentity {
  if (assertion === null || assertion.scope !== scope) return false;
  return now >= assertion.signedAt && now - assertion.signedAt < RENEW_AFTER_MS;
}

export async function signIdentity(
  record: KeyRecord,
  scope: string,
  audience: string,
  keys: AssertionKeys,
  now: number,
): Promise<SignedIdentity> {
  const issuedAt = Math.floor(now / 1000);
  const claims = {
    iss: ASSERTION_ISSUER,
    aud: audience,
    sub: record.account,
    key_id: record.id,
    mode: record.mode,
    scope,
    iat: issuedAt,
    exp: issuedAt + ASSERTION_TTL_SECONDS,
  };
  return { jwt: await signJwt(claims, keys.signing), signedAt: now, scope };
}

const ED25519 = { name: "Ed25519" };

/** By its JWK; an isolate has one. */
const importedKeys = new WeakMap<AssertionKeys["signing"], CryptoKey>();

/** RFC 7515 §3.1 and §7.1. */
async function signJwt(claims: object, jwk: AssertionKeys["signing"]): Promise<string> {
  const { alg, kid } = jwk;
  const input = `${encoded(JSON.stringify({ alg, typ: "JWT", kid }))}.${encoded(JSON.stringify(claims))}`;
  const key = importedKeys.get(jwk) ?? (await crypto.subtle.importKey("jwk", jwk, ED25519, false, ["sign"]));
  importedKeys.set(jwk, key);
  const signature = await crypto.subtle.sign(ED25519, key, new TextEncoder().encode(input));
  return `${input}.${base64url(new Uint8Array(signature))}`;
}

function encoded(text: string): string {
  return base64url(new TextEncoder().encode(text));
}
