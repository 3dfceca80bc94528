/**
 * What the origin is sent: an allow-list of the client's headers, and what only the gateway may say.
 *
 * Guarantees that no header which a client invents reaches the origin in any spelling, and that no
 * credential does. Pure.
 */

import { clientAddress, UNKNOWN_ADDRESS } from "../http/client-address.ts";
import { HEADER_NAME } from "../http/header-text.ts";
import type { KeyRecord } from "../keys/key-record.ts";
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
  "prefer",
  "user-agent",
  "traceparent",
  "tracestate",
]);

/** Our name in `Via` (RFC 9110 §7.6.3). */
const VIA_NAME = "octopost";

export interface OriginRequestParts {
  readonly request: Request;
  readonly record: KeyRecord;
  readonly requestId: string;
  /** A signed JWT that says the same as the identity headers. */
  readonly assertion: string;
  readonly settings: Pick<Settings, "forwardHeaders" | "publicOrigin">;
}

/** A plain object: the platform takes it in one go, where a `Headers` built one by one costs a call for each. */
export function originRequestHeaders(parts: OriginRequestParts): Record<string, string> {
  const { request, record, requestId, assertion, settings } = parts;
  const headers: Record<string, string> = {};
  const named = namesIn(request.headers.get("Connection"));
  request.headers.forEach((value, name) => {
    const isForwarded = FORWARDED_REQUEST_HEADERS.has(name) || settings.forwardHeaders.includes(name);
    if (isForwarded && !named.has(name)) headers[name] = value;
  });

  headers["X-Octopost-Account"] = record.account;
  headers["X-Octopost-Key-Id"] = record.id;
  headers["X-Octopost-Mode"] = record.mode;
  headers["X-Octopost-Permissions"] = record.permissions === "all" ? "all" : record.permissions.join(" ");
  headers["X-Octopost-Assertion"] = assertion;
  headers["X-Request-Id"] = requestId;
  const [scheme = "", host = ""] = settings.publicOrigin.split("://");
  headers["X-Forwarded-Host"] = host;
  headers["X-Forwarded-Proto"] = scheme;
  headers.Via = `${httpVersion(request)} ${VIA_NAME}`;
  const address = clientAddress(request);
  if (address !== UNKNOWN_ADDRESS) headers["X-Forwarded-For"] = address;
  return headers;
}

const NO_NAMES: ReadonlySet<string> = new Set();

/** Header names, in lower case, that belong to this one connection because `Connection` says so. */
export function namesIn(connection: string | null): ReadonlySet<string> {
  if (connection === null) return NO_NAMES;
  const names = connection.toLowerCase().split(",");
  // What is no header name names nothing; asking for it would throw.
  return new Set(names.map((name) => name.trim()).filter((name) => HEADER_NAME.test(name)));
}

/** `HTTP/2` → `2`. Not known outside Cloudflare's network, where only HTTP/1.1 is spoken. */
function httpVersion(request: Request): string {
  const protocol = request.cf?.httpProtocol;
  return typeof protocol === "string" ? protocol.replace("HTTP/", "") : "1.1";
}
