// The clock of leases over readings of several requests: those of requests with an overdue timer are old.

import { beforeEach, expect, test } from "vitest";
import { LeaseClock } from "../../src/leases/lease-clock.ts";

let reading: number;
let clock: LeaseClock;

beforeEach(() => {
  reading = 1000;
  clock = new LeaseClock(() => reading);
  clock.now();
});

function readAt(value: number): number {
  reading = value;
  return clock.now();
}

function checkedAt(value: number): number {
  reading = value;
  return clock.checkForStep();
}

test("a reading is the latest of any request, and never starts an epoch", () => {
  for (const old of [999, 979, 0, -1_000_000]) expect(readAt(old)).toBe(1000);
  expect(clock.epoch).toBe(0);
  expect(readAt(1001)).toBe(1001);
});

test("a check within the tolerance stays in its epoch, and never decreases", () => {
  for (const earlier of [995, 985, 999, 980]) expect(checkedAt(earlier)).toBe(1000);
  expect(clock.epoch).toBe(0);
});

test("a check beyond the tolerance starts an epoch on the new time", () => {
  expect(checkedAt(979)).toBe(979);
  expect(clock.epoch).toBe(1);
  expect(readAt(980)).toBe(980);
});

test("a check that is later is a later reading", () => {
  expect(checkedAt(5000)).toBe(5000);
  expect([clock.now(), clock.epoch]).toEqual([5000, 0]);
});

test("steps back are reported once", () => {
  checkedAt(500);
  checkedAt(400);
  expect([clock.drainSteps(), clock.drainSteps()]).toEqual([2, 0]);
  checkedAt(300);
  expect(clock.drainSteps()).toBe(1);
});
