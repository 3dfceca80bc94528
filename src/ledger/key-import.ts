/**
 * Importing keys issued before the gateway, from their SHA-256: a verdict per row, in the order of the rows.
 *
 * Guarantees that a key which the ledger has already keeps its id, so a repeated call changes nothing. It does not
 * check the rows' fields; the control plane has done so.
 */

import pMap from "p-map";
import { findKeyRecords } from "../keys/key-store.ts";
import { isRefusal, type Refusal } from "../refusals.ts";
import type { CallMetadata, IdempotencyStore } from "./idempotency-store.ts";
import type { KeyCreation } from "./key-creation.ts";
import type { KeyRow } from "./keys-schema.ts";
import { KV_CONCURRENCY, type LedgerContext } from "./ledger-context.ts";
import { type ImportDraft, type ImportedKey, type ImportVerdict, importedKey } from "./new-keys.ts";

export class KeyImport {
  readonly #context: LedgerContext;
  readonly #creation: KeyCreation;
  readonly #answers: IdempotencyStore;

  constructor(context: LedgerContext, creation: KeyCreation, answers: IdempotencyStore) {
    this.#context = context;
    this.#creation = creation;
    this.#answers = answers;
  }

  /** `callDigest`: of the whole call, of which `rows` may be a part. */
  import(
    account: string,
    rows: readonly ImportedKey[],
    caller: CallMetadata,
    callDigest: string,
  ): Promise<ImportVerdict[] | Refusal> {
    return this.#answers.once("import", [callDigest, rows], caller, async (save) => {
      const now = Date.now();
      const { peppers } = this.#context.settings;
      const drafts = await Promise.all(rows.map((row) => importedKey(account, row, now, peppers)));
      let known: ReadonlyMap<string, string>;
      try {
        known = await this.#knownToKv(drafts);
      } catch {
        return { reason: "store_unreachable" };
      }
      const verdicts = await pMap(drafts, (draft) => this.#importOne(draft, known, caller), {
        concurrency: KV_CONCURRENCY,
      });
      if (verdicts.every((verdict) => "id" in verdict)) save(verdicts, null);
      return verdicts;
    });
  }

  async #importOne(
    { row: draft, hashes }: ImportDraft,
    known: ReadonlyMap<string, string>,
    { actor }: CallMetadata,
  ): Promise<ImportVerdict> {
    const { keys, events } = this.#context;
    const existing = this.#existing(hashes);
    if (existing?.state === "issued") return { id: existing.id };
    // Abandoned and not yet cleaned up: its record must not be deleted under a new key.
    if (existing?.state === "abandoned") return { error: "store_unreachable" };
    const isOthers = (hash: string) => known.has(hash) && known.get(hash) !== existing?.id;
    if (hashes.some(isOthers)) return { error: "known_elsewhere" };

    // A failed attempt is continued: the same row makes the same record.
    const verdict = await this.#creation.issue(existing ?? draft, (key) => {
      events.add({ at: Date.now(), actor, action: "imported", keyId: key.id });
      return { id: key.id };
    });
    if (!isRefusal(verdict)) return verdict;
    const row = keys.byHash(draft.hash);
    return row?.state === "issued" ? { id: row.id } : { error: "store_unreachable" };
  }

  /** The ids in KV of the keys that this ledger has not issued: another account's, or a failed attempt of its own. */
  async #knownToKv(drafts: readonly ImportDraft[]): Promise<ReadonlyMap<string, string>> {
    const { kv, settings } = this.#context;
    const open = drafts.filter(({ hashes }) => this.#existing(hashes)?.state !== "issued");
    const hashes = open.flatMap((draft) => draft.hashes);
    return await findKeyRecords(kv, hashes, settings.ledgerTimeoutMs);
  }

  /** The same key under any of the peppers. */
  #existing(hashes: readonly string[]): KeyRow | undefined {
    return hashes.map((hash) => this.#context.keys.byHash(hash)).find((row) => row !== undefined);
  }
}
