// One client, one request after another: refused exactly after its limit, whatever isolates its requests reach.

import { describe, expect, test } from "vitest";
import { useUp } from "./sequential-client.ts";

const ISOLATES = [3, 6, 12, 50];
const ROUND_TRIP_MS = 40;
const LEASE_MS = 1000;
/** Until unused permits are back: a lease without requests, the return, and the next call of the request that waits. */
const RETURN_MAX_MS = LEASE_MS + LEASE_MS / 8 + 3 * ROUND_TRIP_MS;

describe.each(ISOLATES)("over %i isolates", (isolates) => {
  for (const order of ["walking", "round robin"] as const) {
    test.each([
      ["requests", 0, 60],
      ["requests", 0, 300],
      ["requests", 10, 60],
      ["requests", 300, 60],
      ["requests", 1500, 30],
      ["publish", 0, 10],
      ["publish", 0, 60],
      ["publish", 300, 60],
      ["publish", 1500, 60],
      ["publish", 30_000, 10],
    ] as const)(`${order}: %s with pauses of %i ms and a limit of %i`, async (bucket, pauseMs, limit) => {
      const limits = { requests: limit, publish: limit };
      for (const seed of [1, 2, 3]) {
        const outcome = await useUp({ isolates, bucket, order, pauseMs, limits }, seed);
        expect(outcome.admitted).toBe(limit);
        expect(outcome.longestWaitMs).toBeLessThanOrEqual(RETURN_MAX_MS);
        // The refusal names the window's end.
        const windowMs = bucket === "publish" ? 3_600_000 : 60_000;
        const leftMs = windowMs - outcome.refusedAt;
        expect(Math.abs(outcome.retryInSeconds - leftMs / 1000)).toBeLessThan(2);
      }
    });
  }
});

describe("after a burst on one isolate", () => {
  test.each([1, 2, 5, 10, 20, 30, 40])("of %i, all of the rest is admitted elsewhere", async (burst) => {
    for (const burstPauseMs of [0, 100, 1000, 3500]) {
      const limits = { requests: 60, publish: 10 };
      const client = { isolates: 12, bucket: "requests", order: "round robin", pauseMs: 0, limits } as const;
      const outcome = await useUp({ ...client, burst, burstPauseMs });
      expect(outcome.admitted).toBe(60);
      expect(outcome.longestWaitMs).toBeLessThanOrEqual(2 * LEASE_MS);
    }
  });
});
