/**
 * The bearer token of a request: exactly one `Authorization: Bearer <token>` (RFC 6750 §2.1), with the case-insensitive
 * scheme of RFC 9110 §11.1. Several Authorization headers arrive joined by a comma and a space, and do not match.
 */
import type { Refusal } from "../refusals.ts";

const BEARER = /^bearer +([^ ]+)$/i;

/** RFC 9110 §11.1: a token before the first space. */
const OTHER_SCHEME = /^(?!bearer(?: |$))[!#$%&'*+.^_`|~0-9a-z-]+(?: |$)/i;

/** The token, or why the header has none. */
export function bearerToken(authorization: string | null): string | Refusal {
  if (!authorization) return { reason: "missing_credential" };
  const token = BEARER.exec(authorization)?.[1];
  if (token !== undefined) return token;
  if (OTHER_SCHEME.test(authorization)) return { reason: "malformed_credential", scheme: "other" };
  return { reason: "malformed_credential" };
}
