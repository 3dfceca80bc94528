/** The characters that HTTP allows in a header's name, in a bearer token and in a header's value. */

/** A header name in lower case (RFC 9110 §5.6.2). */
export const HEADER_NAME = /^[a-z0-9!#$%&'*+.^_`|~-]+$/;

/** Printable ASCII without spaces: what may follow `Bearer `. */
export const TOKEN_TEXT = /^[\x21-\x7e]+$/;

/** Printable ASCII without a space at either end (RFC 9110 §5.5). */
export const HEADER_TEXT = /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/;
