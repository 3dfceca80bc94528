/**
 * Draws histograms over one axis of time, one below the other, as an SVG that reads on light and on dark
 * ground alike: nothing is filled behind it, and its greys and colours stand out on both. Pure.
 */

export interface Row {
  readonly title: string;
  /** Milliseconds. */
  readonly values: readonly number[];
  readonly colour: string;
}

export interface Drawing {
  readonly title: string;
  /** What the horizontal axis counts, and the vertical ones. */
  readonly axes: { readonly time: string; readonly count: string };
  readonly rows: readonly Row[];
  /** A moment that runs through all rows. */
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
const TICKS_MAX = 10;
const INK = "#7d8590";
const FONT = "ui-sans-serif, system-ui, -apple-system, 'Segoe UI', sans-serif";
const MIDDLE = 'text-anchor="middle"';
const END = 'text-anchor="end"';

export function drawHistograms({ title, axes, rows, bound }: Drawing): string {
  const largest = Math.max(bound.ms, ...rows.flatMap((row) => row.values));
  const stepMs = tickStep(largest);
  const tickCount = Math.floor(largest / stepMs) + 1;
  const endMs = tickCount * stepMs;
  const x = (ms: number) => LEFT + (ms / endMs) * (WIDTH - LEFT - RIGHT);
  const bottom = TOP + rows.length * ROW_HEIGHT;
  const middle = (TOP + bottom) / 2;
  const ticks = Array.from({ length: tickCount + 1 }, (_, index) => index * stepMs);
  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${bottom + BOTTOM}" role="img">`,
    `<title>${escaped([title, ...rows.map((row) => row.title)].join("; "))}</title>`,
    `<g font-family="${FONT}" font-size="12" fill="${INK}">`,
    text(LEFT, 22, title, 'font-size="15" font-weight="600"'),
    ...ticks.map((ms) => line(x(ms), TOP, x(ms), bottom, 'stroke-opacity="0.2"')),
    ...ticks.map((ms) => text(x(ms), bottom + 18, String(ms), MIDDLE)),
    text((LEFT + WIDTH - RIGHT) / 2, bottom + 40, axes.time, MIDDLE),
    text(-middle, 16, axes.count, `${MIDDLE} transform="rotate(-90)"`),
    ...rows.map((row, index) => drawRow(row, TOP + index * ROW_HEIGHT, endMs / BINS, x)),
    ...rows.map((_, index) => drawBound(x(bound.ms), TOP + (index + 1) * ROW_HEIGHT)),
    text(x(bound.ms), TOP - 8, bound.name, END),
    "</g>",
    "</svg>",
  ].join("\n")}\n`;
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
    // One revocation among hundreds must still be seen.
    const height = Math.max(2, (count / most) * BARS_HEIGHT);
    const left = x(bin * binMs) + 0.5;
    const width = x((bin + 1) * binMs) - 0.5 - left;
    return `<rect x="${round(left)}" y="${round(base - height)}" width="${round(width)}" height="${round(height)}"/>`;
  });
  return [
    text(LEFT + 10, top + 24, title, 'font-weight="600"'),
    `<g fill="${colour}">${bars.join("")}</g>`,
    line(LEFT, base, WIDTH - RIGHT, base),
    text(LEFT - 8, base - BARS_HEIGHT + 9, String(most), END),
    text(LEFT - 8, base, "0", END),
  ].join("\n");
}

/** Below the row's title only, so that both can be read. */
function drawBound(x: number, base: number): string {
  return line(x, base - BARS_HEIGHT - 8, x, base, 'stroke-width="1.5" stroke-dasharray="5 4"');
}

/** The smallest round step with which TICKS_MAX of them reach beyond the value. */
function tickStep(largest: number): number {
  for (let unit = 1; ; unit *= 10) {
    const step = [1, 2, 2.5, 5].map((factor) => factor * unit).find((ms) => ms * TICKS_MAX > largest);
    if (step !== undefined) return step;
  }
}

function text(x: number, y: number, content: string, attributes = ""): string {
  return `<text x="${round(x)}" y="${round(y)}" ${attributes}>${escaped(content)}</text>`;
}

function line(x1: number, y1: number, x2: number, y2: number, attributes = ""): string {
  return `<path d="M${round(x1)} ${round(y1)}L${round(x2)} ${round(y2)}" stroke="${INK}" ${attributes}/>`;
}

function round(value: number): string {
  return String(Math.round(value * 10) / 10);
}

function escaped(content: string): string {
  return content.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}
