// A request's permit, over a real lease and a scripted ledger. permits.test.ts tests the number of permits; this file
// tests what a request does with each answer.

import { beforeEach, expect, test } from "vitest";
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
  expect(await enforceLimit({ ...USER, report }, lease)).toMatchObject({ outcome: "admitted" });
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

function limited() {
  return enforceLimit({ ...USER, report: { row: null, lease: null } }, lease);
}

/** A lease with `granted` permits of 60. A higher `revision` overrides a lower one. */
function permitting(granted: number, revision = 1): LeaseAnswer {
  const current = { endsAt: 60_000, revision, granted, ceiling: 60 };
  const grant: BucketGrant = {
    bucket: "requests",
    limit: 60,
    windowMs: 60_000,
    leftMs: 30_000,
    current,
    next: null,
  };
  return grantAnswer(1000, [grant]);
}
