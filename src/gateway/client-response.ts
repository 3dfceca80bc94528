/**
 * The response to the client: the origin's status, reason and headers, less those that the policy drops, with the
 * public address in place of the origin's, and no permission for a cache to keep a private answer. Pure.
 *
 * Guarantees that the bytes of every other header are the origin's: they are copied natively, since reading a value in
 * JavaScript loses bytes that are not UTF-8 (cloudflare/workerd#6927).
 */
import type { Allowance } from "../rate-limits.ts";
import type { OriginResponse } from "./origin-response.ts";
import { rateLimitHeaders } from "./rate-limit-headers.ts";

/** `body`: sent in place of the response's own. `allowance`: null when the key has no limits. */
export function clientResponse(
  body: BodyInit | null,
  origin: OriginResponse,
  requestId: string,
  allowance: Allowance | null,
): Response {
  const answer = copyOf(origin.response, body);
  const { headers } = answer;
  for (const [name, value] of origin.replaced) headers.set(name, value);
  if (origin.cookies) {
    headers.delete("Set-Cookie");
    for (const cookie of origin.cookies) headers.append("Set-Cookie", cookie);
  }
  // Before the gateway adds its own, which an origin's `Connection` cannot remove.
  for (const name of origin.dropped) headers.delete(name);
  if (!isPrivate(origin.cacheControl)) headers.set("Cache-Control", "private, no-store");
  headers.set("X-Request-Id", requestId);
  if (allowance) {
    for (const [name, value] of Object.entries(rateLimitHeaders(allowance))) headers.set(name, value);
  }
  return answer;
}

function copyOf(response: Response, body: BodyInit | null): Response {
  try {
    return new Response(body, response);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    // A reason phrase may have tabs (RFC 9112 §4), which the platform refuses in a Response of ours. Clients ignore it.
    const { status, headers } = response;
    return new Response(body, { status, headers, encodeBody: "manual" });
  }
}

/** Whether the origin itself keeps shared caches out; `private="field"` keeps out one header only. */
function isPrivate(cacheControl: string): boolean {
  return cacheControl.split(",").some((directive) => /^(?:private|no-store)$/i.test(directive.trim()));
}
