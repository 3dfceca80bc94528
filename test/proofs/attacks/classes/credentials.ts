/**
 * A credential that two readers read differently: twice, in a list, behind another scheme, with something around it.
 *
 * One `Authorization` header with one Bearer key, or none at all.
 */
import { type Attack, harmless, UNAUTHORIZED } from "../attack.ts";

const FIRST_ONLY = "CVE-2020-25017, Envoy";
const JOINED = "CVE-2026-26308, Envoy";
const ANY_SCHEME = "CVE-2026-47673, Hono";

const wrong = (name: string, incident: string, ...values: string[]): Attack => ({
  name,
  incident,
  key: null,
  headers: values.map((value) => ["Authorization", value] as const),
  outcome: UNAUTHORIZED,
});

export const CREDENTIALS: readonly Attack[] = [
  wrong("the same key in two headers is no credential", FIRST_ONLY, "Bearer {full}", "Bearer {full}"),
  wrong("a weak key before a strong one is neither", FIRST_ONLY, "Bearer {testPosts}", "Bearer {full}"),
  wrong("a strong key before a weak one is neither", FIRST_ONLY, "Bearer {full}", "Bearer {testPosts}"),
  wrong("a made-up key before a good one is no credential", FIRST_ONLY, "Bearer oct_live_x", "Bearer {full}"),
  wrong("Basic before Bearer is no credential", FIRST_ONLY, "Basic eDp5", "Bearer {full}"),
  wrong("two keys in one list are no credential", JOINED, "Bearer {testPosts}, Bearer {full}"),
  wrong("two keys under one scheme are no credential", JOINED, "Bearer {testPosts},{full}"),
  wrong("a key and a parameter are no credential", JOINED, 'Bearer {full}, realm="octopost"'),
  wrong("a key behind Basic is no credential", ANY_SCHEME, "Basic {full}"),
  wrong("a key behind a scheme of our making is no credential", ANY_SCHEME, "Octopost {full}"),
  wrong("a key behind no scheme is no credential", ANY_SCHEME, "{full}"),
  wrong("a key behind a scheme that begins as Bearer is no credential", ANY_SCHEME, "BearerX {full}"),
  wrong("a key behind ApiKey is no credential", ANY_SCHEME, "ApiKey {full}"),
  wrong("a key behind two schemes is no credential", ANY_SCHEME, "Bearer Bearer {full}"),
  wrong("a key behind a tab is no credential", "RFC 9110, section 11.4", "Bearer\t{full}"),
  wrong("a key behind a no-break space is no credential", "RFC 9110, section 11.4", "Bearer\xa0{full}"),
  wrong("a key with a suffix is no credential", "CVE-2019-9900, Envoy", "Bearer {full}x"),
  wrong("a key with an escape behind it is no credential", "CVE-2019-9900, Envoy", "Bearer {full}%00"),
  wrong("a key with a line end by escape is no credential", "CVE-2019-9900, Envoy", "Bearer {full}%0d%0a"),
  wrong("a key in full-width letters is no credential", "RFC 6750, section 2.1", "Bearer \xef\xbd\x8f{full}"),
  wrong("null is no key", "CVE-2026-47673, Hono", "Bearer null"),
  wrong("undefined is no key", "CVE-2026-47673, Hono", "Bearer undefined"),
  wrong("an empty token is no key", "CVE-2026-47673, Hono", "Bearer "),
  wrong("a star is no key", "CVE-2026-47673, Hono", "Bearer *"),
  wrong("the control token is no key", "CVE-2025-62610, Hono", "Bearer {token}"),
  wrong("a key's id is no key", "RFC 6750, section 5", "Bearer {full.id}"),
  {
    name: "the scheme in another case is the same scheme, and the key is good",
    incident: "RFC 9110, section 11.1",
    key: "full",
    bytes: "GET /v1/posts HTTP/1.1\r\nHost: {host}\r\naUTHORIZATION: bEARER {full}\r\n\r\n",
    outcome: harmless("GET /v1/posts"),
  },
];
