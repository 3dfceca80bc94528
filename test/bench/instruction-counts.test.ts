// Counts are compared with the stored ones by name; only more is worth a warning.

import { expect, test } from "vitest";
import { countTable, warningsOf } from "./instruction-counts.ts";

test("warns of a count that is more than 5 % above the stored one, and of no other", () => {
  const stored = { chunked: 1000, "8 headers": 1000, "made-up key": 1000 };
  expect(
    warningsOf({ chunked: 1051, "8 headers": 1050, "made-up key": 700, "20 KiB": 9000 }, stored),
  ).toEqual(["instructions for each answer, chunked: 1051 thousand, 5 % more than the stored 1000"]);
});

test("compares the gateway with the floor, with the baseline that answers the same, and with the stored count", () => {
  const counts = {
    bare: { chunked: 500 },
    floor: { chunked: 800 },
    refusing: { "made-up key": 250 },
    gateway: { chunked: 1000, "made-up key": 400 },
  };
  const [, , ...rows] = countTable(counts, { gateway: { chunked: 990 } }).split("\n");
  expect(rows).toEqual([
    "| chunked | 1000 | 990 | bare 500 | 2.00 × | 800 | 1.25 × |",
    "| made-up key | 400 |  | refusing 250 | 1.60 × |  |  |",
  ]);
});
