/**
 * Step 1, accept: is this a request that can be judged at all?
 *
 * Guarantees that the path which is judged is, byte for byte, the path which is sent: segments of plain
 * characters, nothing percent-encoded, nothing that two parsers could read in two ways. It does not
 * look at the credential, nor at which routes exist.
 */
import type { Refusal } from "../refusals.ts";

export interface AcceptedRequest {
  /** As the client addressed us. */
  readonly site: PublicSite;
  /** `/v1/…`; what is judged and what is sent. */
  readonly path: string;
  /** With its `?`, exactly as it came; empty when there is none. */
  readonly query: string;
}

/** Scheme and host, as the URL parser reads them. */
export interface PublicSite {
  /** `https` */
  readonly scheme: string;
  /** With its port, if it is not the scheme's own. */
  readonly host: string;
  /** `https://host` */
  readonly origin: string;
}

const API_PREFIX = "/v1/";
const PLAIN_PATH = /^\/v1(?:\/[A-Za-z0-9_-]{1,128})+$/;

/** No host begins later. */
const SCHEME_MAX_LENGTH = "https://".length;

/** Without these, the path that a URL is parsed into is the one that it was written with, or none that we accept. */
const RESOLVED = /[.\\%#]/;

export function acceptRequest(request: Request): AcceptedRequest | Refusal {
  const { url } = request;
  const path = parsedPath(url);
  if (!path.startsWith(API_PREFIX)) return { reason: "outside_api" };
  if (!PLAIN_PATH.test(path)) return { reason: "malformed_path" };
  if (hasForbiddenBody(request)) return { reason: "body_on_get" };
  return { site: siteOf(url), path, query: queryOf(url) };
}

/** `new URL(url).pathname`, at the price of a URL object only where that could differ from what was written. */
export function parsedPath(url: string): string {
  const query = url.indexOf("?");
  const path = url.slice(url.indexOf("/", SCHEME_MAX_LENGTH), query === -1 ? undefined : query);
  return RESOLVED.test(path) ? (URL.parse(url)?.pathname ?? "") : path;
}

let lastSite: { readonly written: string; readonly site: PublicSite } | null = null;

/** Hardly ever another one than last time. */
function siteOf(url: string): PublicSite {
  const written = url.slice(0, url.indexOf("/", SCHEME_MAX_LENGTH));
  if (lastSite?.written !== written) {
    const { protocol, host, origin } = new URL(url);
    lastSite = { written, site: { scheme: protocol.slice(0, -1), host, origin } };
  }
  return lastSite.site;
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
