// A request's permit, over a real lease and a scripted ledger. permits.test.ts tests the number of permits; this file
// tests what a request does with each answer.

import { beforeEach, describe, expect, test } from "vitest";
import { enforceLimit } from "../../src/gateway/enforce-limit.ts";
import { Lease } from "../../src/leases/lease.ts";
import { LeaseClock } from "../../src/leases/lease-clock.ts";
import type { LeaseUser } from "../../src/leases/lease-user.ts";
import type { BucketGrant, LeaseAnswer } from "../../src/leases/protocol.ts";
import { grantAnswer } from "../support/lease-answers.ts";

const LEDGER_LIMIT_MS = 2000;
const USER: LeaseUser = {
  waitUntil: () => {},
  schedule: () => () => {},
  checkClock: () => {},
  waitForLedger: (call) => call(),
  logException: (error) => {
    throw error;
  },
};

const LIFETIME = { keepAlive: () => {} };

let answers: (LeaseAnswer | Error)[];
let asked: number;
let lease: Lease;

beforeEach(() => {
  asked = 0;
  const ask = async () => {
    const answer = answers[asked++];
    if (answer === undefined || answer instanceof Error) throw answer ?? new Error("asked too often");
    return answer;
  };
  lease = new Lease(ask, new LeaseClock(() => 0), LEDGER_LIMIT_MS);
});

test("waits for a permit when none is left, and reports a miss", async () => {
  answers = [permitting(0), permitting(1, 2)];
  const report = { row: null, lease: "hit" as const };
  expect(await enforceLimit({ ...USER, lifetime: LIFETIME, report }, lease)).toMatchObject({
    outcome: "admitted",
  });
  expect([asked, report.lease]).toEqual([2, "miss"]);
});

test("refuses after three calls without a permit", async () => {
  answers = [permitting(0), permitting(0), permitting(0), permitting(0)];
  expect(await limited()).toEqual({ reason: "ledger_unreachable" });
  expect(asked).toBe(3);
});

test.each(["revoked", "expired", "not_in_ledger"] as const)(
  "refuses a key that the ledger answers is %s",
  async (reason) => {
    answers = [permitting(0), { granted: false, reason }];
    expect(await limited()).toEqual({ reason });
  },
);

test("refuses with ledger_unreachable when the ledger cannot be reached", async () => {
  answers = [new Error("the ledger is down")];
  expect(await limited()).toEqual({ reason: "ledger_unreachable" });
  expect(lease.permits.report()).toMatchObject([{ waiting: 0 }]);
});

describe("while other isolates hold the last permits", () => {
  const GONE = { ceiling: 0, elsewhere: 1 };
  const waits: number[] = [];
  const waiting: LeaseUser = {
    ...USER,
    schedule: (ms, task) => {
      // Not the time limits of calls.
      if (ms < LEDGER_LIMIT_MS / 2) {
        expect(isKeptAlive).toBe(true);
        waits.push(ms);
        queueMicrotask(task);
      }
      return () => {};
    },
  };
  let isKeptAlive = false;
  const lifetime = {
    keepAlive: () => {
      isKeptAlive = true;
    },
  };
  const request = () => enforceLimit({ ...waiting, lifetime, report: { row: null, lease: null } }, lease);

  beforeEach(() => {
    waits.splice(0);
    isKeptAlive = false;
  });

  test("a request waits until one is back", async () => {
    answers = [permitting(0, 1, GONE), permitting(0, 1, GONE), permitting(1, 2, { ceiling: 1 })];
    expect(await request()).toMatchObject({ outcome: "admitted" });
    expect([asked, waits]).toEqual([3, [125, 125]]);
  });

  test("a request is refused as soon as they are used up", async () => {
    answers = [permitting(0, 1, GONE), permitting(0, 1, { ...GONE, elsewhere: 0 })];
    expect(await request()).toMatchObject({ reason: "rate_limited", allowance: { retryInSeconds: 30 } });
    expect([asked, waits]).toEqual([2, [125]]);
  });

  test("a request waits for a limited time, and is told when they are back", async () => {
    answers = Array(30).fill(permitting(0, 1, GONE));
    const refusal = {
      reason: "rate_limited",
      allowance: { remaining: 1, retryInSeconds: 2, resetsInSeconds: 30 },
    };
    expect(await request()).toMatchObject(refusal);
    expect([asked, waits.length]).toEqual([25, 24]);
  });

  test("no more requests wait than permits may come back", async () => {
    answers = [permitting(0, 1, GONE), permitting(0, 1, GONE), permitting(1, 2, { ceiling: 1 })];
    await lease.requestPermits(USER);
    const outcomes = await Promise.all([request(), request()]);
    expect(outcomes).toMatchObject([{ outcome: "admitted" }, { reason: "rate_limited" }]);
  });
});

function limited() {
  return enforceLimit({ ...USER, lifetime: LIFETIME, report: { row: null, lease: null } }, lease);
}

/** A lease with `granted` permits of 60. A higher `revision` overrides a lower one. */
function permitting(granted: number, revision = 1, parts: Partial<BucketGrant["current"]> = {}): LeaseAnswer {
  const none = { limit: 60, elsewhere: 0 };
  const current = { endsAt: 60_000, revision, granted, ceiling: 60, ...none, ...parts };
  const grant: BucketGrant = {
    bucket: "requests",
    windowMs: 60_000,
    leftMs: 30_000,
    current,
    next: null,
  };
  return grantAnswer(1000, [grant]);
}
