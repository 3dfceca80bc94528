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

/** Selects the keys of a list. */
export interface ListFilter {
  /** Without it, and without a state, revoked keys are left out. */
  readonly includeRevoked?: boolean | undefined;
  readonly mode?: Mode | undefined;
  readonly state?: KeyState | undefined;
  readonly id?: string | undefined;
  /** Part of the name, ignoring case; or the id, the last characters or a label. */
  readonly text?: string | undefined;
  readonly label?: { readonly name: string; readonly value: string } | undefined;
}

/** The key that its successor `replaced_by` replaces. */
export type Predecessor = Pick<KeyRow, "id" | "name" | "hint" | "replaced_by">;

/** Selects the keys of a bulk revocation. */
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

/** Its parameters: the folded text, the text, twice the text without an ellipsis, the text. */
const HAS_TEXT = `(instr(name_folded, ?) OR id = ? OR substr(hint, -length(?)) = ? OR EXISTS (
  SELECT 1 FROM json_each(labels) WHERE ? IN (key, value, key || ':' || value, key || ': ' || value)))`;

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
    offset = 0,
  ): KeyRow[] {
    const { sql, values } = conditionsOf(filter, now, isAccountSuspended);
    return this.#sql
      .exec<KeyRow>(
        `SELECT * FROM keys WHERE ${sql} AND (created_at, id) < (?, ?)
         ORDER BY created_at DESC, id DESC LIMIT ? OFFSET ?`,
        ...values,
        after?.createdAt ?? Number.MAX_SAFE_INTEGER,
        after?.id ?? "",
        limit,
        offset,
      )
      .toArray();
  }

  /** Issued keys that the filter selects. */
  count(filter: ListFilter, now: number, isAccountSuspended: boolean): number {
    const { sql, values } = conditionsOf(filter, now, isAccountSuspended);
    return this.#sql.exec<{ n: number }>(`SELECT count(*) AS n FROM keys WHERE ${sql}`, ...values).one().n;
  }

  /** The keys that these replace. */
  predecessorsOf(ids: readonly string[]): Predecessor[] {
    return this.#sql
      .exec<Predecessor>(
        "SELECT id, name, hint, replaced_by FROM keys WHERE replaced_by IN (SELECT value FROM json_each(?))",
        JSON.stringify(ids),
      )
      .toArray();
  }

  /** Whether the account has ever had a key. */
  hasAny(): boolean {
    return this.#sql.exec("SELECT 1 FROM keys WHERE state = 'issued' LIMIT 1").toArray().length > 0;
  }

  /** The latest `effective_at` of the matching revoked keys; null: no revoked key matches. */
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

  /** When the creation of the latest minted key but `skipped` began, if after `since`; null: there is no such key. */
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

function conditionsOf(filter: ListFilter, now: number, isAccountSuspended: boolean) {
  const { includeRevoked = false, id, mode, state, text, label } = filter;
  const conditions = ["state = 'issued'"];
  const values: SqlStorageValue[] = [];
  const add = (condition: string, ...more: SqlStorageValue[]) => {
    conditions.push(condition);
    values.push(...more);
  };
  if (state === undefined ? !includeRevoked : state !== "revoked") {
    // The condition of the index keys_not_revoked; a key that has ended as scheduled may have no tombstone yet.
    add("revoked_at IS NULL");
    add("(revokes_at IS NULL OR revokes_at > ?)", now);
  }
  if (id !== undefined) add("id = ?", id);
  if (mode !== undefined) add("mode = ?", mode);
  if (state !== undefined) add(`${STATE} = ?`, now, now, isAccountSuspended ? 1 : 0, state);
  if (text !== undefined) {
    const end = text.replace(/^…/, "");
    add(HAS_TEXT, foldCase(text), text, end, end, text);
  }
  if (label !== undefined) add("json_extract(labels, ?) = ?", `$."${label.name}"`, label.value);
  return { sql: conditions.join(" AND "), values };
}
