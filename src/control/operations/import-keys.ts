/**
 * Importing keys issued before the gateway from their SHA-256: a verdict per row, in the order of the rows.
 *
 * Guarantees that a wrong row does not stop the others, and that rows imported before keep their ids, so a call may be
 * repeated until every row has one.
 */
import * as v from "valibot";
import { fromBase64, hex } from "../../keys/digests.ts";
import { isUnavailable } from "../../keys/store-error.ts";
import { unixMsOrNull } from "../../keys/timestamp.ts";
import { callLedger } from "../../leases/call-ledger.ts";
import type { CallMetadata } from "../../ledger/idempotency-store.ts";
import type { ImportedKey } from "../../ledger/new-keys.ts";
import { isRefusal, type Refusal } from "../../refusals.ts";
import { check } from "../check-input.ts";
import { type RowVerdict, verdictsSchema } from "../control-answers.ts";
import { IMPORT_MAX_KEYS, newKeyFields, time } from "../control-input.ts";
import { type ControlContext, defineOperation, KEYS } from "../operation.ts";
import type { RemoteLedger } from "../remote-ledger.ts";

/** Rows per call to the ledger: each needs a KV write, and a call may make a thousand operations. */
const CHUNK_ROWS = 250;
const CHUNK_LIMIT_MS = 60_000;

const SHA256_MESSAGE = "must be the SHA-256 of the key, as hex or base64";

export const importRow = v.strictObject({
  sha256: v.pipe(
    v.string(SHA256_MESSAGE),
    v.regex(/^(?:[0-9a-fA-F]{64}|[A-Za-z0-9+/_-]{43}=?)$/, SHA256_MESSAGE),
    v.transform(hexDigits),
    v.description("SHA-256 of the key, as hex or base64"),
  ),
  name: newKeyFields.name,
  mode: newKeyFields.mode,
  permissions: newKeyFields.permissions,
  created_at: v.optional(v.nullable(time), null),
  expires_at: newKeyFields.expires_at,
});

export type ImportRow = v.InferInput<typeof importRow>;

export const importKeys = defineOperation({
  name: "importKeys",
  summary: "Import keys issued before the gateway from their SHA-256; a verdict per row.",
  method: "post",
  path: `${KEYS}/import`,
  right: "keys:write",
  // Each row is checked by itself, so that one wrong row gets its own verdict.
  body: v.strictObject({
    keys: v.pipe(
      v.array(v.unknown(), "must be a list"),
      v.minLength(1, "must have at least 1 row"),
      v.maxLength(IMPORT_MAX_KEYS, `must have at most ${IMPORT_MAX_KEYS} rows`),
    ),
  }),
  documentedBody: v.strictObject({
    keys: v.pipe(v.array(importRow), v.minLength(1), v.maxLength(IMPORT_MAX_KEYS)),
  }),
  idempotent: true,
  status: 200,
  answer: verdictsSchema,
  refusals: [409, 422],
  answersByRow: true,
  repeatable: true,
  run: (context, { account, body, caller }) => importRows(context, account, body.keys, caller),
});

async function importRows(
  context: ControlContext,
  account: string,
  input: readonly unknown[],
  caller: CallMetadata,
): Promise<v.InferOutput<typeof verdictsSchema> | Refusal> {
  const now = context.now();
  const rows = input.map((row) => {
    const checked = check(importRow, row, "row");
    return isRefusal(checked) ? checked : (refuseTimes(checked, now) ?? checked);
  });

  // The same key in two rows is one key: both get the verdict of the first.
  const unique = new Map<string, ImportedKey>();
  for (const row of rows) if (!isRefusal(row) && !unique.has(row.sha256)) unique.set(row.sha256, row);

  const verdicts = new Map<string, Omit<RowVerdict, "row">>();
  const keys = [...unique.values()];
  for (let start = 0; start < keys.length; start += CHUNK_ROWS) {
    const chunk = keys.slice(start, start + CHUNK_ROWS);
    const answers = await importChunk(context, account, chunk, caller, start);
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
      if (!isRefusal(row)) return { row: i, ...verdicts.get(row.sha256) };
      return {
        row: i,
        error: "validation_error",
        details: row.reason === "invalid_input" ? row.details : {},
      };
    }),
  };
}

/** A key that ends before it begins, or was created in the future, would have successors that are expired from the start. */
function refuseTimes({ created_at, expires_at }: ImportedKey, now: number): Refusal | null {
  const createdAt = unixMsOrNull(created_at) ?? now;
  const expiresAt = unixMsOrNull(expires_at);
  const details = {
    ...(createdAt > now && { created_at: "must not be in the future" }),
    ...(createdAt < 0 && { created_at: "must be in 1970 or later" }),
    ...(expiresAt !== null && expiresAt <= createdAt && { expires_at: "must be after created_at" }),
  };
  return Object.keys(details).length > 0 ? { reason: "invalid_input", details } : null;
}

async function importChunk(
  { env }: ControlContext,
  account: string,
  chunk: readonly ImportedKey[],
  { actor, idempotencyKey }: CallMetadata,
  start: number,
) {
  const chunkCaller = {
    actor,
    idempotencyKey: idempotencyKey === null ? null : `${idempotencyKey}#${start}`,
  };
  try {
    return await callLedger(
      env.KEY_LEDGER,
      account,
      { limitMs: CHUNK_LIMIT_MS, repeatable: false },
      (ledger: RemoteLedger) => ledger.importKeys(account, chunk, chunkCaller),
    );
  } catch (error) {
    if (!isUnavailable(error)) throw error;
    return { reason: "ledger_unreachable" } as const;
  }
}

function hexDigits(sha256: string): string {
  if (sha256.length === 64) return sha256.toLowerCase();
  return hex(fromBase64(sha256));
}
