// The first pass over the file of an import: counts its lines and finds keys that stand on several lines.
//
// Guarantees that two lines which import the same key differently both fail, however far apart they are and however
// their hash is written. Otherwise the order of the lines would decide what the key may do. Invalid rows are left to
// the gateway's validation.

import * as v from "valibot";
import { importRow } from "../../control/operations/import-rows.ts";
import { readImportFile } from "./import-file.ts";

export interface ImportScan {
  /** The number of lines that are not blank. */
  readonly lines: number;
  /** Line number → the error. */
  readonly conflicts: ReadonlyMap<number, string>;
  /** Lines that say the same as an earlier line. */
  readonly repeats: ReadonlySet<number>;
}

type ImportedKey = v.InferOutput<typeof importRow>;
/** Every line of one key, with the row as it is stored. */
type KeyLines = [line: number, row: string][];

const FIELDS = ["name", "mode", "permissions", "created_at", "expires_at"] as const;

/** Rejects when the file cannot be read or is not UTF-8. */
export async function scanImportFile(path: string): Promise<ImportScan> {
  const linesByKey = new Map<string, KeyLines>();
  let lines = 0;
  for await (const entry of readImportFile(path)) {
    lines += 1;
    const row = "row" in entry ? v.safeParse(importRow, entry.row) : null;
    if (!row?.success) continue;
    const known = linesByKey.get(row.output.sha256);
    const place: KeyLines[number] = [entry.line, canonical(row.output)];
    if (known === undefined) linesByKey.set(row.output.sha256, [place]);
    else known.push(place);
  }
  const conflicts = new Map<number, string>();
  const repeats = new Set<number>();
  for (const places of linesByKey.values()) {
    const [[, first]] = places as [KeyLines[number]];
    if (places.every(([, row]) => row === first)) {
      for (const [line] of places.slice(1)) repeats.add(line);
      continue;
    }
    for (const [line, row] of places) {
      const [otherLine, otherRow] = places.find(([, other]) => other !== row) as KeyLines[number];
      conflicts.set(
        line,
        `imports the same key as line ${otherLine}, with different ${differences(row, otherRow)}`,
      );
    }
  }
  return { lines, conflicts, repeats };
}

/** Rows that import the same key with the same rights are equal: the order of permissions is irrelevant. */
function canonical(row: ImportedKey): string {
  return JSON.stringify(
    FIELDS.map((field) => (field === "permissions" ? row.permissions.toSorted() : row[field])),
  );
}

function differences(row: string, other: string): string {
  const [a, b] = [row, other].map((json) => JSON.parse(json) as unknown[]) as [unknown[], unknown[]];
  return FIELDS.filter((_, i) => JSON.stringify(a[i]) !== JSON.stringify(b[i])).join(", ");
}
