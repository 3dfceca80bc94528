/** Draws histograms that share a time axis, one below the other, as an SVG. Pure. */
import { bar, drawing, END, line, MIDDLE, text, tickStep } from "../../support/svg.ts";

export interface Row {
  readonly title: string;
  /** Milliseconds. */
  readonly values: readonly number[];
  readonly colour: string;
}

export interface Drawing {
  readonly title: string;
  /** Labels of the horizontal and the vertical axes. */
  readonly axes: { readonly time: string; readonly count: string };
  readonly rows: readonly Row[];
  /** A vertical line through all rows. */
  readonly bound: { readonly ms: number; readonly name: string };
}

const WIDTH = 840;
const LEFT = 64;
const RIGHT = 28;
const TOP = 64;
const ROW_HEIGHT = 124;
const BARS_HEIGHT = 76;
const BOTTOM = 52;
const BINS = 70;

export function drawHistograms({ title, axes, rows, bound }: Drawing): string {
  const largest = Math.max(bound.ms, ...rows.flatMap((row) => row.values));
  const stepMs = tickStep(largest);
  const tickCount = Math.floor(largest / stepMs) + 1;
  const endMs = tickCount * stepMs;
  const x = (ms: number) => LEFT + (ms / endMs) * (WIDTH - LEFT - RIGHT);
  const bottom = TOP + rows.length * ROW_HEIGHT;
  const middle = (TOP + bottom) / 2;
  const ticks = Array.from({ length: tickCount + 1 }, (_, index) => index * stepMs);
  return drawing(WIDTH, bottom + BOTTOM, [title, ...rows.map((row) => row.title)].join("; "), [
    text(LEFT, 22, title, 'font-size="15" font-weight="600"'),
    ...ticks.map((ms) => line(x(ms), TOP, x(ms), bottom, 'stroke-opacity="0.2"')),
    ...ticks.map((ms) => text(x(ms), bottom + 18, String(ms), MIDDLE)),
    text((LEFT + WIDTH - RIGHT) / 2, bottom + 40, axes.time, MIDDLE),
    text(-middle, 16, axes.count, `${MIDDLE} transform="rotate(-90)"`),
    ...rows.map((row, index) => drawRow(row, TOP + index * ROW_HEIGHT, endMs / BINS, x)),
    ...rows.map((_, index) => drawBound(x(bound.ms), TOP + (index + 1) * ROW_HEIGHT)),
    text(x(bound.ms), TOP - 8, bound.name, END),
  ]);
}

function drawRow(
  { title, values, colour }: Row,
  top: number,
  binMs: number,
  x: (ms: number) => number,
): string {
  const base = top + ROW_HEIGHT;
  const counts = new Array<number>(BINS).fill(0);
  for (const value of values) {
    const bin = Math.floor(value / binMs);
    counts[bin] = (counts[bin] ?? 0) + 1;
  }
  const most = Math.max(1, ...counts);
  const bars = counts.map((count, bin) => {
    if (count === 0) return "";
    // A single revocation among hundreds must be visible.
    const height = Math.max(2, (count / most) * BARS_HEIGHT);
    const left = x(bin * binMs) + 0.5;
    const width = x((bin + 1) * binMs) - 0.5 - left;
    return bar(left, base - height, width, height);
  });
  return [
    text(LEFT + 10, top + 24, title, 'font-weight="600"'),
    `<g fill="${colour}">${bars.join("")}</g>`,
    line(LEFT, base, WIDTH - RIGHT, base),
    text(LEFT - 8, base - BARS_HEIGHT + 9, String(most), END),
    text(LEFT - 8, base, "0", END),
  ].join("\n");
}

/** Starts below the row's title, so that both are readable. */
function drawBound(x: number, base: number): string {
  return line(x, base - BARS_HEIGHT - 8, x, base, 'stroke-width="1.5" stroke-dasharray="5 4"');
}
