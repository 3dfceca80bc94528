/**
 * The rows of an import, checked one by one: fields, times, and keys that several rows import with different fields.
 * Pure.
 *
 * Guarantees that the order of rows decides nothing: rows that disagree about a key are all refused.
 */
import * as v from "valibot";
import { fromBase64, hex } from "../../keys/digests.ts";
import { unixMsOrNull } from "../../keys/timestamp.ts";
import { isRefusal, type Refusal } from "../../refusals.ts";
import { check } from "../check-input.ts";
import { newKeyFields, time } from "../control-input.ts";

const SHA256_MESSAGE = "must be the SHA-256 of the key, as hex or base64";

export const importRow = v.strictObject({
  sha256: v.pipe(
    v.string(SHA256_MESSAGE),
    v.regex(/^(?:[0-9a-fA-F]{64}|[A-Za-z0-9+/_-]{43}=?)$/, SHA256_MESSAGE),
    v.transform(hexDigits),
    v.description("SHA-256 of the key, as hex or base64"),
  ),
  name: newKeyFields.name,
  mode: newKeyFields.mode,
  permissions: newKeyFields.permissions,
  created_at: v.optional(v.nullable(time), null),
  expires_at: newKeyFields.expires_at,
});

export type ImportRow = v.InferInput<typeof importRow>;
export type CheckedRow = v.InferOutput<typeof importRow>;

/** Each row as its schema makes it, or why it is refused, in the order of the rows. */
export function checkRows(input: readonly unknown[], now: number): readonly (CheckedRow | Refusal)[] {
  const rows = input.map((row) => {
    const checked = check(importRow, row, "row");
    return isRefusal(checked) ? checked : (refuseTimes(checked, now) ?? checked);
  });
  const comparison = new RowComparison();
  for (const [at, row] of rows.entries()) if (!isRefusal(row)) comparison.add(at, row);
  const conflicts = comparison.conflicts();
  return rows.map((row, at) => {
    const conflict = conflicts.get(at);
    if (conflict === undefined) return row;
    const problem = `must not be the key of row ${conflict.other} with different ${conflict.fields}`;
    return { reason: "invalid_input", details: { sha256: problem } };
  });
}

const FIELDS = ["name", "mode", "permissions", "created_at", "expires_at"] as const;

/** A row and its fields as canonical JSON. */
interface ComparedRow {
  readonly at: number;
  readonly fields: string;
}

/** Finds rows that import the same key, with equal or with different fields. `at`: the number of a row. */
export class RowComparison {
  readonly #rowsByKey = new Map<string, ComparedRow[]>();

  add(at: number, row: CheckedRow): void {
    const compared = { at, fields: canonicalFields(row) };
    const known = this.#rowsByKey.get(row.sha256);
    if (known === undefined) this.#rowsByKey.set(row.sha256, [compared]);
    else known.push(compared);
  }

  /** For each row whose key another row imports with different fields: the first such row, and the fields' names. */
  conflicts(): ReadonlyMap<number, { readonly other: number; readonly fields: string }> {
    const conflicts = new Map<number, { other: number; fields: string }>();
    for (const rows of this.#rowsByKey.values()) {
      for (const { at, fields } of rows) {
        const other = rows.find((row) => row.fields !== fields);
        if (other === undefined) break;
        conflicts.set(at, { other: other.at, fields: differences(fields, other.fields) });
      }
    }
    return conflicts;
  }

  /** Rows that are equal to an earlier row of a key without conflicts. */
  repeats(): ReadonlySet<number> {
    const groups = [...this.#rowsByKey.values()].filter(
      ([first, ...others]) => first && others.every(({ fields }) => fields === first.fields),
    );
    return new Set(groups.flatMap(([, ...others]) => others.map(({ at }) => at)));
  }
}

/** The order of permissions is irrelevant. */
function canonicalFields(row: CheckedRow): string {
  return JSON.stringify(
    FIELDS.map((field) => (field === "permissions" ? row.permissions.toSorted() : row[field])),
  );
}

function differences(fields: string, other: string): string {
  const [a, b] = [fields, other].map((json) => JSON.parse(json) as unknown[]) as [unknown[], unknown[]];
  return FIELDS.filter((_, i) => JSON.stringify(a[i]) !== JSON.stringify(b[i])).join(", ");
}

/** A key that ends before it begins, or was created in the future, would have successors that never work. */
function refuseTimes({ created_at, expires_at }: CheckedRow, now: number): Refusal | null {
  const createdAt = unixMsOrNull(created_at) ?? now;
  const expiresAt = unixMsOrNull(expires_at);
  const details = {
    ...(createdAt > now && { created_at: "must not be in the future" }),
    ...(createdAt < 0 && { created_at: "must be in 1970 or later" }),
    ...(expiresAt !== null && expiresAt <= createdAt && { expires_at: "must be after created_at" }),
  };
  return Object.keys(details).length > 0 ? { reason: "invalid_input", details } : null;
}

function hexDigits(sha256: string): string {
  if (sha256.length === 64) return sha256.toLowerCase();
  return hex(fromBase64(sha256));
}
