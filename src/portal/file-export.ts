/**
 * Lists as files. CSV (RFC 4180) is for spreadsheets: a cell that one would take for a formula begins with an
 * apostrophe, since names and actors are chosen freely.
 */
import type { NewestItems } from "./perform.ts";
import type { PortalRequest } from "./portal-context.ts";
import { texts } from "./texts.ts";

/** Excel takes a file without it for another encoding. */
const BYTE_ORDER_MARK = "\ufeff";
/** Also after white space, and in the wide forms of East Asian input. */
const FORMULA = /^\s*[=+\-@\t\r＝＋－＠]/;

const CONTENT_TYPES = { csv: "text/csv; charset=utf-8", json: "application/json" };

export type Cell = string | number | null;

/** `isCut`: a last row says that there are more rows. */
export function csvOf(
  headings: readonly string[],
  rows: readonly (readonly Cell[])[],
  isCut = false,
): string {
  const note = headings.map((_, column) => (column === 0 ? texts.export.cut(rows.length) : null));
  const lines = [headings, ...rows, ...(isCut ? [note] : [])];
  return BYTE_ORDER_MARK + lines.map((row) => `${row.map(csvCell).join(",")}\r\n`).join("");
}

function csvCell(value: Cell): string {
  if (value === null) return "";
  if (typeof value === "number") return String(value);
  const text = FORMULA.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Answers with a file, whose name says whether it has only the newest items. */
export function download(
  c: PortalRequest,
  body: string,
  name: string,
  format: keyof typeof CONTENT_TYPES,
  { items, next_cursor }: NewestItems<unknown>,
): Response {
  const mark = next_cursor === null ? "" : `-newest-${items.length}`;
  return c.body(body, 200, {
    "Content-Type": CONTENT_TYPES[format],
    "Content-Disposition": `attachment; filename="${name}${mark}.${format}"`,
  });
}
