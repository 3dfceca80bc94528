// The README says what the last benchmark found, and nothing else.

import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { README, RESULTS, withPerformance } from "./performance-section.ts";

test("the README's performance section is made from the results", () => {
  const readme = readFileSync(README, "utf8");
  expect(withPerformance(readme, JSON.parse(readFileSync(RESULTS, "utf8")))).toBe(readme);
});
