// docs/performance.md has the model's figures, in words and in the chart: `npm run model` writes both.

import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { PERFORMANCE_PAGE, RESULTS } from "../performance-section.ts";
import { chartOf } from "./chart.ts";
import { CHART, cpuOf, withModel } from "./model-section.ts";

const results = JSON.parse(readFileSync(RESULTS, "utf8"));

test("the section on cost and latency is derived from the model and the benchmark's results", () => {
  const page = readFileSync(PERFORMANCE_PAGE, "utf8");
  expect(withModel(page, results)).toBe(page);
});

test("the chart is drawn from the model", () => {
  expect(readFileSync(CHART, "utf8")).toBe(chartOf(cpuOf(results)));
});
