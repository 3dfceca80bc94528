/**
 * Issuing keys: made, rotated or imported, always in the same three steps. The ledger's row first, then the
 * KV entry, then the key comes to life, in one transaction with its event and the answer to be kept.
 *
 * Guarantees that a failure in between leaves no half-made key: nothing was issued, and what lies around
 * is removed by alarm. A call with an `Idempotency-Key` is carried out once.
 */

import type { IssuedKey, RotatedKey } from "../keys/api-key.ts";
import { eachInLanes } from "../keys/each-in-lanes.ts";
import { deleteKeyRecord, findKeyRecords, writeKeyRecord } from "../keys/key-store.ts";
import type { Refusal } from "../refusals.ts";
import type { Settings } from "../settings.ts";
import { scheduleAlarm } from "./alarm.ts";
import { isoTime, toApiKey } from "./api-key-view.ts";
import type { CallMetadata } from "./call-metadata.ts";
import type { EventsTable } from "./events-table.ts";
import { IdempotencyStore } from "./idempotency-store.ts";
import { EXPIRES_IN_THE_PAST, hasPassed, reasonNotToRotate } from "./issue-rules.ts";
import type { KeyRow, KeysTable, NewKeyRow } from "./keys-table.ts";
import type { EffectiveAt } from "./lease-book.ts";
import {
  type ImportedKey,
  type ImportVerdict,
  importedKey,
  mintedKey,
  type NewKey,
  recordOf,
  successorOf,
} from "./new-keys.ts";

/** How long a creation may be under way before it is given up; far longer than KV may take. */
const ABANDONED_AFTER_MS = 180_000;

/** Keeps the answer, once it is true; does nothing for a call without an `Idempotency-Key`. */
type Keep = (answer: object, sealedSecret: ArrayBuffer | null) => void;

type ImportDraft = Awaited<ReturnType<typeof importedKey>>;

export class KeyIssuing {
  readonly #storage: DurableObjectStorage;
  readonly #kv: KVNamespace;
  readonly #settings: Settings;
  readonly #keys: KeysTable;
  readonly #events: EventsTable;
  readonly #answers: IdempotencyStore;
  readonly #underWay = new Set<string>();

  constructor(
    storage: DurableObjectStorage,
    kv: KVNamespace,
    settings: Settings,
    keys: KeysTable,
    events: EventsTable,
  ) {
    this.#storage = storage;
    this.#kv = kv;
    this.#settings = settings;
    this.#keys = keys;
    this.#events = events;
    this.#answers = new IdempotencyStore(storage.sql, settings.peppers);
  }

