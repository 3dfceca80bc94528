// Tables and field lists, without borders, so that they can be searched and copied.
//
// Guarantees that a table is never wider than the terminal, and that without a terminal every cell is complete.

import stringWidth from "string-width";
import { getBorderCharacters, table as layOut } from "table";
import { paint, type Style } from "./colors.ts";
import { printable } from "./text-format.ts";

export interface Column<Row> {
  readonly heading: string;
  readonly cell: (row: Row) => string;
  readonly style?: (row: Row) => Style | null;
  /** The width to which the column may shrink in a narrow terminal. Absent: it does not shrink. */
  readonly minWidth?: number;
  /** Rank among the columns that a narrow terminal leaves out, 1 first. Absent: the column stays. */
  readonly leftOut?: number;
}

const GAP_COLUMNS = 2;
const ELLIPSIS = "…";

const PLAIN = {
  border: getBorderCharacters("void"),
  columnDefault: { paddingLeft: 0, paddingRight: GAP_COLUMNS },
  drawHorizontalLine: () => false,
};

/** A column with its text, and the width that it needs. */
interface TextColumn<Row> {
  readonly column: Column<Row>;
  readonly texts: readonly string[];
  readonly width: number;
}

/**
 * One line per row, or, in a terminal too narrow even for the columns that stay, one line per cell. Empty without rows.
 * `terminalColumns`: undefined when the output is not a terminal.
 */
export function table<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  terminalColumns = Number.POSITIVE_INFINITY,
): string {
  if (rows.length === 0) return "";
  const all = columns.map((column) => textColumn(column, rows));
  const shown = fitColumns(all, terminalColumns);
  if (shown === null) return rows.map((_, at) => rowAsFields(all, at)).join("\n");
  const heading = shown.map(({ column }) => paint("bold", column.heading));
  const lines = rows.map((row, at) =>
    shown.map(({ column, texts, width }) => {
      const text = truncate(texts[at] ?? "", width);
      const style = column.style?.(row) ?? null;
      return style === null ? text : paint(style, text);
    }),
  );
  return layOutLines([heading, ...lines]) + noteOf(all, shown);
}

/** One line per field. */
export function fields(values: Readonly<Record<string, string>>): string {
  return layOutLines(Object.entries(values).map(([name, value]) => [paint("dim", name), printable(value)]));
}

function textColumn<Row>(column: Column<Row>, rows: readonly Row[]): TextColumn<Row> {
  const texts = rows.map((row) => printable(column.cell(row)));
  const width = texts.reduce((max, text) => Math.max(max, stringWidth(text)), column.heading.length);
  return { column, texts, width };
}

/** The columns that fit: first without those that may be left out, then shrunk. null: even so, they do not fit. */
function fitColumns<Row>(
  all: readonly TextColumn<Row>[],
  available: number,
): readonly TextColumn<Row>[] | null {
  let shown = all;
  while (tableWidth(shown.map(leastWidth)) > available) {
    const next = shown
      .filter(({ column }) => column.leftOut !== undefined)
      .sort((a, b) => (a.column.leftOut ?? 0) - (b.column.leftOut ?? 0))[0];
    if (next === undefined) return null;
    shown = shown.filter((one) => one !== next);
  }
  return shrink(shown, available);
}

/** Takes the missing width from the column that has the most to spare, again and again. */
function shrink<Row>(shown: readonly TextColumn<Row>[], available: number): readonly TextColumn<Row>[] {
  const widths = shown.map(({ width }) => width);
  while (tableWidth(widths) > available) {
    const spare = widths.map((width, i) => width - leastWidth(shown[i] as TextColumn<Row>));
    const widest = spare.indexOf(Math.max(...spare));
    widths[widest] = (widths[widest] as number) - 1;
  }
  return shown.map((one, i) => ({ ...one, width: widths[i] as number }));
}

function leastWidth<Row>({ column: { heading, minWidth }, width }: TextColumn<Row>): number {
  return minWidth === undefined ? width : Math.min(width, Math.max(minWidth, heading.length));
}

function tableWidth(widths: readonly number[]): number {
  return widths.reduce((sum, width) => sum + width + GAP_COLUMNS, -GAP_COLUMNS);
}

function truncate(text: string, width: number): string {
  if (stringWidth(text) <= width) return text;
  let start = "";
  for (const { segment } of new Intl.Segmenter().segment(text)) {
    if (stringWidth(start + segment) >= width) break;
    start += segment;
  }
  // At the end of a word, if that keeps most of the text.
  const words = start.slice(0, start.lastIndexOf(" ") + 1);
  return (stringWidth(words) > width / 2 ? words : start).trimEnd() + ELLIPSIS;
}

function rowAsFields<Row>(all: readonly TextColumn<Row>[], at: number): string {
  return layOutLines(all.map(({ column, texts }) => [paint("bold", column.heading), texts[at] ?? ""]));
}

function noteOf<Row>(all: readonly TextColumn<Row>[], shown: readonly TextColumn<Row>[]): string {
  const names = all
    .map(({ column }) => column.heading)
    .filter((heading) => shown.every(({ column }) => column.heading !== heading));
  if (names.length === 0) return "";
  return `${paint("dim", `Not shown in this width: ${names.join(", ")}`)}\n`;
}

function layOutLines(rows: readonly (readonly string[])[]): string {
  const lines = layOut(
    rows.map((row) => [...row]),
    PLAIN,
  )
    .trimEnd()
    .split("\n");
  return lines.map((line) => `${line.trimEnd()}\n`).join("");
}
