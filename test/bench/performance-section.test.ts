// The README and its charts say what the last benchmark found, and nothing else.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { chartsOf } from "./charts.ts";
import { aResult } from "./made-up-results.ts";
import { CHART_DIRECTORY, README, RESULTS, sectionOf, withPerformance } from "./performance-section.ts";

const results = JSON.parse(readFileSync(RESULTS, "utf8"));

test("the README's performance section is made from the results", () => {
  const readme = readFileSync(README, "utf8");
  expect(withPerformance(readme, results)).toBe(readme);
});

test("the charts are made from the results, and each is shown", () => {
  const readme = readFileSync(README, "utf8");
  for (const [name, svg] of Object.entries(chartsOf(results))) {
    expect(readFileSync(join(CHART_DIRECTORY, name), "utf8"), name).toBe(svg);
    expect(readme).toContain(`](test/bench/${name})`);
  }
});

describe("the section", () => {
  test("tells of a part that could not be measured, and of answers that went wrong", () => {
    const section = sectionOf(aResult({ failures: { growth: "workerd did not start" }, failedAnswers: 3 }));
    expect(section).toContain("Not measured in the last run: growth (workerd did not start).");
    expect(section).toContain('gateway in "warm key, GET of 1 KiB": 3');
  });

  test("keeps silent about both when there were none", () => {
    const section = sectionOf(aResult({}));
    expect(section).not.toContain("Not measured");
    expect(section).not.toContain("not as expected");
  });

  test("names the days between the oldest part and the newest", () => {
    const measuredOn = { growth: "2026-11-25", "junk keys": "2026-11-23" };
    expect(sectionOf(aResult({ measuredOn }))).toContain("Measured 2026-11-23 to 2026-11-25 with");
  });
});
