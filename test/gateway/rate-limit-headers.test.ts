import { expect, test } from "vitest";
import { RATE_LIMIT_HEADERS, rateLimitHeaders } from "../../src/gateway/rate-limit-headers.ts";

test("a response states the limit, the remaining requests and the reset time", () => {
  const headers = rateLimitHeaders({
    bucket: "publish",
    limit: 60,
    remaining: 7,
    windowMs: 3_600_000,
    resetsAt: 1_793_534_400,
    resetsInSeconds: 45,
    retryInSeconds: 45,
  });
  expect(headers).toEqual({
    "X-RateLimit-Limit": "60",
    "X-RateLimit-Remaining": "7",
    "X-RateLimit-Reset": "1793534400",
    "RateLimit-Policy": '"publish";q=60;w=3600',
    RateLimit: '"publish";r=7;t=45',
  });
});

test("an origin's own copy of each of these headers is dropped", () => {
  const allowance = {
    bucket: "requests",
    limit: 1,
    remaining: 1,
    windowMs: 1,
    resetsAt: 1,
    resetsInSeconds: 1,
    retryInSeconds: 1,
  } as const;
  const names = Object.keys(rateLimitHeaders(allowance)).map((name) => name.toLowerCase());
  expect(names.sort()).toEqual([...RATE_LIMIT_HEADERS].sort());
});
