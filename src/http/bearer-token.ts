/**
 * RFC 6750 §2.1 with the case-insensitive scheme of RFC 9110 §11.1. Several Authorization headers arrive joined by a
 * comma and a space, and do not match.
 */
const BEARER = /^bearer +([^ ]+)$/i;

/** The token of an `Authorization` header, or undefined when the header has another form. */
export function bearerToken(authorization: string): string | undefined {
  return BEARER.exec(authorization)?.[1];
}
