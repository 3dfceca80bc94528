/**
 * Step 1, accept: is the request well-formed?
 *
 * Guarantees that the path which is authorized is, byte for byte, the path which is sent: segments of plain characters,
 * nothing percent-encoded, nothing that two parsers could read differently. It reads neither the credential nor the routes.
 */
import type { Refusal } from "../refusals.ts";

export interface AcceptedRequest {
  /** `/v1/…`; authorized and sent. */
  readonly path: string;
  /** With its `?`, byte for byte as received; empty when there is none. */
  readonly query: string;
}

const API_PREFIX = "/v1/";
const PLAIN_PATH = /^\/v1(?:\/[A-Za-z0-9_-]{1,128})+$/;

/** No host begins later. */
const SCHEME_MAX_LENGTH = "https://".length;

/** Without these characters the parsed path is the written one, or one that is refused. */
const RESOLVED = /[.\\%#]/;

export function acceptRequest(request: Request): AcceptedRequest | Refusal {
  const { url } = request;
  const path = parsedPath(url);
  if (!path.startsWith(API_PREFIX)) return { reason: "outside_api" };
  if (!PLAIN_PATH.test(path)) return { reason: "malformed_path", details: { path: brokenRule(path) } };
  if (hasForbiddenBody(request)) return { reason: "body_on_get" };
  return { path, query: queryOf(url) };
}

/** The rule of PLAIN_PATH that a path breaks, for the client. */
function brokenRule(path: string): string {
  if (path.includes("%")) return "must not be percent-encoded";
  if (path === API_PREFIX) return "must name a resource after /v1/";
  if (path.includes("//")) return "must not have an empty segment";
  if (path.endsWith("/")) return "must not end with a slash";
  if (/[^/\w-]/.test(path)) return "must have segments of letters, digits, _ and - only";
  return "must have segments of 1 to 128 characters";
}

/** `new URL(url).pathname`, without the cost of a URL object where the parsed path equals the written one. */
export function parsedPath(url: string): string {
  const query = url.indexOf("?");
  const path = url.slice(url.indexOf("/", SCHEME_MAX_LENGTH), query === -1 ? undefined : query);
  return RESOLVED.test(path) ? (URL.parse(url)?.pathname ?? "") : path;
}

/** The platform cannot send a body with GET or HEAD; without its body it would be another request. */
function hasForbiddenBody({ method, headers }: Request): boolean {
  if (method !== "GET" && method !== "HEAD") return false;
  return headers.has("Transfer-Encoding") || Number(headers.get("Content-Length") ?? 0) !== 0;
}

/** Not `URL.search`, which re-encodes some characters. */
function queryOf(url: string): string {
  const start = url.indexOf("?");
  return start === -1 ? "" : url.slice(start);
}
