import { expect, test } from "vitest";
import { RATE_LIMIT_HEADERS, setRateLimitHeaders } from "../../src/gateway/rate-limit-headers.ts";

test("a response says how many requests are left, of how many, and until when", () => {
  const headers = new Headers({ "X-RateLimit-Limit": "5000", "X-Other": "stays" });
  setRateLimitHeaders(headers, {
    bucket: "publish",
    limit: 60,
    remaining: 7,
    windowMs: 3_600_000,
    resetsAt: 1_793_534_400,
    resetsInSeconds: 45,
  });
  expect(Object.fromEntries(headers)).toEqual({
    "x-ratelimit-limit": "60",
    "x-ratelimit-remaining": "7",
    "x-ratelimit-reset": "1793534400",
    "ratelimit-policy": '"publish";q=60;w=3600',
    ratelimit: '"publish";r=7;t=45',
    "x-other": "stays",
  });
});

test("every header that is set is one that an origin cannot set", () => {
  const headers = new Headers();
  const allowance = {
    bucket: "requests",
    limit: 1,
    remaining: 1,
    windowMs: 1,
    resetsAt: 1,
    resetsInSeconds: 1,
  } as const;
  setRateLimitHeaders(headers, allowance);
  expect([...headers.keys()].sort()).toEqual([...RATE_LIMIT_HEADERS].sort());
});
