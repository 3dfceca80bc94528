/**
 * The headers of the request to the origin: an allow-list of the client's headers, and those that only the gateway sets.
 *
 * Guarantees that no other header of the client reaches the origin, in any spelling, and that no
 * credential does. Pure.
 */

import { UNKNOWN_ADDRESS } from "../http/client-address.ts";
import { HEADER_NAME } from "../http/header-text.ts";
import type { KeyRecord } from "../keys/key-record.ts";
import type { SignedIdentity } from "../leases/cached-key.ts";
import type { Settings } from "../settings.ts";

const FORWARDED_REQUEST_HEADERS: ReadonlySet<string> = new Set([
  "accept",
  "accept-encoding",
  "accept-language",
  "content-type",
  "content-length",
  "content-encoding",
  "content-language",
  "content-digest",
  "idempotency-key",
  "if-match",
  "if-none-match",
  "if-modified-since",
  "if-unmodified-since",
  "if-range",
  "range",
  "cache-control",
  "prefer",
  "user-agent",
  "traceparent",
  "tracestate",
]);

/**
 * What `cache: "no-store"` tells the platform's cache, without the `Cache-Control: no-cache` and `Pragma: no-cache` that it
 * adds to the request, with which an origin must not answer 304 (RFC 9111 §5.2.1.4). workerd turns `cache: "no-store"` into
 * exactly these two (`Request::serializeCfBlobJson` in workerd's src/workerd/api/http.c++); a test compares both.
 */
export const PAST_ALL_CACHES = { cacheTtl: -1, cacheLevel: "bypass" };

/** Our name in `Via` (RFC 9110 §7.6.3). */
const VIA_NAME = "octopost";

export interface OriginRequestParts {
  readonly request: Request;
  readonly record: KeyRecord;
  /** With the same content as the identity headers. */
  readonly identity: SignedIdentity;
  readonly requestId: string;
  readonly settings: Pick<Settings, "forwardHeaders" | "publicOrigin">;
  /** The client's. */
  readonly address: string;
}

/** The character that the platform returns in place of a byte that is not UTF-8. */
const LOST_BYTES = "\ufffd";

/**
 * A plain object, which the platform reads in one call; a `Headers` costs one for each header. A
 * native copy only if a value has bytes that a string would lose, such as a Latin-1 validator in `If-None-Match`.
 */
export function originRequestHeaders(parts: OriginRequestParts): Record<string, string> | Headers {
  const { request, settings } = parts;
  const forwarded: Record<string, string> = {};
  let isLossy = false;
  let connection = null as string | null;
  // One pass: reading a header by its name costs a call into the platform.
  request.headers.forEach((value, name) => {
    if (name === "connection") connection = value;
    if (FORWARDED_REQUEST_HEADERS.has(name) || settings.forwardHeaders.includes(name)) {
      forwarded[name] = value;
      isLossy ||= value.includes(LOST_BYTES);
    }
  });
  for (const name of namesIn(connection)) delete forwarded[name];
  const added = addedHeaders(parts);
  return isLossy ? nativeCopy(request.headers, forwarded, added) : Object.assign(forwarded, added);
}

function nativeCopy(
  client: Headers,
  forwarded: Record<string, string>,
  added: Record<string, string>,
): Headers {
  const headers = new Headers(client);
  for (const name of [...client.keys()]) if (!Object.hasOwn(forwarded, name)) headers.delete(name);
  for (const [name, value] of Object.entries(added)) headers.set(name, value);
  return headers;
}

/** The headers that only the gateway sets. */
function addedHeaders(parts: OriginRequestParts): Record<string, string> {
  const { request, record, identity, requestId, settings, address } = parts;
  const headers: Record<string, string> = {};
  headers["X-Octopost-Account"] = record.account;
  headers["X-Octopost-Key-Id"] = record.id;
  headers["X-Octopost-Mode"] = record.mode;
  headers["X-Octopost-Permissions"] = identity.scope;
  headers["X-Octopost-Assertion"] = identity.jwt;
  headers["X-Request-Id"] = requestId;
  const [scheme = "", host = ""] = settings.publicOrigin.split("://");
  headers["X-Forwarded-Host"] = host;
  headers["X-Forwarded-Proto"] = scheme;
  headers.Via = `${httpVersion(request)} ${VIA_NAME}`;
  if (address !== UNKNOWN_ADDRESS) headers["X-Forwarded-For"] = address;
  return headers;
}

const NO_NAMES: ReadonlySet<string> = new Set();

/** Header names, in lower case, that belong to this one connection because `Connection` says so. */
export function namesIn(connection: string | null): ReadonlySet<string> {
  if (connection === null) return NO_NAMES;
  const names = connection.toLowerCase().split(",");
  // A text that is no header name names no header, and would throw.
  return new Set(names.map((name) => name.trim()).filter((name) => HEADER_NAME.test(name)));
}

/** `HTTP/2` → `2`. Not known outside Cloudflare's network, where only HTTP/1.1 is spoken. */
function httpVersion(request: Request): string {
  const protocol = request.cf?.httpProtocol;
  return typeof protocol === "string" ? protocol.replace("HTTP/", "") : "1.1";
}
