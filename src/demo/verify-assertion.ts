/**
 * Identifies the caller of an origin from the JWT that the gateway signs (`X-Octopost-Assertion`).
 *
 * Guarantees that a caller comes from an unexpired JWT of the gateway, for this origin and this mode, and from no other
 * header. It does not check permissions: the gateway has done that. Copy it into an origin on Node, Hono or Workers.
 */
import { createRemoteJWKSet, errors, jwtVerify } from "jose";

export interface Caller {
  readonly account: string;
  readonly keyId: string;
  /** `all`, or permissions separated by spaces. */
  readonly scope: string;
}

/** Resolves to null for an assertion that is missing or invalid: answer 401. Rejects when the keys cannot be fetched. */
export type AssertionVerifier = (jwt: string | undefined) => Promise<Caller | null>;

/** The `max-age` of the gateway's key set. */
const JWKS_MAX_AGE_MS = 300_000;
/** A key ID that is unknown causes at most one fetch per interval. */
const JWKS_COOLDOWN_MS = 10_000;
/** jose's codes for a key set that could not be fetched, as opposed to a JWT that is invalid. */
const JWKS_ERRORS = ["ERR_JOSE_GENERIC", "ERR_JWKS_TIMEOUT", "ERR_JWKS_INVALID"];

/** `audience`: this origin's URL, as `LIVE_ORIGIN` or `SANDBOX_ORIGIN` of the gateway has it. */
export function assertionVerifier(expected: {
  readonly jwksUrl: string;
  readonly audience: string;
  readonly mode: "live" | "test";
}): AssertionVerifier {
  // On Workers, jose shares no pending fetch between requests: https://github.com/panva/jose/issues/355.
  const jwks = createRemoteJWKSet(new URL(expected.jwksUrl), {
    cacheMaxAge: JWKS_MAX_AGE_MS,
    cooldownDuration: JWKS_COOLDOWN_MS,
  });
  return async (jwt = "") => {
    try {
      const { payload } = await jwtVerify(jwt, jwks, {
        algorithms: ["EdDSA"],
        issuer: "https://api.octopost.ink",
        audience: expected.audience,
        requiredClaims: ["exp"],
      });
      if (payload.mode !== expected.mode) return null;
      return { account: String(payload.sub), keyId: String(payload.key_id), scope: String(payload.scope) };
    } catch (error) {
      if (error instanceof errors.JOSEError && !JWKS_ERRORS.includes(error.code)) return null;
      throw error;
    }
  };
}
