/**
 * What the client gets of the origin's response: its status, and of its headers nothing that belongs to the connection with
 * the origin, no redirect to the origin's own address, and no permission to keep a private answer. Pure.
 */
import { namesInConnection } from "./origin-request.ts";
import { RATE_LIMIT_HEADERS } from "./rate-limit-headers.ts";

/** RFC 9110 §7.6.1 and the older list of RFC 2616 §13.5.1. */
const HOP_BY_HOP = [
  "connection",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
];

/** They overrule `Cache-Control` where a shared cache knows them (RFC 9213; Edge Architecture). */
const FOR_SHARED_CACHES = ["cdn-cache-control", "cloudflare-cdn-cache-control", "surrogate-control"];

export interface ResponseRoute {
  /** `scheme://host` as the client addressed us. */
  readonly publicOrigin: string;
  /** The URL that the origin was asked for. */
  readonly originUrl: string;
  readonly requestId: string;
}

/** `body`: what is sent in place of the response's own. */
export function clientResponse(body: BodyInit | null, response: Response, route: ResponseRoute): Response {
  // The platform copies status and headers by itself: the cheapest way to headers that can be changed.
  const answer = new Response(body, response);
  const { headers } = answer;
  for (const name of namesInConnection(response.headers)) headers.delete(name);
  if (headers.has("Transfer-Encoding")) headers.delete("Content-Length");
  for (const name of HOP_BY_HOP) headers.delete(name);
  for (const name of RATE_LIMIT_HEADERS) headers.delete(name);
  for (const name of FOR_SHARED_CACHES) headers.delete(name);

  const location = headers.get("Location");
  if (location !== null) headers.set("Location", publicLocation(location, route));
  const cacheControl = headers.get("Cache-Control");
  if (cacheControl === null || !isPrivate(cacheControl)) headers.set("Cache-Control", "private, no-store");
  headers.set("X-Request-Id", route.requestId);
  return answer;
}

/** Whether the origin itself keeps shared caches out; `private="field"` keeps out one header only. */
function isPrivate(cacheControl: string): boolean {
  return cacheControl.split(",").some((directive) => /^(?:private|no-store)$/i.test(directive.trim()));
}

/** A `Location` that leads a client to the origin's host leads to the public one instead; any other stays as it is. */
function publicLocation(location: string, { publicOrigin, originUrl }: ResponseRoute): string {
  // Read as a client reads it: relative is on the public host, and `\\host` is `//host`.
  const target = URL.parse(location, publicOrigin);
  if (!target || target.host !== new URL(originUrl).host) return location;
  return publicOrigin + target.pathname + target.search + target.hash;
}
