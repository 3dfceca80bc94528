/**
 * A credential that two parsers read differently: repeated, in a list, under another scheme, with text around it.
 *
 * Accepted is one `Authorization` header with one Bearer key, and nothing else.
 */
import { type Attack, harmless, UNAUTHORIZED } from "../attack.ts";

const FIRST_ONLY = "CVE-2020-25017, Envoy";
const JOINED = "CVE-2026-26308, Envoy";
const ANY_SCHEME = "CVE-2026-47673, Hono";

const credential = (name: string, incident: string, ...values: string[]): Attack => ({
  name,
  incident,
  key: null,
  headers: values.map((value) => ["Authorization", value] as const),
  outcome: UNAUTHORIZED,
});

export const CREDENTIALS: readonly Attack[] = [
  credential("the same key in two headers is refused", FIRST_ONLY, "Bearer {full}", "Bearer {full}"),
  credential("a weak key before a strong one is refused", FIRST_ONLY, "Bearer {testPosts}", "Bearer {full}"),
  credential("a strong key before a weak one is refused", FIRST_ONLY, "Bearer {full}", "Bearer {testPosts}"),
  credential("a made-up key before a valid one is refused", FIRST_ONLY, "Bearer oct_live_x", "Bearer {full}"),
  credential("Basic before Bearer is refused", FIRST_ONLY, "Basic eDp5", "Bearer {full}"),
  credential("two keys in one list are refused", JOINED, "Bearer {testPosts}, Bearer {full}"),
  credential("two keys under one scheme are refused", JOINED, "Bearer {testPosts},{full}"),
  credential("a key with a parameter is refused", JOINED, 'Bearer {full}, realm="octopost"'),
  credential("a key after Basic is refused", ANY_SCHEME, "Basic {full}"),
  credential("a key after an invented scheme is refused", ANY_SCHEME, "Octopost {full}"),
  credential("a key without a scheme is refused", ANY_SCHEME, "{full}"),
  credential("a key after a scheme that starts with Bearer is refused", ANY_SCHEME, "BearerX {full}"),
  credential("a key after ApiKey is refused", ANY_SCHEME, "ApiKey {full}"),
  credential("a key after two schemes is refused", ANY_SCHEME, "Bearer Bearer {full}"),
  credential("a key after a tab is refused", "RFC 9110, section 11.4", "Bearer\t{full}"),
  credential("a key after a no-break space is refused", "RFC 9110, section 11.4", "Bearer\xa0{full}"),
  credential("a key with a suffix is refused", "CVE-2019-9900, Envoy", "Bearer {full}x"),
  credential("a key followed by an encoded NUL is refused", "CVE-2019-9900, Envoy", "Bearer {full}%00"),
  credential(
    "a key followed by an encoded line end is refused",
    "CVE-2019-9900, Envoy",
    "Bearer {full}%0d%0a",
  ),
  credential(
    "a key with a full-width letter is refused",
    "RFC 6750, section 2.1",
    "Bearer \xef\xbd\x8f{full}",
  ),
  credential("the token null is refused", "CVE-2026-47673, Hono", "Bearer null"),
  credential("the token undefined is refused", "CVE-2026-47673, Hono", "Bearer undefined"),
  credential("an empty token is refused", "CVE-2026-47673, Hono", "Bearer "),
  credential("the token * is refused", "CVE-2026-47673, Hono", "Bearer *"),
  credential("the control token is refused as an API key", "CVE-2025-62610, Hono", "Bearer {token}"),
  credential("a key id is refused as an API key", "RFC 6750, section 5", "Bearer {full.id}"),
  {
    name: "the scheme is case-insensitive",
    incident: "RFC 9110, section 11.1",
    key: "full",
    bytes: "GET /v1/posts HTTP/1.1\r\nHost: {host}\r\naUTHORIZATION: bEARER {full}\r\n\r\n",
    outcome: harmless("GET /v1/posts"),
  },
];
