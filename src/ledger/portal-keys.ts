/**
 * The key page's list: a numbered page of keys, the number of keys that the filter selects, and what the page shows
 * beside a key. One call of the ledger, so that the page and its counts agree. Synchronous.
 */
import type { ApiKey } from "../keys/api-key.ts";
import type { ListFilter, Predecessor } from "./key-listing.ts";
import type { KeyRow } from "./keys-schema.ts";
import type { LedgerContext } from "./ledger-context.ts";

export interface PortalKeys {
  readonly keys: readonly ApiKey[];
  /** The position of the first of `keys` among all keys that the filter selects, from 0. */
  readonly start: number;
  readonly total: number;
  /** Whether the account has ever had a key. */
  readonly hasAny: boolean;
  readonly isAccountSuspended: boolean;
  /** Of `keys`: the ids of those that were found in public. */
  readonly exposedIds: readonly string[];
  /** The keys that `keys` replace. */
  readonly predecessors: readonly Predecessor[];
}

/** `page`: from 1; one past the end is the last. */
export function readPortalKeys(
  { listing, account, events }: LedgerContext,
  filter: ListFilter,
  size: number,
  page: number,
  now: number,
): Omit<PortalKeys, "keys"> & { readonly rows: readonly KeyRow[] } {
  const isAccountSuspended = account.isSuspended;
  const total = listing.count(filter, now, isAccountSuspended);
  const start = Math.max(0, Math.min(page, Math.ceil(total / size)) - 1) * size;
  const rows = listing.page(size, null, filter, now, isAccountSuspended, start);
  const ids = rows.map(({ id }) => id);
  return {
    rows,
    start,
    total,
    hasAny: listing.hasAny(),
    isAccountSuspended,
    exposedIds: events.keysWith("exposed", ids),
    predecessors: listing.predecessorsOf(ids),
  };
}
