// Figures are medians over rounds; ratios and differences are taken within a round, so that noise of a whole round cancels.

import { expect, test } from "vitest";
import { addedBy, median, ratioOf } from "./figures.ts";
import { aRound } from "./made-up-results.ts";
import { rotated } from "./rounds.ts";

const rounds = {
  bare: [100, 200, 400].map((cpuUs) => aRound({ cpuUs })),
  // Twice as fast in each round, although the machine was four times slower in the last.
  gateway: [200, 400, 800].map((cpuUs) => aRound({ cpuUs })),
};

test("a ratio is taken within a round", () => {
  expect(ratioOf(rounds, "gateway", "bare", "cpuUs")).toEqual({ median: 2, low: 2, high: 2 });
});

test("a difference is taken within a round, with its interquartile range", () => {
  expect(addedBy(rounds, "gateway", "bare", "cpuUs")).toEqual({ median: 200, low: 150, high: 300 });
});

test("a round that only one of two contestants has is left out", () => {
  const uneven = { ...rounds, bare: rounds.bare.slice(0, 2) };
  expect(addedBy(uneven, "gateway", "bare", "cpuUs").median).toBe(150);
});

test("the median of an even number lies between the middle two, and of none there is none", () => {
  expect(median([4, 1, 3, 2])).toBe(2.5);
  expect(() => median([])).toThrow("no rounds");
});

test("each round starts with another contestant, and all take their turn", () => {
  const orders = [0, 1, 2, 3].map((round) => rotated(["a", "b", "c"], round).join(""));
  expect(orders).toEqual(["abc", "bca", "cab", "abc"]);
});
