// When unused permits are returned, in virtual time, over the Worker's own lease and the ledger's own book.

import { beforeEach, describe, expect, test } from "vitest";
import { PermitBook } from "../../src/ledger/permit-book.ts";
import { WINDOWS_MS } from "../../src/rate-limits.ts";
import { MemoryPermitStore } from "../ledger/memory-permit-store.ts";
import { VirtualTime } from "../proofs/simulator/virtual-time.ts";
import { VirtualIsolate } from "../support/virtual-isolate.ts";

const LEASE_MS = 1000;
const LIMITS = { requests: 60, publish: 10 };

let time: VirtualTime;
let book: PermitBook;
let calls: number[];
let isolate: VirtualIsolate;

beforeEach(() => {
  time = new VirtualTime();
  book = new PermitBook(new MemoryPermitStore(), WINDOWS_MS);
  calls = [];
  isolate = newIsolate("isolate", () => void calls.push(time.now));
});

/** The permits that a new holder could get. */
function free(): number {
  const reports = [
    {
      bucket: "requests",
      endsAt: 0,
      revision: 0,
      granted: 0,
      unused: 0,
      waiting: 0,
      atEdge: false,
      ahead: 0,
    },
  ] as const;
  const call = { keyId: "key", holder: "another", reports, leaseMs: LEASE_MS };
  return book.grant({ key: LIMITS, account: null }, call, time.now)?.[0]?.current.ceiling ?? 0;
}

/** One request every 100 ms, ten of them. */
function sendTen(): void {
  for (let at = 0; at < 1000; at += 100) time.at(at, () => void isolate.request());
}

describe("an isolate with unused permits", () => {
  test("returns them a lease after the last request, within two", async () => {
    sendTen();
    time.at(950, () => expect(free()).toBeLessThan(50));
    time.at(900 + 2 * LEASE_MS, () => expect(free()).toBe(50));
    await time.run();
    expect(calls.at(-1)).toBe(900 + LEASE_MS);
  });

  test("makes one call for that, and none after it", async () => {
    sendTen();
    await time.run();
    expect(calls.filter((at) => at > 1000)).toHaveLength(1);
    expect(time.now).toBeLessThan(10_000);
  });

  test("repeats a call that fails", async () => {
    let failing = true;
    isolate = newIsolate("failing", () => {
      calls.push(time.now);
      if (time.now >= 1900 && failing) {
        failing = false;
        throw new Error("the ledger is down");
      }
    });
    sendTen();
    await time.run();
    expect(calls.filter((at) => at > 1000)).toEqual([1900, 2900]);
    expect(free()).toBe(50);
  });

  test("keeps them while requests come", async () => {
    for (let at = 0; at < 5000; at += 100) time.at(at, () => void isolate.request());
    time.at(4950, () => expect(calls.filter((at) => at > 1000).length).toBeLessThanOrEqual(9));
    await time.run();
    expect(free()).toBe(10);
  });
});

test("an isolate without unused permits makes no call", async () => {
  for (const at of [0, 3000, 20_000]) time.at(at, () => void isolate.request());
  await time.run();
  expect(calls).toEqual([0, 3000, 20_000]);
});

function newIsolate(holder: string, onLedgerCall: () => void): VirtualIsolate {
  return new VirtualIsolate(
    { time, book, limits: LIMITS, leaseMs: LEASE_MS, roundTripMs: 20, onLedgerCall },
    holder,
  );
}
