// Whether a key is under a valid lease now, over a clock and a ledger that the test holds in its hands.

import { beforeEach, expect, test } from "vitest";
import { ensureValid } from "../../src/gateway/ensure-valid.ts";
import { Lease } from "../../src/leases/lease.ts";
import { LeaseClock } from "../../src/leases/lease-clock.ts";
import type { LeaseAnswer } from "../../src/leases/protocol.ts";

const TTL_MS = 1000;
const LEDGER_LIMIT_MS = 2000;

let now: number;
let answer: LeaseAnswer | Error;
let asked: number;
let background: Promise<unknown>[];
let lease: Lease;

beforeEach(async () => {
  now = 0;
  background = [];
  answer = { granted: true, ttl_ms: TTL_MS };
  const ask = async () => {
    asked += 1;
    if (answer instanceof Error) throw answer;
    return answer;
  };
  lease = new Lease(ask, new LeaseClock(() => now), LEDGER_LIMIT_MS);
  await lease.renew();
  asked = 0;
});

test("a valid lease waits for nothing, and asks nobody", async () => {
  expect(await secured()).toBeNull();
  expect([asked, background.length]).toEqual([0, 0]);
});

test("one of which half is spent is renewed in the background, and a renewal that fails harms nobody", async () => {
  now = TTL_MS / 2;
  answer = new Error("the ledger is down");
  expect(await secured()).toBeNull();
  expect([asked, background.length]).toEqual([1, 1]);
  await Promise.all(background);
});

test("one that has lapsed is asked for, and refused while the ledger cannot be reached", async () => {
  now = TTL_MS;
  expect(await secured()).toBeNull();
  expect(asked).toBe(1);
  now = 2 * TTL_MS;
  answer = new Error("the ledger is down");
  expect(await secured()).toEqual({ reason: "ledger_unreachable" });
});

test("a key that somebody else has found dead is refused without a call, also under a lease that still runs", async () => {
  answer = { granted: false, reason: "revoked" };
  await lease.renew();
  asked = 0;
  for (const askFirst of [false, true]) expect(await secured(askFirst)).toEqual({ reason: "revoked" });
  expect(asked).toBe(0);
});

function secured(askFirst = false) {
  const ctx = { waitUntil: (work: Promise<unknown>) => void background.push(work) };
  return ensureValid(lease, askFirst, ctx);
}
