/**
 * The three steps in which every key is issued: the ledger's row, then the KV record, then the row becomes `issued` in
 * one transaction with its event and the answer to keep.
 *
 * Guarantees that a failure in between issues nothing, and that an alarm removes its leftovers. It holds no rule
 * about which keys may be created.
 */

import { deleteKeyRecord, findKeyRecords, writeKeyRecord } from "../keys/key-store.ts";
import type { Refusal } from "../refusals.ts";
import type { KeyRow, NewKeyRow } from "./keys-schema.ts";
import type { LedgerContext } from "./ledger-context.ts";
import { recordOf } from "./new-keys.ts";

/** A creation that takes longer is abandoned; far longer than KV may take. */
const ABANDONED_AFTER_MS = 180_000;

export class KeyCreation {
  readonly #context: LedgerContext;

  constructor(context: LedgerContext) {
    this.#context = context;
  }

  /**
   * Adds the row at once: a revocation of all keys that comes later finds the creation and abandons it. `activate` runs
   * in the transaction that issues the key, and its result is the answer.
   */
  async issue<Answer>(row: NewKeyRow, activate: (key: KeyRow) => Answer): Promise<Answer | Refusal> {
    const { storage, kv, settings, keys, scheduleAlarm } = this.#context;
    if (!keys.byHash(row.hash)) keys.add(row);
    await scheduleAlarm(Date.now() + ABANDONED_AFTER_MS);
    try {
      await writeKeyRecord(kv, row.hash, recordOf(row), settings.ledgerTimeoutMs);
    } catch {
      return { reason: "store_unreachable" };
    }
    return storage.transactionSync(() => {
      const key = keys.issue(row.id);
      return key ? activate(key) : { reason: "store_unreachable" };
    });
  }

  /** Removes abandoned creations, row and record; what fails is left to the next alarm. */
  async cleanUp(now: number): Promise<void> {
    const { kv, settings, keys, scheduleAlarm } = this.#context;
    const limitMs = settings.ledgerTimeoutMs;
    try {
      keys.abandonOverdue(now - ABANDONED_AFTER_MS);
      for (const { id, hash } of keys.abandoned()) {
        // Another account may have imported the same key meanwhile: its record stays.
        const owner = (await findKeyRecords(kv, [hash], limitMs)).get(hash);
        if (owner === undefined || owner === id) await deleteKeyRecord(kv, hash, limitMs);
        keys.removeAbandoned(id);
      }
    } finally {
      if (keys.hasUnissued()) await scheduleAlarm(Date.now() + ABANDONED_AFTER_MS);
    }
  }
}
