// Compares the model's formulas with the Worker's own code: leases, permits and the permit book, in virtual time.

import { describe, expect, test } from "vitest";
import { GRANTS_PER_SECOND_MAX } from "../../../src/ledger/lease-length.ts";
import { countCalls } from "./count-calls.ts";
import { LEASE_MAX_MS, LEASE_MS, leaseTraffic, settledLeaseMs } from "./lease-traffic.ts";
import { oncePerMinute } from "./predict.ts";

const REQUESTS = 4000;
/** Statistical error for this number of requests. */
const TOLERANCE = 0.015;

const AMPLE = { requests: 1_000_000_000, publish: 1_000_000_000 };

describe.each([LEASE_MS, LEASE_MAX_MS])("with leases of %i ms", (leaseMs) => {
  test.each([0.02, 0.1, 0.5, 1, 2, 5, 10, 30])(
    "a key used %d times a second makes as many calls and waiting requests as the formula predicts",
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

test("at most three of a hundred requests of a key used a hundred times a second call the ledger", async () => {
  const use = { leaseMs: LEASE_MS, roundTripMs: 80, isolates: 1, requestsPerSecond: 100, limits: null };
  const { requests, ledgerCalls } = await countCalls(use, 20_000);
  expect(ledgerCalls / requests).toBeLessThanOrEqual(0.03);
});

test.each([0.02, 0.2, 2])(
  "a distant limit costs each isolate one row a minute, used %d times a second",
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

  test("keep their length at a low rate of grants", () => {
    expect(settledAt(100)).toBe(LEASE_MS);
  });

  test("double when that suffices", () => {
    expect(settledAt(250)).toBe(2 * LEASE_MS);
    expect(250 * 10 * leaseTraffic(10, 2 * LEASE_MS, 80).callsPerRequest).toBeLessThan(GRANTS_PER_SECOND_MAX);
  });

  test("never exceed LEASE_MAX_MS", () => {
    expect(settledAt(100_000)).toBe(LEASE_MAX_MS);
  });
});
