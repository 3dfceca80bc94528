/**
 * Step 1, accept: is this a request that can be judged at all?
 *
 * Guarantees that the path which is judged is, byte for byte, the path which is sent: segments of plain
 * characters, nothing percent-encoded, nothing that two parsers could read in two ways. It does not
 * look at the credential, nor at which routes exist.
 */
import type { Refusal } from "../refusals.ts";

export interface AcceptedRequest {
  /** Public scheme and host, as the client addressed them. */
  readonly url: URL;
  /** `/v1/…`; what is judged and what is sent. */
  readonly path: string;
  /** With its `?`, exactly as it came; empty when there is none. */
  readonly query: string;
}

const API_PREFIX = "/v1/";
const PLAIN_PATH = /^\/v1(?:\/[A-Za-z0-9_-]{1,128})+$/;

export function acceptRequest(request: Request): AcceptedRequest | Refusal {
  const url = new URL(request.url);
  const path = url.pathname;
  if (!path.startsWith(API_PREFIX)) return { reason: "outside_api" };
  if (!PLAIN_PATH.test(path)) return { reason: "malformed_path" };
  if (hasForbiddenBody(request)) return { reason: "body_on_get" };
  return { url, path, query: queryOf(request.url) };
}

/** The platform cannot send a body with GET or HEAD; dropping it would send another request than was made. */
function hasForbiddenBody({ method, headers }: Request): boolean {
  if (method !== "GET" && method !== "HEAD") return false;
  return headers.has("Transfer-Encoding") || Number(headers.get("Content-Length") ?? 0) !== 0;
}

/** Not `URL.search`, which re-encodes some characters. */
function queryOf(url: string): string {
  const start = url.indexOf("?");
  return start === -1 ? "" : url.slice(start);
}
