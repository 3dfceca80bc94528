/** Defences of what an origin's response may carry. */
import type { Defence } from "./defence.ts";

const RESPONSE = "src/gateway/client-response.ts";
const POLICY_TABLE = "src/gateway/response-header-policy.ts";
const ORIGIN_RESPONSE = "src/gateway/origin-response.ts";

export const RESPONSE_DEFENCES: readonly Defence[] = [
  {
    promise: "responses",
    name: "hop-by-hop headers of the origin are not returned",
    in: POLICY_TABLE,
    find: '["proxy-authenticate", "drop"]',
    replace: '["not-proxy-authenticate", "drop"]',
    stops: ["an origin's Proxy-Authenticate is not returned"],
  },
  {
    promise: "responses",
    name: "headers named in the origin's Connection are not returned",
    in: ORIGIN_RESPONSE,
    find: "for (const $NAME of $NAMES_IN($CONNECTION)) if (!$DROPPED.includes($NAME)) $DROPPED.push($NAME);",
    replace: "",
    stops: ["headers that an origin names in Connection are not returned"],
  },
  {
    promise: "responses",
    name: "Location does not contain the origin's address",
    in: POLICY_TABLE,
    find: '["location", "url"]',
    replace: '["location", "pass"]',
    stops: ["a redirect to the origin's own address is rewritten"],
  },
  {
    promise: "responses",
    name: "responses are private by default",
    in: RESPONSE,
    find: "if (!$IS_PRIVATE($ORIGIN.$CACHE_CONTROL)) $MAKE_PRIVATE;",
    replace: 'if ($ORIGIN.$CACHE_CONTROL === "never" && !$IS_PRIVATE($ORIGIN.$CACHE_CONTROL)) $MAKE_PRIVATE;',
    stops: [
      "an origin's Cache-Control: public is replaced",
      "an origin's Expires alone does not make a response public",
    ],
  },
  {
    promise: "responses",
    name: "private for a single header does not count as private",
    in: RESPONSE,
    find: "/^(?:private|no-store)$/i",
    replace: "/private|no-store/i",
    stops: ["private for a single header does not count as private"],
  },
  {
    promise: "responses",
    name: "CDN cache directives are removed",
    in: POLICY_TABLE,
    find: '["cdn-cache-control", "drop"]',
    replace: '["not-cdn-cache-control", "drop"]',
    also: [
      {
        in: POLICY_TABLE,
        find: '["cloudflare-cdn-cache-control", "drop"]',
        replace: '["not-cloudflare-cdn-cache-control", "drop"]',
      },
    ],
    stops: [
      "an origin's CDN-Cache-Control is removed",
      "an origin's Cloudflare-CDN-Cache-Control is removed",
    ],
  },
  {
    promise: "advertised limit",
    name: "the origin's rate-limit headers are not returned",
    in: POLICY_TABLE,
    find: '$RATE_LIMIT_HEADERS.map(($NAME) => [$NAME, "drop"] as const)',
    replace: '$RATE_LIMIT_HEADERS.slice(99).map(($NAME) => [$NAME, "drop"] as const)',
    stops: ["an origin's own rate-limit headers are not returned"],
  },
];
