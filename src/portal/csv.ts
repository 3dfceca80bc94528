/**
 * Text as CSV (RFC 4180), for spreadsheets. A cell that a spreadsheet would take for a formula begins with an
 * apostrophe, since names and actors are chosen freely.
 */
import type { PortalRequest } from "./portal-context.ts";

/** Excel takes a file without it for another encoding. */
const BYTE_ORDER_MARK = "\ufeff";
/** Also after white space, and in the wide forms of East Asian input. */
const FORMULA = /^\s*[=+\-@\t\r＝＋－＠]/;

export type Cell = string | number | null;

export function csvOf(headings: readonly string[], rows: readonly (readonly Cell[])[]): string {
  return BYTE_ORDER_MARK + [headings, ...rows].map((row) => `${row.map(csvCell).join(",")}\r\n`).join("");
}

function csvCell(value: Cell): string {
  if (value === null) return "";
  if (typeof value === "number") return String(value);
  const text = FORMULA.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

export function download(c: PortalRequest, body: string, fileName: string, type: string): Response {
  return c.body(body, 200, {
    "Content-Type": type,
    "Content-Disposition": `attachment; filename="${fileName}"`,
  });
}
