/** Draws lines over one logarithmic axis, in panels one below the other, as an SVG. Pure. */
import { drawing, END, MIDDLE, rounded, line as stroke, text } from "../../support/svg.ts";

export interface Line {
  readonly name: string;
  readonly colour: string;
  readonly at: (x: number) => number;
}

export interface Panel {
  readonly title: string;
  /** Ticks of the vertical axis, from 0 to the last. */
  readonly ticks: readonly number[];
  readonly show: (value: number) => string;
  readonly lines: readonly Line[];
  /** A line through the panel. */
  readonly mark?: { readonly at: number; readonly name: string };
}

export interface Drawing {
  readonly title: string;
  readonly axis: string;
  /** Powers of ten. */
  readonly from: number;
  readonly to: number;
  readonly panels: readonly Panel[];
}

const WIDTH = 840;
const LEFT = 64;
const RIGHT = 28;
const TOP = 44;
const TITLE_HEIGHT = 52;
const PANEL_HEIGHT = 190;
const BOTTOM = 52;
const POINTS = 96;

export function drawLines({ title, axis, from, to, panels }: Drawing): string {
  const [first, last] = [Math.log10(from), Math.log10(to)];
  const x = (value: number) => LEFT + ((Math.log10(value) - first) / (last - first)) * (WIDTH - LEFT - RIGHT);
  const decades = Array.from({ length: Math.round(last - first) + 1 }, (_, index) => 10 ** (first + index));
  const points = Array.from(
    { length: POINTS + 1 },
    (_, index) => 10 ** (first + (index / POINTS) * (last - first)),
  );
  const bottom = TOP + panels.length * (TITLE_HEIGHT + PANEL_HEIGHT);
  return drawing(WIDTH, bottom + BOTTOM, [title, ...panels.map((panel) => panel.title)].join("; "), [
    text(LEFT, 22, title, 'font-size="15" font-weight="600"'),
    ...panels.map((panel, index) =>
      drawPanel(panel, TOP + index * (TITLE_HEIGHT + PANEL_HEIGHT) + TITLE_HEIGHT, x, decades, points),
    ),
    ...decades.map((value) => text(x(value), bottom + 18, plain(value), MIDDLE)),
    text((LEFT + WIDTH - RIGHT) / 2, bottom + 40, axis, MIDDLE),
  ]);
}

function drawPanel(
  { title, ticks, show, lines, mark }: Panel,
  top: number,
  x: (value: number) => number,
  decades: readonly number[],
  points: readonly number[],
): string {
  const base = top + PANEL_HEIGHT;
  const highest = ticks.at(-1) as number;
  const y = (value: number) => base - (Math.min(value, highest) / highest) * PANEL_HEIGHT;
  const names = lines.map((line, index) =>
    text(WIDTH - RIGHT, top + 16 + index * 18, line.name, `${END} fill="${line.colour}" font-weight="600"`),
  );
  const curves = lines.map(({ colour, at }) => {
    const path = points.map((point) => `${rounded(x(point))} ${rounded(y(at(point)))}`).join("L");
    return `<path d="M${path}" fill="none" stroke="${colour}" stroke-width="2"/>`;
  });
  return [
    text(LEFT, top - 14, title, 'font-weight="600"'),
    ...decades.map((value) => stroke(x(value), top, x(value), base, 'stroke-opacity="0.2"')),
    ...ticks.map((value) => stroke(LEFT, y(value), WIDTH - RIGHT, y(value), 'stroke-opacity="0.2"')),
    ...ticks.map((value) => text(LEFT - 8, y(value) + 4, show(value), END)),
    ...curves,
    ...names,
    mark ? stroke(LEFT, y(mark.at), WIDTH - RIGHT, y(mark.at), 'stroke-dasharray="5 4"') : "",
    mark ? text(LEFT + 6, y(mark.at) + 15, mark.name) : "",
  ].join("\n");
}

function plain(value: number): string {
  return value < 1 ? String(Number(value.toPrecision(1))) : value.toLocaleString("en-GB");
}
