// Tables and field lists, without borders, so that they can be searched and copied. Pure.

import { getBorderCharacters, table as layOut } from "table";
import { printable } from "./text-format.ts";

const GAP_COLUMNS = 2;

const PLAIN = {
  border: getBorderCharacters("void"),
  columnDefault: { paddingLeft: 0, paddingRight: GAP_COLUMNS },
  drawHorizontalLine: () => false,
};

/**
 * One line per row. In a terminal too narrow for that, one line per cell: a wrapped table cannot be read.
 * `terminalColumns`: undefined when the output is not a terminal.
 */
export function table(
  headings: readonly string[],
  rows: readonly (readonly string[])[],
  terminalColumns?: number,
): string {
  const lines = linesOf([headings, ...rows]);
  // Headings are ASCII, so the length of their padded line is the width of the table.
  const width = (lines[0]?.length ?? 0) - GAP_COLUMNS;
  if (terminalColumns === undefined || width <= terminalColumns || rows.length === 0) return joined(lines);
  return rows.map((row) => joined(linesOf(headings.map((heading, i) => [heading, row[i] ?? ""])))).join("\n");
}

/** One line per field. */
export function fields(values: Readonly<Record<string, string>>): string {
  return joined(linesOf(Object.entries(values)));
}

function linesOf(rows: readonly (readonly string[])[]): string[] {
  const cells = rows.map((row) => row.map(printable));
  return layOut(cells, PLAIN).trimEnd().split("\n");
}

function joined(lines: readonly string[]): string {
  return lines.map((line) => `${line.trimEnd()}\n`).join("");
}
