// A suspended key: refused without a call for the time of a lease, then asked for again. Times are milliseconds.

import { beforeEach, expect, test } from "vitest";
import { Lease } from "../../src/leases/lease.ts";
import { LeaseClock } from "../../src/leases/lease-clock.ts";
import type { LeaseAnswer } from "../../src/leases/protocol.ts";
import { grantAnswer } from "../support/lease-answers.ts";

const TTL_MS = 1000;
const USER = { schedule: () => () => {} };
const SUSPENDED: LeaseAnswer = { granted: false, reason: "suspended", ttl_ms: TTL_MS };

let time: number;
let ledger: () => Promise<LeaseAnswer>;
let calls: number;
let lease: Lease;
let clock: LeaseClock;

beforeEach(() => {
  time = 0;
  calls = 0;
  const call = () => {
    calls += 1;
    return ledger();
  };
  clock = new LeaseClock(() => time);
  lease = new Lease(call, clock, 2000);
});

test("is remembered for the time of a lease, and then no longer", async () => {
  ledger = async () => SUSPENDED;
  expect(await lease.renew(USER)).toEqual({ reason: "suspended" });
  expect(lease.refusal).toEqual({ reason: "suspended" });
  time = TTL_MS - 1;
  expect(lease.refusal).toEqual({ reason: "suspended" });
  time = TTL_MS;
  expect(lease.refusal).toBeNull();
  ledger = async () => grantAnswer(TTL_MS);
  expect(await lease.renew(USER)).toBeNull();
  expect(lease.status()).toBe("valid");
  expect(calls).toBe(2);
});

test("is forgotten when the clock steps back", async () => {
  time = 5000;
  ledger = async () => SUSPENDED;
  await lease.renew(USER);
  time = 1000;
  clock.checkForStep();
  expect(lease.refusal).toBeNull();
});

test("is counted from before the call", async () => {
  ledger = async () => {
    time = 900;
    return SUSPENDED;
  };
  await lease.renew(USER);
  time = TTL_MS;
  expect(lease.refusal).toBeNull();
});

test("ends the lease that the key has", async () => {
  ledger = async () => grantAnswer(TTL_MS);
  await lease.renew(USER);
  ledger = async () => SUSPENDED;
  time = 500;
  await lease.renew(USER);
  expect(lease.status()).toBe("expired");
});

test("is not undone by an older answer that arrives later", async () => {
  const older = Promise.withResolvers<LeaseAnswer>();
  ledger = () => older.promise;
  const renewal = lease.renew(USER);
  ledger = async () => SUSPENDED;
  await lease.renew(USER);
  older.resolve(grantAnswer(TTL_MS));
  expect(await renewal).toEqual({ reason: "suspended" });
  expect(lease.status()).toBe("expired");
});

test("without a time is not remembered", async () => {
  ledger = async () => ({ granted: false, reason: "suspended" });
  expect(await lease.renew(USER)).toEqual({ reason: "suspended" });
  expect(lease.refusal).toBeNull();
});

test("does not replace a refusal for good", async () => {
  ledger = async () => ({ granted: false, reason: "revoked" });
  await lease.renew(USER);
  ledger = async () => SUSPENDED;
  await lease.renew(USER);
  time = 5 * TTL_MS;
  expect(lease.refusal).toEqual({ reason: "revoked" });
});
