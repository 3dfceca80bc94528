/**
 * The three steps in which every key is issued: the ledger's row, then the KV record, then the row becomes `issued` in
 * one transaction with its event and the answer to keep.
 *
 * Guarantees that a failure in between issues nothing, and that an alarm removes what it leaves. It does not decide
 * which keys may be created.
 */

import pMap from "p-map";
import { deleteKeyRecord, readKeyRecords, writeKeyRecord } from "../keys/key-store.ts";
import { isUnavailable } from "../keys/store-error.ts";
import type { Refusal } from "../refusals.ts";
import type { KeyRow, NewKeyRow } from "./keys-schema.ts";
import { CALLS_CONCURRENCY, type LedgerContext } from "./ledger-context.ts";
import { recordOf } from "./new-keys.ts";

/** A creation that takes longer is abandoned; KV has a far shorter time limit. */
const ABANDONED_AFTER_MS = 180_000;

/** Per alarm: an invocation may make a thousand KV operations. */
const CLEAN_UP_MAX_ROWS = 250;

export class KeyCreation {
  readonly #context: LedgerContext;

  constructor(context: LedgerContext) {
    this.#context = context;
  }

  /**
   * Adds the row before the first wait, unless it exists, so that a later revocation of all keys finds the creation and
   * abandons it. `activate` runs in the transaction that issues the key; its result is the answer.
   */
  async issue<Answer>(row: NewKeyRow, activate: (key: KeyRow) => Answer): Promise<Answer | Refusal> {
    const { storage, kv, settings, keys } = this.#context;
    if (!keys.has(row.id)) keys.add(row);
    await this.scheduleCleanUp();
    try {
      await writeKeyRecord(kv, row.hash, recordOf(row), settings.ledgerTimeoutMs);
    } catch (error) {
      if (!isUnavailable(error)) throw error;
      return { reason: "store_unreachable" };
    }
    return storage.transactionSync(() => {
      const key = keys.issue(row.id);
      return key ? activate(key) : { reason: "store_unreachable" };
    });
  }

  /** To be called before the first step that can fail. */
  scheduleCleanUp(): Promise<void> {
    return this.#context.scheduleAlarm(Date.now() + ABANDONED_AFTER_MS);
  }

  /** Removes the rows and records of abandoned creations; those in an unavailable store are left to the next alarm. */
  async cleanUp(now: number): Promise<void> {
    const { keys, scheduleAlarm } = this.#context;
    keys.abandonOverdue(now - ABANDONED_AFTER_MS);
    const rows = keys.abandoned(CLEAN_UP_MAX_ROWS);
    const isComplete = rows.length === 0 || (await this.#remove(rows));
    if (isComplete && rows.length === CLEAN_UP_MAX_ROWS) await scheduleAlarm(Date.now());
    else if (keys.hasUnissued()) await this.scheduleCleanUp();
  }

  /** Returns false when a store was unavailable: all rows stay. */
  async #remove(rows: readonly KeyRow[]): Promise<boolean> {
    const { kv, settings, keys } = this.#context;
    const limitMs = settings.ledgerTimeoutMs;
    const claimed = await this.#claimAgain(rows.filter((row) => row.is_imported === 1));
    if (claimed === null) return false;
    try {
      const mayHaveRecord = [...claimed, ...rows.filter((row) => row.is_imported === 0)];
      const records = await readKeyRecords(
        kv,
        mayHaveRecord.map(({ hash }) => hash),
        limitMs,
      );
      const remove = async ({ id, hash }: KeyRow) => {
        const record = records.get(hash);
        // A write that came late may still be on its way, so a missing record is deleted as well.
        const isOwn = record === undefined || (record !== "corrupt" && record.id === id);
        if (isOwn) await deleteKeyRecord(kv, hash, limitMs);
      };
      await pMap(mayHaveRecord, remove, { concurrency: CALLS_CONCURRENCY });
    } catch (error) {
      if (!isUnavailable(error)) throw error;
      return false;
    }
    if (!(await this.#release(claimed))) return false;
    for (const { id } of rows) keys.removeAbandoned(id);
    return true;
  }

  /**
   * The rows that the account claims successfully; another account may have claimed the others and written their
   * records.
   */
  async #claimAgain(rows: readonly KeyRow[]): Promise<KeyRow[] | null> {
    const [first] = rows;
    if (!first) return [];
    const keys = rows.map(({ id, hash }) => ({ id, hashes: [hash] }));
    const isClaimed = await this.#context.claims.claim(first.account, keys);
    return isClaimed && rows.filter((_, i) => isClaimed[i]);
  }

  async #release(rows: readonly KeyRow[]): Promise<boolean> {
    const [first] = rows;
    if (!first) return true;
    const ids = rows.map(({ id }) => id);
    return (await this.#context.claims.release(first.account, ids)) !== null;
  }
}
