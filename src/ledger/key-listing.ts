/**
 * Reads of the table of keys beyond single rows: pages with filters, and counts. Synchronous.
 *
 * Guarantees pages that stay correct while keys come and go: a page begins after the position of the last key of the
 * page before, whether or not that key still matches.
 */

import type { KeyState } from "../keys/api-key.ts";
import type { Mode } from "../policy.ts";
import type { KeyRow } from "./keys-schema.ts";

/** The last key of a page; the next page begins after it. */
export interface KeyPosition {
  readonly createdAt: number;
  readonly id: string;
}

/** Which keys are listed. */
export interface ListFilter {
  /** Without it, and without a state, revoked keys are left out. */
  readonly includeRevoked?: boolean | undefined;
  readonly mode?: Mode | undefined;
  readonly state?: KeyState | undefined;
  /** In the name, whatever its case, or in the hint or the id. */
  readonly text?: string | undefined;
  readonly label?: { readonly name: string; readonly value: string } | undefined;
}

/** Which keys are revoked together. */
export interface KeyFilter {
  readonly mode?: Mode | undefined;
  readonly createdBefore?: number | undefined;
}

/** The keys that a filter selects; its parameters are those of `matching`. */
export const MATCHES = "mode LIKE ? AND created_at < ?";

export function matching({ mode, createdBefore }: KeyFilter): [string, number] {
  return [mode ?? "%", createdBefore ?? Number.MAX_SAFE_INTEGER];
}

/** The state of a key; `keyState` computes the same. Its parameters: now, now, whether the account is suspended. */
const STATE = `CASE
  WHEN revoked_at IS NOT NULL OR revokes_at <= ? THEN 'revoked'
  WHEN expires_at <= ? THEN 'expired'
  WHEN suspended_at IS NOT NULL OR ? THEN 'suspended'
  WHEN revokes_at IS NOT NULL THEN 'retiring'
  ELSE 'active' END`;

/** A name in a form for searches that ignore case. SQLite folds ASCII alone. */
export function foldCase(name: string): string {
  return name.normalize("NFKC").toLowerCase();
}

export class KeyListing {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  /** Issued keys, newest first, at most `limit`, after a position. */
  page(
    limit: number,
    after: KeyPosition | null,
    filter: ListFilter,
    now: number,
    isAccountSuspended: boolean,
  ): KeyRow[] {
    const { includeRevoked = false, mode, state, text, label } = filter;
    const conditions = ["state = 'issued'", "(created_at, id) < (?, ?)"];
    const values: SqlStorageValue[] = [after?.createdAt ?? Number.MAX_SAFE_INTEGER, after?.id ?? ""];
    const add = (condition: string, ...more: SqlStorageValue[]) => {
      conditions.push(condition);
      values.push(...more);
    };
    if (state === undefined ? !includeRevoked : state !== "revoked") {
      // The condition of the index keys_not_revoked; a key that has ended as scheduled may have no tombstone yet.
      add("revoked_at IS NULL");
      add("(revokes_at IS NULL OR revokes_at > ?)", now);
    }
    if (mode !== undefined) add("mode = ?", mode);
    if (state !== undefined) add(`${STATE} = ?`, now, now, isAccountSuspended ? 1 : 0, state);
    if (text !== undefined)
      add("(instr(name_folded, ?) OR instr(hint, ?) OR instr(id, ?))", foldCase(text), text, text);
    if (label !== undefined) add("json_extract(labels, ?) = ?", `$."${label.name}"`, label.value);
    return this.#sql
      .exec<KeyRow>(
        `SELECT * FROM keys WHERE ${conditions.join(" AND ")} ORDER BY created_at DESC, id DESC LIMIT ?`,
        ...values,
        limit,
      )
      .toArray();
  }

  /** Whether the account has ever had a key. */
  hasAny(): boolean {
    return this.#sql.exec("SELECT 1 FROM keys WHERE state = 'issued' LIMIT 1").toArray().length > 0;
  }

  /** When the last of the matching revoked keys was revoked everywhere; null: none of them is revoked. */
  lastEffectiveAt(filter: KeyFilter): number | null {
    return this.#sql
      .exec<{ at: number | null }>(
        `SELECT MAX(effective_at) AS at FROM keys WHERE revoked_at IS NOT NULL AND ${MATCHES}`,
        ...matching(filter),
      )
      .one().at;
  }

  /** Keys that are neither revoked, expired nor retiring, those whose creation is in progress included. */
  activeCount(now: number): number {
    return this.#sql
      .exec<{ n: number }>(
        `SELECT count(*) AS n FROM keys WHERE state <> 'abandoned' AND revoked_at IS NULL AND revokes_at IS NULL
         AND (expires_at IS NULL OR expires_at > ?)`,
        now,
      )
      .one().n;
  }

  /** When the last but `skipped` of the keys minted after `since` was begun; null: there are not as many. */
  mintedAt(skipped: number, since: number): number | null {
    const [row] = this.#sql
      .exec<{ began_at: number }>(
        `SELECT began_at FROM keys WHERE is_imported = 0 AND began_at > ?
         ORDER BY began_at DESC LIMIT 1 OFFSET ?`,
        since,
        skipped,
      )
      .toArray();
    return row?.began_at ?? null;
  }
}
