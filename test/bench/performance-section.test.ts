// docs/performance.md, its charts and the README's figures are made from the results of the last benchmark.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { chartsOf } from "./charts.ts";
import { aResult } from "./made-up-results.ts";
import {
  CHART_DIRECTORY,
  PERFORMANCE_PAGE,
  RESULTS,
  sectionOf,
  withPerformance,
} from "./performance-section.ts";
import { README, REVOCATION_PAGE, withTenFigures } from "./ten-figures.ts";

const results = JSON.parse(readFileSync(RESULTS, "utf8"));

test("the measured section of docs/performance.md is made from the results", () => {
  const page = readFileSync(PERFORMANCE_PAGE, "utf8");
  expect(withPerformance(page, results)).toBe(page);
});

test("the README's ten figures are made from the results and from docs/revocation.md", () => {
  const readme = readFileSync(README, "utf8");
  expect(withTenFigures(readme, results, readFileSync(REVOCATION_PAGE, "utf8"))).toBe(readme);
});

test("the charts are made from the results, and the page shows each of them", () => {
  const page = readFileSync(PERFORMANCE_PAGE, "utf8");
  for (const [name, svg] of Object.entries(chartsOf(results))) {
    expect(readFileSync(join(CHART_DIRECTORY, name), "utf8"), name).toBe(svg);
    expect(page).toContain(`](../test/bench/${name})`);
  }
});

describe("the section", () => {
  test("names a part that could not be measured, and unexpected answers", () => {
    const section = sectionOf(aResult({ failures: { growth: "workerd did not start" }, failedAnswers: 3 }));
    expect(section).toContain("Not measured in the last run: growth (workerd did not start).");
    expect(section).toContain('gateway in "warm key, GET of 1 KiB": 3');
  });

  test("mentions neither when there are none", () => {
    const section = sectionOf(aResult({}));
    expect(section).not.toContain("Not measured");
    expect(section).not.toContain("Unexpected answers");
  });

  test("names the days between the oldest part and the newest", () => {
    const measuredOn = { growth: "2026-11-25", "junk keys": "2026-11-23" };
    expect(sectionOf(aResult({ measuredOn }))).toContain("Measured 2026-11-23 to 2026-11-25 with");
  });
});
