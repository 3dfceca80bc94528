// A key in steady use at the edge of two windows, in virtual time, over the Worker's own lease and the ledger's own book.

import { expect, test } from "vitest";
import { PermitBook } from "../../src/ledger/permit-book.ts";
import { WINDOWS_MS } from "../../src/rate-limits.ts";
import { isRefusal } from "../../src/refusals.ts";
import { MemoryPermitStore } from "../ledger/memory-permit-store.ts";
import { VirtualTime } from "../proofs/simulator/virtual-time.ts";
import { VirtualIsolate } from "../support/virtual-isolate.ts";

const STARTS_AT_MS = 55_000;
const ENDS_AT_MS = 65_000;

test.each([20, 80, 200])(
  "no request waits where a window ends, %i ms from the ledger and back",
  async (roundTripMs) => {
    const time = new VirtualTime();
    const book = new PermitBook(new MemoryPermitStore(), WINDOWS_MS);
    const limits = { requests: 5000, publish: 10 };
    const options = { time, book, limits, leaseMs: 1000, roundTripMs, onLedgerCall: () => {} };
    const isolate = new VirtualIsolate(options, "isolate");
    let waited = 0;
    const request = async () => {
      const arrivedAt = time.now;
      expect(isRefusal(await isolate.request())).toBe(false);
      // The first requests of a key, whose rate is not known yet, wait.
      if (time.now > arrivedAt && arrivedAt > STARTS_AT_MS + 2000) waited += 1;
    };
    for (let at = STARTS_AT_MS; at < ENDS_AT_MS; at += 50)
      time.at(at, () => void request().catch((error) => time.fail(error)));
    await time.run();
    expect(waited).toBe(0);
  },
);
