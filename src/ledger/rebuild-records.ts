/**
 * KV can be lost and made again: every entry follows from its row. Revoked keys get theirs too, as before, so that
 * using one costs an isolate one look-up and not one each time.
 */
import { eachInLanes } from "../keys/each-in-lanes.ts";
import { writeKeyRecord } from "../keys/key-store.ts";
import type { Refusal } from "../refusals.ts";
import type { KeyPosition, KeysTable } from "./keys-table.ts";
import { recordOf } from "./new-keys.ts";

export interface RebuiltPage {
  readonly written: number;
  /** Where the next page begins; null: that was the last. */
  readonly next: KeyPosition | null;
}

/** Writes the entries of a page of keys, newest first. `limitMs`: for each write. */
export async function rebuildRecords(
  keys: KeysTable,
  kv: KVNamespace,
  limit: number,
  after: KeyPosition | null,
  limitMs: number,
): Promise<RebuiltPage | Refusal> {
  const rows = keys.page(limit, after, true);
  try {
    await eachInLanes(rows, (row) => writeKeyRecord(kv, row.hash, recordOf(row), limitMs));
  } catch {
    return { reason: "store_unreachable" };
  }
  const last = rows.at(-1);
  return {
    written: rows.length,
    next: last && rows.length === limit ? { createdAt: last.created_at, id: last.id } : null,
  };
}
