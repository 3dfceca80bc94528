// The README says what the model says, in words and in the chart: `npm run model` writes both.

import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { README, RESULTS } from "../performance-section.ts";
import { chartOf } from "./chart.ts";
import { CHART, cpuOf, withModel } from "./model-section.ts";

const results = JSON.parse(readFileSync(RESULTS, "utf8"));

test("the README's section on cost and latency is what the model gives for the benchmark's results", () => {
  const readme = readFileSync(README, "utf8");
  expect(withModel(readme, results)).toBe(readme);
});

test("the chart is drawn from the model", () => {
  expect(readFileSync(CHART, "utf8")).toBe(chartOf(cpuOf(results)));
});
