/**
 * `X-Octopost-Assertion`: a signed statement of the caller's identity, so that a client that knows the origin's address
 * still cannot call it. A JWT (RFC 7519), EdDSA over Ed25519 (RFC 8037), valid for a minute and for one origin.
 *
 * Signed at most once per key and 30 s in an isolate. Signing takes one turn of the event loop without I/O, so no second
 * request starts to sign meanwhile.
 */
import { sign } from "hono/utils/jwt/jwt";
import type { KeyRecord } from "../keys/key-record.ts";
import type { SignedIdentity } from "../leases/key-cache.ts";
import type { AssertionKeys } from "../settings.ts";

export const ASSERTION_ISSUER = "https://api.octopost.ink";
export const ASSERTION_TTL_SECONDS = 60;
/** Half of its lifetime is left for the transit to the origin and for the origin's clock. */
const RENEW_AFTER_MS = 30_000;

/** Whether the assertion can still be sent at `now` (Unix milliseconds). */
export function isFresh(assertion: SignedIdentity | null, now: number): assertion is SignedIdentity {
  return assertion !== null && now >= assertion.signedAt && now - assertion.signedAt < RENEW_AFTER_MS;
}

export async function signIdentity(
  record: KeyRecord,
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
    scope: record.permissions === "all" ? "all" : record.permissions.join(" "),
    iat: issuedAt,
    exp: issuedAt + ASSERTION_TTL_SECONDS,
  };
  return { jwt: await sign(claims, keys.signing, "EdDSA"), signedAt: now };
}
