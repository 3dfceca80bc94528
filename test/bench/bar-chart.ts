/** Draws grouped horizontal bars over one axis, as an SVG. Pure. */
import { bar, drawing, END, INK, line, MIDDLE, text, tickStep } from "../support/svg.ts";

export interface Bar {
  readonly name: string;
  readonly value: number;
  /** The interquartile range over the rounds. */
  readonly range?: readonly [low: number, high: number];
  readonly colour: string;
}

export interface BarChart {
  readonly title: string;
  readonly axis: string;
  readonly groups: readonly { readonly title: string; readonly bars: readonly Bar[] }[];
  /** A vertical line through all groups. */
  readonly mark?: { readonly value: number; readonly name: string };
}

const WIDTH = 840;
const LEFT = 250;
const RIGHT = 90;
const TOP = 56;
const BOTTOM = 52;
const BAR_HEIGHT = 14;
const BAR_STEP = 20;
const GROUP_GAP = 14;
const BOLD = 'font-weight="600"';

export function drawBars({ title, axis, groups, mark }: BarChart): string {
  const bars = groups.flatMap((group) => group.bars);
  const largest = Math.max(mark?.value ?? 0, ...bars.map(({ value, range }) => range?.[1] ?? value));
  const step = tickStep(largest);
  const tickCount = Math.floor(largest / step) + 1;
  const x = (value: number) => LEFT + (Math.max(0, value) / (tickCount * step)) * (WIDTH - LEFT - RIGHT);
  const tops: number[] = [];
  let bottom = TOP;
  for (const group of groups) {
    tops.push(bottom + GROUP_GAP / 2);
    bottom += group.bars.length * BAR_STEP + GROUP_GAP;
  }
  const ticks = Array.from({ length: tickCount + 1 }, (_, index) => index * step);
  const attributes = `${BOLD} ${END}`;
  return drawing(WIDTH, bottom + BOTTOM, `${title}: ${bars.map(spoken).join("; ")}`, [
    text(16, 22, title, 'font-size="15" font-weight="600"'),
    ...ticks.map((value) => line(x(value), TOP, x(value), bottom, 'stroke-opacity="0.2"')),
    ...ticks.map((value) => text(x(value), bottom + 18, shortened(value), MIDDLE)),
    text((LEFT + WIDTH - RIGHT) / 2, bottom + 40, axis, MIDDLE),
    ...groups.flatMap((group, index) => {
      const top = tops[index] ?? TOP;
      const heading = group.title === "" ? [] : [text(96, top + BAR_HEIGHT - 3, group.title, attributes)];
      return [...heading, ...group.bars.map((each, at) => drawBar(each, top + at * BAR_STEP, x))];
    }),
    ...(mark === undefined
      ? []
      : [
          line(x(mark.value), TOP - 4, x(mark.value), bottom, 'stroke-width="1.5" stroke-dasharray="5 4"'),
          text(x(mark.value), TOP - 10, mark.name, MIDDLE),
        ]),
  ]);
}

function drawBar({ name, value, range, colour }: Bar, top: number, x: (value: number) => number): string {
  const middle = top + BAR_HEIGHT / 2;
  const end = x(range?.[1] ?? value);
  return [
    text(LEFT - 8, top + BAR_HEIGHT - 3, name, END),
    // A value close to zero must be visible.
    bar(LEFT, top, Math.max(1, x(value) - LEFT), BAR_HEIGHT, `fill="${colour}"`),
    ...(range === undefined ? [] : [line(x(range[0]), middle, x(range[1]), middle, 'stroke-width="2"')]),
    text(Math.max(end, x(value)) + 6, top + BAR_HEIGHT - 3, shortened(value), `fill="${INK}"`),
  ].join("\n");
}

function spoken({ name, value }: Bar): string {
  return `${name} ${shortened(value)}`;
}

function shortened(value: number): string {
  return String(Number(value.toPrecision(3)));
}
