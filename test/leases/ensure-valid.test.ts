// How a request obtains a valid lease: at once, by a renewal in the background, or by waiting for the ledger.

import { beforeEach, expect, test } from "vitest";
import { Lease } from "../../src/leases/lease.ts";
import { LeaseClock } from "../../src/leases/lease-clock.ts";
import type { LeaseUser } from "../../src/leases/lease-user.ts";
import type { LeaseAnswer } from "../../src/leases/protocol.ts";
import { grantAnswer } from "../support/lease-answers.ts";

const TTL_MS = 1000;
const LEDGER_LIMIT_MS = 2000;

let now: number;
let answer: LeaseAnswer | Error;
let asked: number;
let background: Promise<unknown>[];
let logged: unknown[];
let lease: Lease;

beforeEach(async () => {
  now = 0;
  background = [];
  logged = [];
  answer = grantAnswer(TTL_MS);
  const ask = async () => {
    asked += 1;
    if (answer instanceof Error) throw answer;
    return answer;
  };
  lease = new Lease(ask, new LeaseClock(() => now), LEDGER_LIMIT_MS);
  await lease.renew(user);
  asked = 0;
});

test("under a valid lease a request waits for nothing and costs no call", async () => {
  expect(await lease.ensureValid(user, "requests")).toBeNull();
  expect([asked, background.length]).toEqual([0, 0]);
});

test("a renewable lease is renewed in the background, and a renewal that fails changes nothing", async () => {
  now = TTL_MS / 2;
  answer = new Error("the ledger is down");
  expect(await lease.ensureValid(user, "requests")).toBeNull();
  expect([asked, background.length]).toEqual([1, 1]);
  await Promise.all(background);
});

test("a renewal in the background that meets a fault is logged", async () => {
  now = TTL_MS / 2;
  answer = new TypeError("a fault");
  expect(await lease.ensureValid(user, "requests")).toBeNull();
  await Promise.all(background);
  expect(logged).toEqual([answer]);
});

test("with an expired lease a fault is thrown, and no request counts as waiting", async () => {
  now = TTL_MS;
  answer = new TypeError("a fault");
  const rejection = await lease.ensureValid(user, "requests").catch((error: unknown) => error);
  expect(rejection).toBe(answer);
  expect(lease.permits.report()).toMatchObject([{ waiting: 0 }]);
});

test("with an expired lease a request waits for the ledger, and is refused while it cannot be reached", async () => {
  now = TTL_MS;
  expect(await lease.ensureValid(user, "requests")).toBeNull();
  expect(asked).toBe(1);
  now = 2 * TTL_MS;
  answer = new Error("the ledger is down");
  expect(await lease.ensureValid(user, "requests")).toEqual({ reason: "ledger_unreachable" });
});

test("a key that another request has found revoked is refused without a call, also before its lease has expired", async () => {
  answer = { granted: false, reason: "revoked" };
  await lease.renew(user);
  asked = 0;
  now = TTL_MS - 1;
  expect(await lease.ensureValid(user, "requests")).toEqual({ reason: "revoked" });
  for (const bodyFollows of [false, true]) {
    expect(await lease.ensureValidForResponse(user, bodyFollows)).toEqual({ reason: "revoked" });
  }
  expect(asked).toBe(0);
});

test.each([
  [TTL_MS - 1, true, [1, 1]],
  [TTL_MS - 1, false, [1, 1]],
  [TTL_MS / 2, true, [1, 1]],
  [TTL_MS / 2 - 1, true, [0, 0]],
])(
  "%i ms into a lease, a response (body follows: %s) makes these calls, and keeps these alive: %s",
  async (at, bodyFollows, costs) => {
    now = at;
    expect(await lease.ensureValidForResponse(user, bodyFollows)).toBeNull();
    expect([asked, background.length]).toEqual(costs);
  },
);

const user: LeaseUser = {
  waitUntil: (work) => void background.push(work),
  schedule: () => () => {},
  checkClock: () => {},
  waitForLedger: (call) => call(),
  logException: (error) => void logged.push(error),
};
