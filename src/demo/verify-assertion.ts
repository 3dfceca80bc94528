/**
 * For an origin in Hono: lets through only what the gateway has signed (`X-Octopost-Assertion`).
 *
 * Guarantees that the caller it sets comes from a JWT of the gateway's, not yet expired, meant for this origin
 * and this mode; from no header that anybody could write. Everything else gets 401. When the gateway's public
 * keys cannot be fetched it throws, and nothing is served. Made to be taken over: it needs hono alone.
 */
import { createMiddleware } from "hono/factory";
import { decode, verifyWithJwks } from "hono/jwt";
import { keepPublicKeys } from "./public-keys.ts";

export interface AssertionExpected {
  /** `https://api.octopost.ink/.well-known/jwks.json` */
  readonly jwksUrl: string;
  /** This origin's own URL, as the gateway's `LIVE_ORIGIN` or `SANDBOX_ORIGIN` says it. */
  readonly audience: string;
  readonly mode: "live" | "test";
}

/** Who calls, as the gateway says. */
export interface Caller {
  readonly account: string;
  readonly keyId: string;
  /** `all`, or permissions separated by spaces. */
  readonly scope: string;
}

export interface CallerEnv {
  Variables: { caller: Caller };
}

export function verifyAssertion({ jwksUrl, audience, mode }: AssertionExpected) {
  const publicKeys = keepPublicKeys(jwksUrl);
  // `exp` alone bounds its life: whether `iat` lies ahead says only that two clocks differ.
  const verification = { iss: "https://api.octopost.ink", aud: audience, iat: false };
  return createMiddleware<CallerEnv>(async (c, next) => {
    const jwt = c.req.header("X-Octopost-Assertion") ?? "";
    const keys = await publicKeys(keyIdOf(jwt));
    const checks = { keys, allowedAlgorithms: ["EdDSA"] as const, verification };
    const claims = await verifyWithJwks(jwt, checks).catch(() => null);
    if (claims?.exp === undefined || claims.mode !== mode) {
      return c.json({ error: "Only the gateway may call this origin", code: "unauthorized" }, 401);
    }
    c.set("caller", {
      account: String(claims.sub),
      keyId: String(claims.key_id),
      scope: String(claims.scope),
    });
    return await next();
  });
}

function keyIdOf(jwt: string): string | undefined {
  try {
    return decode(jwt).header.kid;
  } catch {
    return undefined;
  }
}
