// Text for people: columns that line up, times one can read. Pure.
//
// Guarantees that nothing a name or a reason contains can move the cursor, colour the terminal or
// reverse the text around it.

const GAP = "  ";

/** Control, line-breaking and direction-changing characters. */
const UNPRINTABLE = /[\p{Cc}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

export function printable(text: string): string {
  return text.replace(UNPRINTABLE, (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`);
}

/** The last column is not padded: it is the place for text of any length and width. */
export function table(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [headings, ...rows.map((row) => row.map(printable))];
  const widths = headings.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  const last = headings.length - 1;
  return lines
    .map((line) => line.map((cell, i) => (i === last ? cell : cell.padEnd(widths[i] ?? 0))).join(GAP))
    .map((line) => `${line.trimEnd()}\n`)
    .join("");
}

/** One line per field. */
export function fields(values: Readonly<Record<string, string>>): string {
  const width = Math.max(...Object.keys(values).map((name) => name.length));
  return Object.entries(values)
    .map(([name, value]) => `${name.padEnd(width)}${GAP}${printable(value)}\n`)
    .join("");
}

/** `2026-11-24 03:48:12`; always UTC, which the heading says. */
export function timeInTable(iso: string | null, none: string): string {
  return iso === null ? none : `${iso.slice(0, 10)} ${iso.slice(11, 19)}`;
}

export function readableTime(iso: string | null, none: string): string {
  return iso === null ? none : `${timeInTable(iso, none)} UTC`;
}

/** `0.8 s`, `0 s`. */
export function readableMs(ms: number): string {
  return `${Number((ms / 1000).toFixed(1))} s`;
}

/** `1,000 lines`, `1 line`. */
export function count(number: number, singular: string, plural = `${singular}s`): string {
  return `${number.toLocaleString("en-US")} ${number === 1 ? singular : plural}`;
}
