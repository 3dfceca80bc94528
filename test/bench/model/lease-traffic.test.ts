// The model's formulas against the Worker's own code: leases, permits and the ledger's book, in virtual time.

import { describe, expect, test } from "vitest";
import { GRANTS_PER_SECOND_MAX } from "../../../src/ledger/lease-length.ts";
import { countCalls } from "./count-calls.ts";
import { LEASE_MAX_MS, LEASE_MS, leaseTraffic, settledLeaseMs } from "./lease-traffic.ts";
import { oncePerMinute } from "./predict.ts";

const REQUESTS = 4000;
/** What chance leaves of the difference, with so many requests. */
const TOLERANCE = 0.015;

const AMPLE = { requests: 1_000_000_000, publish: 1_000_000_000 };

describe.each([LEASE_MS, LEASE_MAX_MS])("with leases of %i ms", (leaseMs) => {
  test.each([0.02, 0.1, 0.5, 1, 2, 5, 10, 30])(
    "a key used %d times a second asks as often, and makes as many requests wait, as the formula says",
    async (requestsPerSecond) => {
      for (const roundTripMs of [5, 80, 200]) {
        const use = { leaseMs, roundTripMs, isolates: 1, requestsPerSecond, limits: null };
        const { requests, ledgerCalls, waited } = await countCalls(use, REQUESTS);
        const { callsPerRequest, waitingShare } = leaseTraffic(requestsPerSecond, leaseMs, roundTripMs);
        expect(Math.abs(ledgerCalls / requests - callsPerRequest), `${roundTripMs} ms`).toBeLessThan(
          TOLERANCE,
        );
        expect(Math.abs(waited / requests - waitingShare), `${roundTripMs} ms`).toBeLessThan(TOLERANCE);
      }
    },
  );
});

test("a key used a hundred times a second asks for at most three requests in a hundred", async () => {
  const use = { leaseMs: LEASE_MS, roundTripMs: 80, isolates: 1, requestsPerSecond: 100, limits: null };
  const { requests, ledgerCalls } = await countCalls(use, 20_000);
  expect(ledgerCalls / requests).toBeLessThanOrEqual(0.03);
});

test.each([0.02, 0.2, 2])(
  "limits that are not near cost each isolate one row a minute, used %d times a second",
  async (requestsPerSecond) => {
    const use = { leaseMs: LEASE_MS, roundTripMs: 80, isolates: 5, requestsPerSecond, limits: AMPLE };
    const { requests, rowsWritten } = await countCalls(use, REQUESTS / 5);
    const asPredicted = rowsWritten / requests / oncePerMinute(requestsPerSecond);
    expect(asPredicted).toBeGreaterThan(0.9);
    expect(asPredicted).toBeLessThan(1.15);
  },
);

describe("leases", () => {
  const settledAt = (isolates: number) =>
    settledLeaseMs((leaseMs) => isolates * 10 * leaseTraffic(10, leaseMs, 80).callsPerRequest);

  test("keep their length while the account is given few", () => {
    expect(settledAt(100)).toBe(LEASE_MS);
  });

  test("get twice as long when that is enough", () => {
    expect(settledAt(250)).toBe(2 * LEASE_MS);
    expect(250 * 10 * leaseTraffic(10, 2 * LEASE_MS, 80).callsPerRequest).toBeLessThan(GRANTS_PER_SECOND_MAX);
  });

  test("never get longer than the longest", () => {
    expect(settledAt(100_000)).toBe(LEASE_MAX_MS);
  });
});
