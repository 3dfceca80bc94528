/**
 * What a response says of its key's rate limit: the three headers of the Octopost documentation, and beside them
 * `RateLimit` and `RateLimit-Policy` (draft-ietf-httpapi-ratelimit-headers-10). Pure.
 */
import type { Allowance } from "../keys/permits.ts";

/** The names, in lower case: an origin's own are not passed on. */
export const RATE_LIMIT_HEADERS = [
  "x-ratelimit-limit",
  "x-ratelimit-remaining",
  "x-ratelimit-reset",
  "ratelimit",
  "ratelimit-policy",
];

export function setRateLimitHeaders(headers: Headers, allowance: Allowance): void {
  const { bucket, limit, remaining, windowMs, resetsAt, resetsInSeconds } = allowance;
  headers.set("X-RateLimit-Limit", String(limit));
  headers.set("X-RateLimit-Remaining", String(remaining));
  headers.set("X-RateLimit-Reset", String(resetsAt));
  headers.set("RateLimit-Policy", `"${bucket}";q=${limit};w=${windowMs / 1000}`);
  headers.set("RateLimit", `"${bucket}";r=${remaining};t=${resetsInSeconds}`);
}
