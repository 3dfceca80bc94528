/**
 * The storage, tables and settings that the parts of one ledger share, and the one way in which it restricts keys.
 *
 * Guarantees that a restriction resolves when it is durable and no lease on older terms is in use, provided that
 * `waitMs` comes from `LeaseIssuer`.
 */

import type { Settings } from "../settings.ts";
import type { AccountState } from "./account-state.ts";
import type { EventsTable } from "./events-table.ts";
import type { ImportClaims } from "./import-claims.ts";
import type { KeyListing } from "./key-listing.ts";
import type { KeysTable } from "./keys-table.ts";

export interface LedgerContext {
  readonly storage: DurableObjectStorage;
  readonly kv: KVNamespace;
  readonly settings: Settings;
  readonly keys: KeysTable;
  readonly listing: KeyListing;
  readonly account: AccountState;
  readonly events: EventsTable;
  readonly claims: ImportClaims;
  /** Sets the ledger's one alarm to `at` (Unix milliseconds), unless it is due sooner. */
  readonly scheduleAlarm: (at: number) => Promise<void>;
}

/** The connections that one invocation may have open; the platform queues further calls, and their time limits run. */
export const CALLS_CONCURRENCY = 6;

/** A timer may fire up to a millisecond early. */
const TIMER_GRAIN_MS = 1;

/**
 * Resolves when what was written is durable and `waitMs` have passed. The wait is one duration that starts now, so a
 * clock step during it neither shortens nor lengthens it.
 */
export async function takeEffect({ storage }: LedgerContext, waitMs: number): Promise<void> {
  const waited = waitMs > 0 ? scheduler.wait(waitMs + TIMER_GRAIN_MS) : null;
  await storage.sync();
  await waited;
}

/**
 * Restricts one key or all of them: `write` makes the change with its event, in one transaction. Later leases are
 * granted on the new terms only. Resolves after `waitMs`, when no lease on older terms is in use.
 */
export async function restrict<Result>(
  context: LedgerContext,
  waitMs: number,
  write: () => Result,
): Promise<Result> {
  const result = context.storage.transactionSync(write);
  await takeEffect(context, waitMs);
  return result;
}
