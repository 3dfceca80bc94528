/**
 * What the client gets of the origin's response: its status, and of its headers nothing that belongs to the connection
 * with the origin, no redirect to the origin's own address, and no permission to keep a private answer. Pure.
 */
import type { Allowance } from "../rate-limits.ts";
import { namesIn } from "./origin-request.ts";
import { RATE_LIMIT_HEADERS, rateLimitHeaders } from "./rate-limit-headers.ts";

/**
 * RFC 9110 §7.6.1 and the older list of RFC 2616 §13.5.1; what the gateway itself says of rate limits; and what overrules
 * `Cache-Control` where a shared cache knows it (RFC 9213; Edge Architecture).
 */
const NOT_PASSED_ON: ReadonlySet<string> = new Set([
  "connection",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  ...RATE_LIMIT_HEADERS,
  "cdn-cache-control",
  "cloudflare-cdn-cache-control",
  "surrogate-control",
]);

export interface ResponseRoute {
  /** `scheme://host` of `PUBLIC_ORIGIN`. */
  readonly publicOrigin: string;
  /** The URL that the origin was asked for. */
  readonly originUrl: string;
  readonly requestId: string;
  /** null: the key has no limits. */
  readonly allowance: Allowance | null;
}

/**
 * `body`: what is sent in place of the response's own. The headers are gathered in a plain object, which the platform
 * takes in one go; changing them one by one would cost a call into it for each.
 */
export function clientResponse(body: BodyInit | null, response: Response, route: ResponseRoute): Response {
  const named = namesIn(response.headers.get("Connection"));
  const headers: Record<string, string> = {};
  const cookies: string[] = [];
  let isChunked = false;
  response.headers.forEach((value, name) => {
    if (name === "transfer-encoding") isChunked = true;
    if (NOT_PASSED_ON.has(name) || named.has(name)) return;
    if (name === "set-cookie") cookies.push(value);
    else headers[name] = value;
  });
  if (isChunked) delete headers["content-length"];

  if (headers.location !== undefined) headers.location = publicLocation(headers.location, route);
  if (!isPrivate(headers["cache-control"] ?? "")) headers["cache-control"] = "private, no-store";
  headers["x-request-id"] = route.requestId;
  if (route.allowance) Object.assign(headers, rateLimitHeaders(route.allowance));
  const { status, statusText } = response;
  const answer = new Response(body, { status, statusText, headers, encodeBody: "manual" });
  // Each is a header of its own, which an object cannot say.
  for (const cookie of cookies) answer.headers.append("Set-Cookie", cookie);
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
