/**
 * What a response says of its key's rate limit: the three headers of the Octopost documentation, and beside them
 * `RateLimit` and `RateLimit-Policy` (draft-ietf-httpapi-ratelimit-headers-10). Pure.
 */
import type { Allowance } from "../rate-limits.ts";

/** The names, in lower case: an origin's own are not passed on. */
export const RATE_LIMIT_HEADERS = [
  "x-ratelimit-limit",
  "x-ratelimit-remaining",
  "x-ratelimit-reset",
  "ratelimit",
  "ratelimit-policy",
];

export function rateLimitHeaders(allowance: Allowance): Record<string, string> {
  const { bucket, limit, remaining, windowMs, resetsAt, resetsInSeconds } = allowance;
  return {
    "X-RateLimit-Limit": String(limit),
    "X-RateLimit-Remaining": String(remaining),
    "X-RateLimit-Reset": String(resetsAt),
    "RateLimit-Policy": `"${bucket}";q=${limit};w=${windowMs / 1000}`,
    RateLimit: `"${bucket}";r=${remaining};t=${resetsInSeconds}`,
  };
}
