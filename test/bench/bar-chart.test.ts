// Checks that a chart draws its values to scale and lists them as text.

import { expect, test } from "vitest";
import { drawBars } from "./bar-chart.ts";

const chart = (values: readonly number[]) =>
  drawBars({
    title: "CPU & more",
    axis: "µs",
    groups: [{ title: "", bars: values.map((value, i) => ({ name: `<${i}>`, value, colour: "#2f81f7" })) }],
    mark: { value: 1, name: "the limit" },
  });

const widths = (svg: string) =>
  [...svg.matchAll(/<rect [^>]*width="([\d.]+)"/g)].map(([, width]) => Number(width));

test("bars are as long as their values, and none starts left of the axis", () => {
  const svg = chart([1, 2, -3]);
  const [one = 0, two = 0, below = 0] = widths(svg);
  expect(two / one).toBeCloseTo(2, 2);
  expect(below).toBe(1);
  const [axis = 0, number = 0] = [/<rect x="([\d.-]+)"/, /<text x="([\d.-]+)"[^>]*>-3</].map((pattern) =>
    Number(pattern.exec(svg)?.[1]),
  );
  expect(number).toBeGreaterThan(axis);
});

test("names and values are in the accessible title, and text is escaped", () => {
  const svg = chart([1.234, 2]);
  expect(svg).toContain("<title>CPU &amp; more: &lt;0> 1.23; &lt;1> 2</title>");
  expect(svg).not.toMatch(/<\d/);
});
