/**
 * Importing keys issued before the gateway, from their SHA-256: a verdict per row, in the order of the rows.
 *
 * Guarantees that a key belongs to one account: it is claimed before KV is written, and the KV record of a key that
 * another ledger has is never overwritten. A key that this ledger has already keeps its id, so a repeated call changes
 * nothing. It does not check the fields of the rows; the control plane has done so.
 */

import pMap from "p-map";
import type { Policy } from "../keys/account.ts";
import type { KeyRecord } from "../keys/key-record.ts";
import { readKeyRecords } from "../keys/key-store.ts";
import { isUnavailable } from "../keys/store-error.ts";
import { isRefusal, type Refusal } from "../refusals.ts";
import type { CallMetadata, IdempotencyStore } from "./idempotency-store.ts";
import type { KeyCreation } from "./key-creation.ts";
import { policyProblems, tooManyActiveKeys } from "./key-terms.ts";
import type { KeyRow, NewKeyRow } from "./keys-schema.ts";
import { CALLS_CONCURRENCY, type LedgerContext } from "./ledger-context.ts";
import { type ImportedKey, type ImportVerdict, importedHashes, importedKeyRow } from "./new-keys.ts";

/** An import in progress: its row is in the table. */
interface Attempt {
  readonly row: NewKeyRow | KeyRow;
  /** Whether this call added the row; otherwise it continues a failed attempt. */
  readonly isNew: boolean;
  readonly hashes: readonly string[];
}

