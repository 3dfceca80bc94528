/**
 * The state of the account as a whole, except its tier: policy, location and suspension.
 *
 * One row of the table of metadata, read every time. It decides nothing. Times are Unix milliseconds. Synchronous.
 */
import type { Policy } from "../keys/account.ts";
import type { LedgerLocation } from "../ledger-locations.ts";
import type { MetadataTable } from "./metadata-table.ts";

const STATE = "account_state";

export interface AccountRow {
  /** null: that of the settings. */
  readonly location: LedgerLocation | null;
  readonly policy: Policy;
  /** null: not suspended. */
  readonly suspended_at: number | null;
  readonly suspension_effective_at: number | null;
  /** The end of the last suspension; null while the account is suspended. */
  readonly resumed_at: number | null;
  /** The last change that restricted all keys; null when a change has widened what they may do since. */
  readonly restricted_at: number | null;
  readonly restriction_effective_at: number | null;
}

const NO_POLICY: Policy = {
  max_lifetime_days: null,
  max_active_keys: null,
  require_permissions: false,
  allowed_ips: [],
  account_limits: null,
};

const NEW_ACCOUNT: AccountRow = {
  location: null,
  policy: NO_POLICY,
  suspended_at: null,
  suspension_effective_at: null,
  resumed_at: null,
  restricted_at: null,
  restriction_effective_at: null,
};

export class AccountState {
  readonly #metadata: MetadataTable;

  constructor(metadata: MetadataTable) {
    this.#metadata = metadata;
  }

  get row(): AccountRow {
    return (this.#metadata.get(STATE) as AccountRow | undefined) ?? NEW_ACCOUNT;
  }

  get isSuspended(): boolean {
    return this.row.suspended_at !== null;
  }

  change(changes: Partial<AccountRow>): void {
    this.#metadata.set(STATE, { ...this.row, ...changes });
  }
}
