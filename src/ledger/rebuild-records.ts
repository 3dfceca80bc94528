/**
 * Writing KV records again from the ledger, which has all that they contain, so that a lost namespace can be rebuilt.
 * Revoked keys have records too: an isolate then looks up a revoked key once, and not with each request.
 */
import pMap from "p-map";
import { writeKeyRecord } from "../keys/key-store.ts";
import { isUnavailable } from "../keys/store-error.ts";
import type { Refusal } from "../refusals.ts";
import type { CallMetadata } from "./idempotency-store.ts";
import type { KeyPosition } from "./key-listing.ts";
import { CALLS_CONCURRENCY, type LedgerContext } from "./ledger-context.ts";
import { recordOf } from "./new-keys.ts";

export interface RebuiltPage {
  readonly written: number;
  /** Where the next page begins; null: that was the last. */
  readonly next: KeyPosition | null;
}

/** Writes the records of a page of keys, newest first, and one event. `not_found`: the account never had a key. */
export async function rebuildRecords(
  { kv, listing, events, settings }: LedgerContext,
  limit: number,
  after: KeyPosition | null,
  { actor }: CallMetadata,
): Promise<RebuiltPage | Refusal> {
  if (!listing.hasAny()) return { reason: "not_found" };
  const rows = listing.page(limit, after, { includeRevoked: true }, Date.now(), false);
  try {
    await pMap(rows, (row) => writeKeyRecord(kv, row.hash, recordOf(row), settings.ledgerTimeoutMs), {
      concurrency: CALLS_CONCURRENCY,
    });
  } catch (error) {
    if (!isUnavailable(error)) throw error;
    return { reason: "store_unreachable" };
  }
  const details = { written: rows.length };
  events.add({ at: Date.now(), actor, action: "kv_rebuilt", keyId: null, details });
  const last = rows.at(-1);
  return {
    written: rows.length,
    next: last && rows.length === limit ? { createdAt: last.created_at, id: last.id } : null,
  };
}
