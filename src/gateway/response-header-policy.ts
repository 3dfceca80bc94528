/**
 * What the gateway does with a response header that names the origin's own address, host or connection.
 *
 * The table goes through the IANA registry of HTTP field names; a test holds it to that list. A header that is not
 * in the table passes with its bytes unchanged, unless its value names the origin's host: then the public one
 * takes its place. The table says what is done and why; public-address.ts does it. Data only.
 */
import { RATE_LIMIT_HEADERS } from "./rate-limit-headers.ts";

/**
 * `drop`: never passed on. `url`, `links`, `refresh`, `cookie`: the syntax in which an address is replaced. `pass`:
 * unchanged, whatever the value says.
 */
export type HeaderTreatment = "drop" | "url" | "links" | "refresh" | "cookie" | "pass";

/** Lower-case names. */
export const RESPONSE_HEADER_POLICY: ReadonlyMap<string, HeaderTreatment> = new Map<string, HeaderTreatment>([
  // Of one connection: RFC 9110 §7.6.1, the older list of RFC 2616 §13.5.1, and names of both that are registered.
  ["connection", "drop"],
  ["close", "drop"],
  ["keep-alive", "drop"],
  ["proxy-connection", "drop"],
  ["te", "drop"],
  ["trailer", "drop"],
  ["transfer-encoding", "drop"],
  ["upgrade", "drop"],
  ["http2-settings", "drop"],
  ["alpn", "drop"],
  ["capsule-protocol", "drop"],
  ["sec-websocket-accept", "drop"],
  ["sec-websocket-extensions", "drop"],
  ["sec-websocket-protocol", "drop"],
  ["sec-websocket-version", "drop"],
  // Between the origin and the gateway as its client (RFC 9110 §11.7, RFC 2616's extensions).
  ["proxy-authenticate", "drop"],
  ["proxy-authentication-info", "drop"],
  ["proxy-authorization", "drop"],
  ["proxy-features", "drop"],
  ["proxy-instruction", "drop"],
  // Another host or port for the same site (RFC 7838): a client would send its key there, past the gateway.
  ["alt-svc", "drop"],
  ["alt-used", "drop"],
  // Promises about the TLS of the origin's host (RFC 6797, 7469, 9163), which a client would hold the public host to.
  ["strict-transport-security", "drop"],
  ["public-key-pins", "drop"],
  ["public-key-pins-report-only", "drop"],
  ["expect-ct", "drop"],
  // What a browser stores for a whole host: the origin does not own the public host. Client hints that these request
  // would not be forwarded (RFC 8942); Clear-Site-Data would delete the cookies of the whole host.
  ["clear-site-data", "drop"],
  ["origin-agent-cluster", "drop"],
  ["accept-ch", "drop"],
  ["accept-ch-lifetime", "drop"],
  ["critical-ch", "drop"],
  ["nel", "drop"],
  ["report-to", "drop"],
  // Names of servers behind the gateway: RFC 9110 §7.6.3, RFC 9209, RFC 9211, and the agent of RFC 7234 §5.5.
  ["via", "drop"],
  ["proxy-status", "drop"],
  ["cache-status", "drop"],
  ["warning", "drop"],
  ["forwarded", "drop"],
  ["host", "drop"],
  // Instructions to caches that override `Cache-Control` (RFC 9213, Edge Architecture).
  ["cdn-cache-control", "drop"],
  ["cloudflare-cdn-cache-control", "drop"],
  ["surrogate-control", "drop"],
  // The gateway sets its own.
  ...RATE_LIMIT_HEADERS.map((name) => [name, "drop"] as const),
  // Obsolete and in a syntax of its own: RFC 2068 §19.6.2.5, RFC 2295.
  ["uri", "drop"],
  ["alternates", "drop"],
  // One URI reference (RFC 9110 §8.7 and §10.2.2, RFC 2110, RFC 4437, OData, source map).
  ["location", "url"],
  ["content-location", "url"],
  ["content-base", "url"],
  ["redirect-ref", "url"],
  ["odata-entityid", "url"],
  ["sourcemap", "url"],
  ["x-sourcemap", "url"],
  // RFC 8288.
  ["link", "links"],
  ["link-template", "links"],
  // HTML's `meta refresh` as a header.
  ["refresh", "refresh"],
  // RFC 6265 §5.2.3: a cookie for the origin's domain is refused by a client of the public host.
  ["set-cookie", "cookie"],
  // Opaque, and compared byte for byte when the client sends it back (RFC 9110 §8.8.3).
  ["etag", "pass"],
]);
