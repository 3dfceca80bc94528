// The first pass over the file of an import: counts its lines and finds keys that stand on several lines.
//
// Guarantees that two lines which import the same key differently both fail, however far apart they are and however
// their hash is written. Otherwise the order of the lines would decide what the key may do. Invalid rows are left to
// the gateway's validation.

import * as v from "valibot";
import { importRow, RowComparison } from "../../control/operations/import-rows.ts";
import { readImportFile } from "./import-file.ts";

export interface ImportScan {
  /** The number of lines that are not blank. */
  readonly lines: number;
  /** Line number → the error. */
  readonly conflicts: ReadonlyMap<number, string>;
  /** Lines that say the same as an earlier line. */
  readonly repeats: ReadonlySet<number>;
}

/** Rejects when the file cannot be read or is not UTF-8. */
export async function scanImportFile(path: string): Promise<ImportScan> {
  const comparison = new RowComparison();
  let lines = 0;
  for await (const entry of readImportFile(path)) {
    lines += 1;
    const row = "row" in entry ? v.safeParse(importRow, entry.row) : null;
    if (row?.success) comparison.add(entry.line, row.output);
  }
  const conflicts = [...comparison.conflicts()].map(
    ([line, { other, fields }]) =>
      [line, `imports the same key as line ${other}, with different ${fields}`] as const,
  );
  return { lines, conflicts: new Map(conflicts), repeats: comparison.repeats() };
}
