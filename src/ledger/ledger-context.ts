/** The storage, tables and settings that the parts of one ledger share. */

import type { Settings } from "../settings.ts";
import type { EventsTable } from "./events-table.ts";
import type { KeysTable } from "./keys-table.ts";

export interface LedgerContext {
  readonly storage: DurableObjectStorage;
  readonly kv: KVNamespace;
  readonly settings: Settings;
  readonly keys: KeysTable;
  readonly events: EventsTable;
  /** Sets the ledger's one alarm to `at` (Unix milliseconds), unless it is due sooner. */
  readonly scheduleAlarm: (at: number) => Promise<void>;
}

/** Connections that the platform lets one invocation have open; further calls would wait unseen. */
export const KV_CONCURRENCY = 6;
