// Checks the published figures and their drawing.
import { expect, test } from "vitest";
import { merged, percentile, summary } from "./figures.ts";
import { drawHistograms } from "./histogram.ts";

test("takes percentiles by nearest rank, whatever the order of the values", () => {
  const values = [30, 10, 20, 40];
  expect([50, 75, 76, 100].map((percent) => percentile(values, percent))).toEqual([20, 30, 40, 40]);
  expect(percentile([7], 1)).toBe(7);
  expect(percentile([], 50)).toBeNaN();
});

test("summarises as p50, p90, p99 and the maximum", () => {
  const values = Array.from({ length: 1000 }, (_, index) => index + 1);
  expect(summary(values)).toEqual(["500", "900", "990", "1000"]);
});

test("merges the figures of several campaigns", () => {
  const first = { lastAcceptedMs: [1], answerMs: [2] };
  const second = { lastAcceptedMs: [3, 4], answerMs: [5, 6] };
  expect(merged([first, second])).toEqual({ lastAcceptedMs: [1, 3, 4], answerMs: [2, 5, 6] });
});

test("draws every value, labels both axes and the bound, and escapes text", () => {
  const drawing = drawHistograms({
    title: "a < b",
    axes: { time: "milliseconds", count: "revocations" },
    rows: [
      { title: "first", values: [1, 1, 1, 900], colour: "#123456" },
      { title: "second", values: [1300], colour: "#654321" },
    ],
    bound: { ms: 1200, name: "the bound" },
  });
  expect(drawing.match(/<rect /g)).toHaveLength(3);
  for (const shown of ["a &lt; b", ">first<", ">second<", ">milliseconds<", ">revocations<", ">the bound<"]) {
    expect(drawing).toContain(shown);
  }
  expect(drawing).toContain(">1400</text>");
  expect(drawing).not.toMatch(/NaN|undefined/);
});
