/**
 * `X-Octopost-Assertion`: the gateway's signed word on who calls, so that whoever finds the origin's address
 * still cannot call it. A JWT (RFC 7519), EdDSA over Ed25519 (RFC 8037), good for a minute and for one origin.
 *
 * Signed at most once per key per 30 s in an isolate: signing is one turn of the event loop with no I/O in
 * it, so no second request can begin to sign meanwhile.
 */
import { sign } from "hono/utils/jwt/jwt";
import type { KeyRecord } from "../keys/key-record.ts";
import type { SignedIdentity } from "../leases/key-cache.ts";
import type { AssertionKeys } from "../settings.ts";

export const ASSERTION_ISSUER = "https://api.octopost.ink";
export const ASSERTION_TTL_SECONDS = 60;
/** Half of its life is left for the way to the origin and for the origin's clock. */
const RENEWED_AFTER_MS = 30_000;

/** Whether the assertion held can still be sent at `now` (Unix milliseconds). */
export function isFresh(held: SignedIdentity | null, now: number): held is SignedIdentity {
  return held !== null && now >= held.signedAt && now - held.signedAt < RENEWED_AFTER_MS;
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
