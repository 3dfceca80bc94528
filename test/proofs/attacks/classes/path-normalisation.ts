/**
 * A path that is judged as one and served as another: from what the key may read to what it may not.
 *
 * The gateway resolves what the URL standard resolves before it judges, sends what it has judged, and takes
 * nothing that a second parser could read in another way.
 */
import { type Attack, FORBIDDEN, harmless, MALFORMED, NOT_FOUND } from "../attack.ts";

const ENVOY_DOTS = "CVE-2019-9901, Envoy";
const ENVOY_SLASHES = "CVE-2021-29492, Envoy";
const TRAEFIK_DOTS = "CVE-2025-32431, Traefik";
const TRAEFIK_ENCODED = "GHSA-vrch-868g-9jx5, Traefik";
const TRAEFIK_CHARACTERS = "GHSA-gm3x-23wp-hc2c, Traefik";
const APISIX = "CVE-2021-43557, Apache APISIX";

/** With a key for posts alone, whatever is refused here would lead to accounts. */
const posts = "posts" as const;

export const PATH_NORMALISATION: readonly Attack[] = [
  {
    name: "dots from posts to accounts are judged as accounts",
    incident: ENVOY_DOTS,
    key: posts,
    target: "/v1/posts/../accounts",
    outcome: FORBIDDEN,
  },
  {
    name: "dots through a prefix that nobody serves are judged as where they lead",
    incident: TRAEFIK_DOTS,
    key: posts,
    target: "/v1/public/../accounts/acc_1",
    outcome: FORBIDDEN,
  },
  {
    name: "encoded dots from posts to accounts are judged as accounts",
    incident: TRAEFIK_ENCODED,
    key: posts,
    target: "/v1/posts/%2e%2e/accounts",
    outcome: FORBIDDEN,
  },
  {
    name: "half-encoded dots from posts to accounts are judged as accounts",
    incident: TRAEFIK_ENCODED,
    key: posts,
    target: "/v1/posts/.%2E/accounts",
    outcome: FORBIDDEN,
  },
  {
    name: "backslashes from posts to accounts are judged as accounts",
    incident: ENVOY_SLASHES,
    key: posts,
    target: "/v1/posts\\..\\accounts",
    outcome: FORBIDDEN,
  },
  {
    name: "dots with the right permission reach the origin resolved, never as dots",
    incident: ENVOY_DOTS,
    target: "/v1/posts/../accounts",
    outcome: harmless("GET /v1/accounts"),
  },
  {
    name: "an encoded slash hides no segment",
    incident: ENVOY_SLASHES,
    key: posts,
    target: "/v1/posts%2f..%2faccounts",
    outcome: MALFORMED,
  },
  {
    name: "an encoded backslash hides no segment",
    incident: ENVOY_SLASHES,
    key: posts,
    target: "/v1/posts/x%5c..%5c..%5caccounts",
    outcome: MALFORMED,
  },
  {
    name: "a slash that is encoded twice hides no segment",
    incident: ENVOY_SLASHES,
    key: posts,
    target: "/v1/posts/x%252f..%252f..%252faccounts",
    outcome: MALFORMED,
  },
  {
    name: "doubled slashes are another path than single ones",
    incident: APISIX,
    key: posts,
    target: "/v1//accounts",
    outcome: MALFORMED,
  },
  {
    name: "doubled slashes at the beginning lead out of the API",
    incident: APISIX,
    key: posts,
    target: "//v1/accounts",
    outcome: NOT_FOUND,
  },
  {
    name: "dots that leave doubled slashes are not merged",
    incident: APISIX,
    key: posts,
    target: "/v1/posts/..//accounts",
    outcome: MALFORMED,
  },
  ...["%2F", "%5C", "%00", "%3B", "%3F", "%23"].map(
    (encoded): Attack => ({
      name: `an encoded character that routers read differently, ${encoded}, is in no path`,
      incident: TRAEFIK_CHARACTERS,
      key: posts,
      target: `/v1/posts/x${encoded}/../../accounts%2Facc_1`,
      outcome: MALFORMED,
    }),
  ),
  {
    name: "an encoded letter is not the letter",
    incident: TRAEFIK_ENCODED,
    target: "/v1/%61ccounts",
    outcome: MALFORMED,
  },
  {
    name: "an encoded prefix does not find the API",
    incident: "CVE-2026-47676, Hono",
    target: "/%761/posts",
    outcome: NOT_FOUND,
  },
  {
    name: "a multi-byte prefix does not shift where the path is cut",
    incident: "CVE-2026-47676, Hono",
    target: "/%C3%A9/v1/posts",
    outcome: NOT_FOUND,
  },
  {
    name: "dots behind a stripped prefix do not climb out of the API",
    incident: "CVE-2026-48020, Traefik",
    target: "/v1%2e%2e/healthz",
    outcome: NOT_FOUND,
  },
  {
    name: "a fragment is no part of the path, nor of what is sent",
    incident: "CVE-2021-32779, Envoy",
    key: posts,
    target: "/v1/posts#/../accounts",
    outcome: harmless("GET /v1/posts"),
  },
  {
    name: "an encoded fragment does not end the path that is judged",
    incident: "CVE-2026-41059, oauth2-proxy",
    key: posts,
    target: "/v1/accounts%23/posts",
    outcome: MALFORMED,
  },
  {
    name: "a query that looks like a readable path lends it to no other",
    incident: "CVE-2025-54576, oauth2-proxy",
    key: posts,
    target: "/v1/accounts?x=/v1/posts",
    outcome: FORBIDDEN,
  },
  {
    name: "another case is another path",
    incident: "CVE-2026-27587, Caddy",
    target: "/v1/ACCOUNTS",
    outcome: NOT_FOUND,
  },
];
