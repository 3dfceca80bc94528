/** RFC 6750 §2.1 with RFC 9110's case-insensitive scheme; several headers arrive joined by a comma and do not match. */
const BEARER = /^bearer +([^ ]+)$/i;

/** The token of an `Authorization` header, or undefined when it is of another form. */
export function bearerToken(authorization: string): string | undefined {
  return BEARER.exec(authorization)?.[1];
}
