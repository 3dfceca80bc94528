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
  const conflicts = conflictsBetween(rows);
  return rows.map((row, at) => {
    const problem = conflicts.get(at);
    return problem === undefined ? row : { reason: "invalid_input", details: { sha256: problem } };
  });
}

const FIELDS = ["name", "mode", "permissions", "created_at", "expires_at"] as const;

interface Place {
  readonly at: number;
  /** The canonical text of each of FIELDS, and of all together. */
  readonly fields: readonly string[];
  readonly all: string;
}

/** The problem of each row whose key another row imports with different fields. */
function conflictsBetween(rows: readonly (CheckedRow | Refusal)[]): ReadonlyMap<number, string> {
  const places = new Map<string, Place[]>();
  for (const [at, row] of rows.entries()) {
    if (isRefusal(row)) continue;
    const fields = FIELDS.map((field) => canonical(row[field]));
    const place = { at, fields, all: fields.join() };
    const known = places.get(row.sha256);
    if (known === undefined) places.set(row.sha256, [place]);
    else known.push(place);
  }
  const conflicts = new Map<number, string>();
  for (const ofKey of places.values()) {
    for (const { at, fields, all } of ofKey) {
      const other = ofKey.find((place) => place.all !== all);
      if (other === undefined) break;
      const different = FIELDS.filter((_, i) => fields[i] !== other.fields[i]).join(", ");
      conflicts.set(at, `must not be the key of row ${other.at} with different ${different}`);
    }
  }
  return conflicts;
}

/** The order of permissions is irrelevant. */
function canonical(value: CheckedRow[(typeof FIELDS)[number]]): string {
  return JSON.stringify(Array.isArray(value) ? value.toSorted() : value);
}

/** A key that ends before it begins, or was created in the future, would have successors that are expired from the start. */
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
