// Checks the rank test of `npm run timing` against known values.

import { expect, test } from "vitest";
import { rankTest, visibleShift } from "./rank-test.ts";

const upTo = (n: number, from = 0) => Array.from({ length: n }, (_, i) => from + i);

test("finds no difference between equal sets", () => {
  expect(rankTest(upTo(100), upTo(100))).toEqual({ larger: 0.5, p: expect.closeTo(1, 6) });
  expect(rankTest([1, 1, 1], [1, 1, 1])).toEqual({ larger: 0.5, p: expect.closeTo(1, 6) });
});

test("detects a set that is larger throughout", () => {
  const { larger, p } = rankTest(upTo(50, 100), upTo(50));
  expect(larger).toBe(1);
  expect(p).toBeLessThan(1e-6);
});

test("agrees with the textbook example of the tortoises and hares", () => {
  // U = 25 of 36, z = 1.121.
  const { larger, p } = rankTest([1, 7, 8, 9, 10, 11], [2, 3, 4, 5, 6, 12]);
  expect(larger).toBeCloseTo(25 / 36, 6);
  expect(p).toBeCloseTo(0.2623, 3);
});

test("gives ties the mean of their ranks", () => {
  expect(rankTest([1, 2, 2], [2, 3]).larger).toBeCloseTo(1 / 6, 6);
});

test("finds the smallest shift that it would have detected", () => {
  const shift = visibleShift(upTo(200), upTo(200), 0.001);
  expect(rankTest(upTo(200, shift * 1.01), upTo(200)).p).toBeLessThan(0.001);
  expect(rankTest(upTo(200, shift * 0.9), upTo(200)).p).toBeGreaterThan(0.001);
});