  create(account: string, input: NewKey, caller: CallMetadata): Promise<IssuedKey | Refusal> {
    return this.#once("create", input, caller, async (keep) => {
      const now = Date.now();
      // Asked here, so that a retry which comes after the key has expired still gets its answer.
      if (hasPassed(input.expires_at, now)) return EXPIRES_IN_THE_PAST;
      const { row, secret } = await mintedKey(account, input, now, this.#settings.peppers[0]);
      const sealed = await this.#answers.seal(secret);
      const issued = await this.#issue(row, (key) => {
        this.#events.add({ at: now, actor: caller.actor, action: "created", keyId: key.id });
        const answer = toApiKey(key, now);
        keep(answer, sealed);
        return { ...answer, secret };
      });
      return issued ?? { reason: "store_unreachable" };
    });
  }

  /** `endOfOld`: the end of the old key, asked at the moment the successor comes to life. */
  rotate(
    oldId: string,
    overlapMs: number,
    caller: CallMetadata,
    endOfOld: (now: number) => EffectiveAt,
  ): Promise<RotatedKey | Refusal> {
    return this.#once(`rotate ${oldId}`, { overlapMs }, caller, async (keep) => {
      const old = this.#keys.issued(oldId);
      if (!old) return { reason: "not_found" };
      const refusal = reasonNotToRotate(old, Date.now());
      if (refusal) return refusal;

      const { row, secret } = await successorOf(old, Date.now(), this.#settings.peppers[0]);
      const sealed = await this.#answers.seal(secret);
      const issued = await this.#issue(row, (key) => {
        const now = Date.now();
        // Revoked meanwhile: whoever did that wants no successor.
        const late = reasonNotToRotate(this.#keys.issued(oldId) ?? old, now);
        if (late) {
          this.#keys.undoIssue(key.id);
          return late;
        }
        const replaces = this.#endOld(oldId, overlapMs, now, endOfOld(now), caller.actor);
        this.#events.add({
          at: now,
          actor: caller.actor,
          action: "created",
          keyId: key.id,
          details: { replaces: oldId },
        });
        const answer = { ...toApiKey(key, now), replaces: toApiKey(replaces, now) };
        keep(answer, sealed);
        return { ...answer, secret };
      });
      return issued ?? { reason: "store_unreachable" };
    });
  }

  /** A verdict per row, in order. A key that is known already keeps its id, so a repeated call changes nothing. */
  import(
    account: string,
    rows: readonly ImportedKey[],
    caller: CallMetadata,
  ): Promise<ImportVerdict[] | Refusal> {
    return this.#once("import", rows, caller, async (keep) => {
      const now = Date.now();
      const drafts = await Promise.all(
        rows.map((row) => importedKey(account, row, now, this.#settings.peppers)),
      );
      let known: ReadonlyMap<string, string>;
      try {
        known = await this.#knownToKv(drafts);
      } catch {
        return { reason: "store_unreachable" };
      }
      const verdicts = await eachInLanes(drafts, (draft) => this.#importOne(draft, known, caller));
      if (verdicts.every((verdict) => "id" in verdict)) keep(verdicts, null);
      return verdicts;
    });
  }

  /** Run by alarm: undoes creations that never ended and forgets old answers, then sets the next alarm if one is due. */
  async cleanUp(): Promise<void> {
    const now = Date.now();
    const forgetAt = this.#answers.deleteExpired(now);
    try {
      for (const { id, hash } of this.#keys.abandonCreations(now - ABANDONED_AFTER_MS)) {
        const limitMs = this.#settings.ledgerTimeoutMs;
        // Another account may have imported the same key meanwhile: its entry stays.
        const owner = (await findKeyRecords(this.#kv, [hash], limitMs)).get(hash);
        if (owner === undefined || owner === id) await deleteKeyRecord(this.#kv, hash, limitMs);
        this.#keys.removeAbandoned(id);
      }
    } finally {
      if (this.#keys.hasUnissued()) await scheduleAlarm(this.#storage, Date.now() + ABANDONED_AFTER_MS);
      else if (forgetAt !== null) await scheduleAlarm(this.#storage, forgetAt);
    }
  }

  /** Carries the work out once per `Idempotency-Key`; a refusal is not kept, so the call may be made again. */
  async #once<Answer extends object>(
    operation: string,
    input: unknown,
    caller: CallMetadata,
    work: (keep: Keep) => Promise<Answer | Refusal>,
  ): Promise<Answer | Refusal> {
    if (caller.idempotencyKey === null) return await work(() => {});
    const name = caller.idempotencyKey;
    const fingerprint = JSON.stringify([operation, input]);
    const kept = await this.#answers.find(name, fingerprint, Date.now());
    if (kept === "mismatch")
      return { reason: "invalid_input", details: { "Idempotency-Key": "was used for another request" } };
    if (kept) return kept as Answer;

    if (this.#underWay.has(name))
      return { reason: "conflict", text: "A request with this Idempotency-Key is under way" };
    this.#underWay.add(name);
    try {
      const kept = await this.#answers.fingerprint(fingerprint);
      await scheduleAlarm(this.#storage, Date.now() + ABANDONED_AFTER_MS);
      return await work((answer, sealedSecret) =>
        this.#answers.save({ name, fingerprint: kept, at: Date.now(), answer, sealedSecret }),
      );
    } finally {
      this.#underWay.delete(name);
    }
  }

  /** The three steps. `comeToLife` runs in the transaction that issues the key. null: nothing was issued. */
  async #issue<Answer>(row: NewKeyRow, comeToLife: (key: KeyRow) => Answer): Promise<Answer | null> {
    if (!this.#keys.byHash(row.hash)) this.#keys.add(row);
    await scheduleAlarm(this.#storage, Date.now() + ABANDONED_AFTER_MS);
    try {
      await writeKeyRecord(this.#kv, row.hash, recordOf(row), this.#settings.ledgerTimeoutMs);
    } catch {
      return null;
    }
    return this.#storage.transactionSync(() => {
      const key = this.#keys.issue(row.id);
      return key ? comeToLife(key) : null;
    });
  }

  async #importOne(
    { row: draft, hashes }: ImportDraft,
    known: ReadonlyMap<string, string>,
    { actor }: CallMetadata,
  ): Promise<ImportVerdict> {
    const existing = this.#knownAs(hashes);
    if (existing?.state === "issued") return { id: existing.id };
    // Given up and not yet cleaned away: its entry must not be deleted under a new key.
    if (existing?.state === "abandoned") return { error: "store_unreachable" };
    const isOthers = (hash: string) => known.has(hash) && known.get(hash) !== existing?.id;
    if (hashes.some(isOthers)) return { error: "known_elsewhere" };

    // An attempt that failed half-way is taken up again: the same row makes the same record.
    const verdict = await this.#issue(existing ?? draft, (key) => {
      this.#events.add({ at: Date.now(), actor, action: "imported", keyId: key.id });
      return { id: key.id };
    });
    if (verdict) return verdict;
    const row = this.#keys.byHash(draft.hash);
    return row?.state === "issued" ? { id: row.id } : { error: "store_unreachable" };
  }

  /** Which keys KV has under the hashes of those that this ledger has not issued: another account's, perhaps. */
  async #knownToKv(drafts: readonly ImportDraft[]): Promise<ReadonlyMap<string, string>> {
    const open = drafts.filter(({ hashes }) => this.#knownAs(hashes)?.state !== "issued");
    const hashes = open.flatMap((draft) => draft.hashes);
    return await findKeyRecords(this.#kv, hashes, this.#settings.ledgerTimeoutMs);
  }

  /** The same key under any of the peppers. */
  #knownAs(hashes: readonly string[]): KeyRow | undefined {
    return hashes.map((hash) => this.#keys.byHash(hash)).find((row) => row !== undefined);
  }

  #endOld(oldId: string, overlapMs: number, now: number, end: EffectiveAt, actor: string): KeyRow {
    if (overlapMs === 0) {
      this.#keys.revoke(oldId, now, end);
      this.#events.add({ at: now, actor, action: "revoked", keyId: oldId, details: { reason: "rotated" } });
    } else {
      this.#keys.schedule(oldId, end.at);
      const details = { revokes_at: isoTime(end.at) };
      this.#events.add({ at: now, actor, action: "rotated", keyId: oldId, details });
    }
    return this.#keys.issued(oldId) as KeyRow;
  }
}
