/**
 * The rate-limit headers of a response: the three of the Octopost documentation, and `RateLimit` and `RateLimit-Policy`
 * (draft-ietf-httpapi-ratelimit-headers-10). Pure.
 */
import type { Allowance } from "../rate-limits.ts";

/** Their names, in lower case. An origin's own are not passed on. */
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