type Failure = "store_unreachable" | "ledger_unreachable" | "known_elsewhere";

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
      const { peppers } = this.#context.settings;
      const hashed = await Promise.all(rows.map(({ sha256 }) => importedHashes(sha256, peppers)));
      const now = Date.now();
      const active = this.#context.listing.activeCount(now);
      let added = 0;
      const started = rows.map((row, i) => {
        const one = this.#start(account, row, hashed[i] ?? [], now, caller.actor.name, active + added);
        if (isAttempt(one) && one.isNew) added += 1;
        return one;
      });
      const failures = await this.#findFailures(account, started.filter(isAttempt));
      const verdicts = await pMap(started, (one) => this.#finish(one, failures, caller), {
        concurrency: CALLS_CONCURRENCY,
      });
      if (verdicts.every((verdict) => "id" in verdict)) save(verdicts, null);
      return verdicts;
    });
  }

  /** Adds the row first, so that an alarm removes a failed attempt; or continues a failed attempt of an earlier call. */
  #start(
    account: string,
    input: ImportedKey,
    hashes: readonly string[],
    now: number,
    actor: string,
    activeCount: number,
  ): Attempt | ImportVerdict {
    const { keys } = this.#context;
    const existing = hashes.map((hash) => keys.byHash(hash)).find((row) => row !== undefined);
    if (existing?.state === "issued") return { id: existing.id };
    // Its KV record must not be deleted under a new key.
    if (existing?.state === "abandoned") return { error: "store_unreachable" };
    if (existing) {
      keys.restartCreation(existing.id, now);
      return { row: existing, isNew: false, hashes };
    }
    const row = importedKeyRow(account, input, hashes[0] as string, now, actor);
    const refused = refusedByPolicy(this.#context.account.row.policy, row, input, activeCount);
    if (refused) return refused;
    keys.add(row);
    return { row, isNew: true, hashes };
  }

  /** Why attempts cannot go on, by the id of their row. A key that belongs to another account leaves no row. */
  async #findFailures(account: string, attempts: readonly Attempt[]): Promise<ReadonlyMap<string, Failure>> {
    const failures = new Map<string, Failure>();
    if (attempts.length === 0) return failures;
    await this.#creation.scheduleCleanUp();
    const claimed = await this.#claim(account, attempts, failures);
    const refused = await this.#findOthers(account, claimed, failures);
    for (const { row } of attempts)
      if (failures.get(row.id) === "known_elsewhere") this.#context.keys.removeCreation(row.id);
    // A claim that cannot be released keeps others from a key that they could not import either.
    if (refused.length > 0)
      await this.#context.claims.release(
        account,
        refused.map(({ row }) => row.id),
      );
    return failures;
  }

  /** The attempts whose keys the account has claimed. */
  async #claim(
    account: string,
    attempts: readonly Attempt[],
    failures: Map<string, Failure>,
  ): Promise<Attempt[]> {
    const claims = await this.#context.claims.claim(
      account,
      attempts.map(({ row, hashes }) => ({ id: row.id, hashes })),
    );
    return attempts.filter(({ row }, i) => {
      if (claims === null) failures.set(row.id, "ledger_unreachable");
      else if (!claims[i]) failures.set(row.id, "known_elsewhere");
      return claims?.[i] === true;
    });
  }

  /** The attempts whose keys have a KV record of another key that exists. */
  async #findOthers(
    account: string,
    attempts: readonly Attempt[],
    failures: Map<string, Failure>,
  ): Promise<Attempt[]> {
    const { kv, settings } = this.#context;
    let records: ReadonlyMap<string, KeyRecord | "corrupt">;
    try {
      const hashes = attempts.flatMap((attempt) => attempt.hashes);
      records = await readKeyRecords(kv, hashes, settings.ledgerTimeoutMs);
    } catch (error) {
      if (!isUnavailable(error)) throw error;
      for (const { row } of attempts) failures.set(row.id, "store_unreachable");
      return [];
    }
    const findFailure = async ({ row, hashes }: Attempt) => {
      for (const hash of hashes) {
        const record = records.get(hash);
        const exists = record !== undefined && (await this.#exists(account, record, row.id));
        if (exists === null) failures.set(row.id, "ledger_unreachable");
        if (exists) failures.set(row.id, "known_elsewhere");
      }
    };
    await pMap(attempts, findFailure, { concurrency: CALLS_CONCURRENCY });
    return attempts.filter(({ row }) => failures.get(row.id) === "known_elsewhere");
  }

  /**
   * Whether the record belongs to another key that its own ledger knows; null: that ledger is unavailable. One that it
   * does not know is left from a failed attempt, and may be overwritten.
   */
  async #exists(account: string, record: KeyRecord | "corrupt", ownId: string): Promise<boolean | null> {
    if (record === "corrupt") return true;
    if (record.id === ownId) return false;
    const { keys, claims } = this.#context;
    return record.account === account ? keys.has(record.id) : await claims.hasKey(record.account, record.id);
  }

  async #finish(
    started: Attempt | ImportVerdict,
    failures: ReadonlyMap<string, Failure>,
    { actor }: CallMetadata,
  ): Promise<ImportVerdict> {
    if (!isAttempt(started)) return started;
    const { keys, events } = this.#context;
    const { row } = started;
    const error = failures.get(row.id);
    if (error) return { error };
    const verdict = await this.#creation.issue(row, (key) => {
      events.add({ at: Date.now(), actor, action: "imported", keyId: key.id });
      return { id: key.id };
    });
    if (!isRefusal(verdict)) return verdict;
    // Another call may have issued the same row meanwhile.
    return keys.issued(row.id) ? { id: row.id } : { error: "store_unreachable" };
  }
}

function refusedByPolicy(
  policy: Policy,
  row: NewKeyRow,
  { permissions }: ImportedKey,
  activeCount: number,
): ImportVerdict | null {
  const checked = { permissions, createdAt: row.created_at, expiresAt: row.expires_at };
  const problems = policyProblems(policy, checked);
  if (problems) return { error: "validation_error", details: problems };
  const { max_active_keys: max } = policy;
  if (max === null || activeCount < max) return null;
  return { error: "conflict", details: { policy: tooManyActiveKeys(max) } };
}

function isAttempt(started: Attempt | ImportVerdict): started is Attempt {
  return "row" in started;
}
