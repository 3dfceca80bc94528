/**
 * A path that is judged as one resource and served as another.
 *
 * The gateway resolves what the URL standard resolves before it judges, forwards exactly the path it has judged, and
 * refuses every path that a second parser could read differently.
 */
import { type Attack, FORBIDDEN, harmless, MALFORMED, NOT_FOUND } from "../attack.ts";

const ENVOY_DOTS = "CVE-2019-9901, Envoy";
const ENVOY_SLASHES = "CVE-2021-29492, Envoy";
const TRAEFIK_DOTS = "CVE-2025-32431, Traefik";
const TRAEFIK_ENCODED = "GHSA-vrch-868g-9jx5, Traefik";
const TRAEFIK_CHARACTERS = "GHSA-gm3x-23wp-hc2c, Traefik";
const APISIX = "CVE-2021-43557, Apache APISIX";

/** A key for posts only; each path that is refused here would lead to accounts. */
const posts = "posts" as const;

export const PATH_NORMALISATION: readonly Attack[] = [
  {
    name: "dot segments are judged as the path they lead to",
    incident: ENVOY_DOTS,
    key: posts,
    target: "/v1/posts/../accounts",
    outcome: FORBIDDEN,
  },
  {
    name: "dot segments through an unknown prefix are judged as the path they lead to",
    incident: TRAEFIK_DOTS,
    key: posts,
    target: "/v1/public/../accounts/acc_1",
    outcome: FORBIDDEN,
  },
  {
    name: "encoded dot segments are judged as the path they lead to",
    incident: TRAEFIK_ENCODED,
    key: posts,
    target: "/v1/posts/%2e%2e/accounts",
    outcome: FORBIDDEN,
  },
  {
    name: "half-encoded dot segments are judged as the path they lead to",
    incident: TRAEFIK_ENCODED,
    key: posts,
    target: "/v1/posts/.%2E/accounts",
    outcome: FORBIDDEN,
  },
  {
    name: "backslashes are judged as slashes",
    incident: ENVOY_SLASHES,
    key: posts,
    target: "/v1/posts\\..\\accounts",
    outcome: FORBIDDEN,
  },
  {
    name: "dot segments reach the origin resolved",
    incident: ENVOY_DOTS,
    target: "/v1/posts/../accounts",
    outcome: harmless("GET /v1/accounts"),
  },
  {
    name: "an encoded slash is refused",
    incident: ENVOY_SLASHES,
    key: posts,
    target: "/v1/posts%2f..%2faccounts",
    outcome: MALFORMED,
  },
  {
    name: "an encoded backslash is refused",
    incident: ENVOY_SLASHES,
    key: posts,
    target: "/v1/posts/x%5c..%5c..%5caccounts",
    outcome: MALFORMED,
  },
  {
    name: "a double-encoded slash is refused",
    incident: ENVOY_SLASHES,
    key: posts,
    target: "/v1/posts/x%252f..%252f..%252faccounts",
    outcome: MALFORMED,
  },
  {
    name: "doubled slashes are refused",
    incident: APISIX,
    key: posts,
    target: "/v1//accounts",
    outcome: MALFORMED,
  },
  {
    name: "doubled slashes at the start are outside the API",
    incident: APISIX,
    key: posts,
    target: "//v1/accounts",
    outcome: NOT_FOUND,
  },
  {
    name: "doubled slashes left by dot segments are not merged",
    incident: APISIX,
    key: posts,
    target: "/v1/posts/..//accounts",
    outcome: MALFORMED,
  },
  ...["%2F", "%5C", "%00", "%3B", "%3F", "%23"].map(
    (encoded): Attack => ({
      name: `the encoded reserved character ${encoded} is refused`,
      incident: TRAEFIK_CHARACTERS,
      key: posts,
      target: `/v1/posts/x${encoded}/../../accounts%2Facc_1`,
      outcome: MALFORMED,
    }),
  ),
  {
    name: "an encoded letter is refused",
    incident: TRAEFIK_ENCODED,
    target: "/v1/%61ccounts",
    outcome: MALFORMED,
  },
  {
    name: "an encoded prefix is outside the API",
    incident: "CVE-2026-47676, Hono",
    target: "/%761/posts",
    outcome: NOT_FOUND,
  },
  {
    name: "a multi-byte prefix does not shift the path",
    incident: "CVE-2026-47676, Hono",
    target: "/%C3%A9/v1/posts",
    outcome: NOT_FOUND,
  },
  {
    name: "encoded dots after the prefix do not leave the API",
    incident: "CVE-2026-48020, Traefik",
    target: "/v1%2e%2e/healthz",
    outcome: NOT_FOUND,
  },
  {
    name: "a fragment is neither judged nor forwarded",
    incident: "CVE-2021-32779, Envoy",
    key: posts,
    target: "/v1/posts#/../accounts",
    outcome: harmless("GET /v1/posts"),
  },
  {
    name: "an encoded fragment does not end the path",
    incident: "CVE-2026-41059, oauth2-proxy",
    key: posts,
    target: "/v1/accounts%23/posts",
    outcome: MALFORMED,
  },
  {
    name: "a query that contains a permitted path grants nothing",
    incident: "CVE-2025-54576, oauth2-proxy",
    key: posts,
    target: "/v1/accounts?x=/v1/posts",
    outcome: FORBIDDEN,
  },
  {
    name: "paths are case-sensitive",
    incident: "CVE-2026-27587, Caddy",
    target: "/v1/ACCOUNTS",
    outcome: NOT_FOUND,
  },
];
