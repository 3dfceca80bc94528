// A request's timers, over manual ones whose earliest clamps the request's clock as on the platform.

import { beforeEach, expect, test } from "vitest";
import { RequestTimers } from "../../src/gateway/request-timers.ts";
import { LeaseClock } from "../../src/leases/lease-clock.ts";

interface Timer {
  readonly dueAt: number;
  readonly ms: number;
  readonly task: () => void;
}

let now: number;
let pending: Set<Timer>;
let clock: LeaseClock;
let timers: RequestTimers;

beforeEach(() => {
  now = 0;
  pending = new Set();
  clock = new LeaseClock(() => Math.min(now, ...[...pending].map(({ dueAt }) => dueAt)));
  timers = new RequestTimers((ms, task) => {
    const timer = { dueAt: now + ms, ms, task };
    pending.add(timer);
    return () => void pending.delete(timer);
  }, clock);
});

function fire(timer: Timer | undefined): void {
  if (!timer) throw new Error("no timer");
  pending.delete(timer);
  timer.task();
}

test("an overdue timer does not hold the clock back, and is due at once", () => {
  timers.schedule(100, () => {});
  now = 5000;
  expect(clock.now()).toBe(100);
  timers.checkClock();
  expect(clock.now()).toBe(5000);
  expect([...pending].map(({ ms }) => ms)).toEqual([0]);
  expect(clock.epoch).toBe(0);
});

test("timers keep their time, and run once", () => {
  const ran: string[] = [];
  timers.schedule(100, () => ran.push("first"));
  timers.schedule(300, () => ran.push("second"));
  now = 40;
  timers.checkClock();
  expect([...pending].map(({ dueAt }) => dueAt)).toEqual([100, 300]);
  now = 100;
  fire([...pending][0]);
  timers.checkClock();
  now = 300;
  expect(pending.size).toBe(1);
  fire([...pending][0]);
  expect([ran, pending.size]).toEqual([["first", "second"], 0]);
});

test("a cancelled timer does not come back", () => {
  const cancel = timers.schedule(100, () => {});
  timers.checkClock();
  cancel();
  timers.checkClock();
  expect(pending.size).toBe(0);
});

test("a clock that has stepped back is detected, and makes the timers of before due at once", () => {
  now = 10_000;
  clock.checkForStep();
  timers.schedule(100, () => {});
  now = 2000;
  timers.checkClock();
  expect([clock.now(), clock.epoch]).toEqual([2000, 1]);
  timers.schedule(50, () => {});
  timers.checkClock();
  expect([...pending].map(({ ms }) => ms)).toEqual([0, 50]);
});
