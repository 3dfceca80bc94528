/**
 * Claims on imported keys: a key belongs to one account, also when two accounts import it at the same time or before KV
 * has spread its record.
 *
 * Guarantees that of two ledgers one has the claim: all claims are rows of one object of the class `KeyLedger`, which
 * decides on one call at a time. A ledger claims the keys of a call before it writes KV, and releases a claim only when
 * its own attempt is removed; the claim of an issued key stays. Only imports use it, with one call for up to 250 rows,
 * so one object serves all accounts. It does not know the keys that the gateway has minted: those are found in KV, and
 * one that KV does not have yet can be imported into another account. That opens nothing: the key names its own ledger.
 */

import type { Env } from "../env.ts";
import { accountLocator } from "../keys/locator.ts";
import { isUnavailable } from "../keys/store-error.ts";
import { callLedger } from "../leases/call-ledger.ts";

/** No locator: it has a space. */
export const CLAIMS_OBJECT = "import claims";

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS claims (
    hash TEXT PRIMARY KEY,
    account TEXT NOT NULL,
    key_id TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS claims_by_key ON claims (key_id);
`;

export interface ClaimedKey {
  /** The key's id in the account's ledger. */
  readonly id: string;
  /** One for each pepper. */
  readonly hashes: readonly string[];
}

/** The table of claims, in the object that has them. Synchronous. */
export class ClaimsTable {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
    sql.exec(SCHEMA);
  }

  /** Whether the account has the key from now on: false when another account has it under any hash. */
  claim(account: string, { id, hashes }: ClaimedKey): boolean {
    if (hashes.some((hash) => (this.#owner(hash) ?? account) !== account)) return false;
    for (const hash of hashes) {
      this.#sql.exec(
        "INSERT OR REPLACE INTO claims (hash, account, key_id) VALUES (?, ?, ?)",
        hash,
        account,
        id,
      );
    }
    return true;
  }

  release(account: string, keyId: string): void {
    this.#sql.exec("DELETE FROM claims WHERE key_id = ? AND account = ?", keyId, account);
  }

  #owner(hash: string): string | undefined {
    return this.#sql.exec<{ account: string }>("SELECT account FROM claims WHERE hash = ?", hash).toArray()[0]
      ?.account;
  }
}

/** The methods of a ledger that other ledgers call. */
interface OtherLedger {
  claimKeys(account: string, keys: readonly ClaimedKey[]): Promise<boolean[]>;
  releaseKeys(account: string, keyIds: readonly string[]): Promise<{ readonly ok: true }>;
  hasKey(keyId: string): Promise<boolean>;
}

/** Calls from one ledger to the claims and to other ledgers. null: the other one is unavailable. */
export class ImportClaims {
  readonly #ledgers: Env["KEY_LEDGER"];
  readonly #limitMs: number;

  constructor(ledgers: Env["KEY_LEDGER"], limitMs: number) {
    this.#ledgers = ledgers;
    this.#limitMs = limitMs;
  }

  /** Claims the keys; returns for each whether the account has it. */
  claim(account: string, keys: readonly ClaimedKey[]): Promise<boolean[] | null> {
    return this.#call(CLAIMS_OBJECT, (claims) => claims.claimKeys(account, keys));
  }

  release(account: string, keyIds: readonly string[]): Promise<object | null> {
    return this.#call(CLAIMS_OBJECT, (claims) => claims.releaseKeys(account, keyIds));
  }

  /** Whether the account's ledger has the key, issued or not. */
  async hasKey(account: string, keyId: string): Promise<boolean | null> {
    return await this.#call(await accountLocator(account), (ledger) => ledger.hasKey(keyId));
  }

  async #call<Answer>(name: string, call: (ledger: OtherLedger) => Promise<Answer>): Promise<Answer | null> {
    try {
      return await callLedger(this.#ledgers, name, { limitMs: this.#limitMs, repeatable: true }, call);
    } catch (error) {
      if (!isUnavailable(error)) throw error;
      return null;
    }
  }
}
