/**
 * Importing keys issued before the gateway from their SHA-256: a verdict per row, in the order of the rows.
 *
 * A row that is wrong does not stop the others, and rows that were imported before keep their ids, so a call
 * may be repeated until every row has one.
 */

import type { Env } from "../env.ts";
import { callLedger } from "../leases/call-ledger.ts";
import type { CallMetadata } from "../ledger/call-metadata.ts";
import type { ImportedKey } from "../ledger/new-keys.ts";
import { isRefusal, type Refusal } from "../refusals.ts";
import { check } from "./check-input.ts";
import { importInput, importRowInput } from "./control-input.ts";
import type { RemoteLedger } from "./remote-ledger.ts";

export interface RowVerdict {
  readonly row: number;
  /** The key's id, when it is in. */
  readonly id?: string;
  readonly error?: "validation_error" | "store_unreachable" | "ledger_unreachable" | "known_elsewhere";
  /** For a row that is wrong: each field. */
  readonly details?: Readonly<Record<string, string>>;
}

export interface ImportResult {
  readonly keys: readonly RowVerdict[];
}

/** Rows per call to the ledger: each needs a KV write, and a call may make a thousand operations. */
const CHUNK_ROWS = 250;
const CHUNK_LIMIT_MS = 60_000;

export async function importKeys(
  ledgers: Env["KEY_LEDGER"],
  account: string,
  input: unknown,
  caller: CallMetadata,
): Promise<ImportResult | Refusal> {
  const checked = check(importInput, input);
  if (isRefusal(checked)) return checked;
  const rows = checked.value.keys.map((row) => check(importRowInput, row, "row"));

  // The same key in two rows is one key: both get the verdict of the first.
  const unique = new Map<string, ImportedKey>();
  for (const row of rows)
    if (!isRefusal(row) && !unique.has(row.value.sha256)) unique.set(row.value.sha256, row.value);

  const verdicts = new Map<string, Omit<RowVerdict, "row">>();
  const keys = [...unique.values()];
  for (let start = 0; start < keys.length; start += CHUNK_ROWS) {
    const chunk = keys.slice(start, start + CHUNK_ROWS);
    const answers = await importChunk(ledgers, account, chunk, caller, start);
    if (
      isRefusal(answers) &&
      answers.reason !== "ledger_unreachable" &&
      answers.reason !== "store_unreachable"
    ) {
      return answers;
    }
    chunk.forEach(({ sha256 }, i) => {
      verdicts.set(
        sha256,
        isRefusal(answers) ? { error: answers.reason as "store_unreachable" } : (answers[i] ?? {}),
      );
    });
  }
  return {
    keys: rows.map((row, i) => {
      if (!isRefusal(row)) return { row: i, ...verdicts.get(row.value.sha256) };
      return {
        row: i,
        error: "validation_error",
        details: row.reason === "invalid_input" ? row.details : {},
      };
    }),
  };
}

async function importChunk(
  ledgers: Env["KEY_LEDGER"],
  account: string,
  chunk: readonly ImportedKey[],
  { actor, idempotencyKey }: CallMetadata,
  start: number,
) {
  const by = { actor, idempotencyKey: idempotencyKey === null ? null : `${idempotencyKey}#${start}` };
  try {
    return await callLedger(
      ledgers,
      account,
      { limitMs: CHUNK_LIMIT_MS, repeatable: false },
      (ledger: RemoteLedger) => ledger.importKeys(account, chunk, by),
    );
  } catch {
    return { reason: "ledger_unreachable" } as const;
  }
}
