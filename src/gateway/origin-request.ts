/**
 * What the origin is sent: an allow-list of the client's headers, and what only the gateway may say.
 *
 * Guarantees that no header which a client invents reaches the origin in any spelling, and that no
 * credential does. Pure.
 */
import { HEADER_NAME } from "../forward-headers.ts";
import type { KeyRecord } from "../keys/key-record.ts";
import type { AcceptedRequest } from "./accept-request.ts";
import { clientAddress, UNKNOWN_ADDRESS } from "./client-address.ts";

const FORWARDED_REQUEST_HEADERS = [
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
];

/** Our name in `Via` (RFC 9110 §7.6.3). */
const VIA_NAME = "octopost";

export interface OriginRequestParts {
  readonly request: Request;
  readonly accepted: AcceptedRequest;
  readonly record: KeyRecord;
  readonly requestId: string;
  /** A signed JWT that says the same as the identity headers. */
  readonly assertion: string;
  /** From `FORWARD_HEADERS`, checked at the door. */
  readonly alsoForwarded: readonly string[];
}

export function originRequestHeaders(parts: OriginRequestParts): Headers {
  const { request, accepted, record, requestId, assertion, alsoForwarded } = parts;
  const headers = new Headers();
  const named = namesInConnection(request.headers);
  const forward = (name: string) => {
    const value = named.has(name) ? null : request.headers.get(name);
    if (value !== null) headers.set(name, value);
  };
  FORWARDED_REQUEST_HEADERS.forEach(forward);
  alsoForwarded.forEach(forward);

  headers.set("X-Octopost-Account", record.account);
  headers.set("X-Octopost-Key-Id", record.id);
  headers.set("X-Octopost-Mode", record.mode);
  headers.set("X-Octopost-Permissions", record.permissions === "all" ? "all" : record.permissions.join(" "));
  headers.set("X-Octopost-Assertion", assertion);
  headers.set("X-Request-Id", requestId);
  headers.set("X-Forwarded-Host", accepted.url.host);
  headers.set("X-Forwarded-Proto", accepted.url.protocol.slice(0, -1));
  headers.set("Via", `${httpVersion(request)} ${VIA_NAME}`);
  const address = clientAddress(request);
  if (address !== UNKNOWN_ADDRESS) headers.set("X-Forwarded-For", address);
  return headers;
}

/** Header names, in lower case, that belong to this one connection because `Connection` says so. */
export function namesInConnection(headers: Headers): ReadonlySet<string> {
  const names = headers.get("Connection")?.toLowerCase().split(",") ?? [];
  // What is no header name names nothing; asking for it would throw.
  return new Set(names.map((name) => name.trim()).filter((name) => HEADER_NAME.test(name)));
}

/** `HTTP/2` → `2`. Not known outside Cloudflare's network, where only HTTP/1.1 is spoken. */
function httpVersion(request: Request): string {
  const protocol = request.cf?.httpProtocol;
  return typeof protocol === "string" ? protocol.replace("HTTP/", "") : "1.1";
}
