/**
 * Importing keys issued before the gateway from their SHA-256: a verdict per row, in the order of the rows.
 *
 * Guarantees that a wrong row does not stop the others, that a failure after the first chunk of rows is a verdict on the
 * rows that it concerns, and that imported rows keep their ids, so a call may be repeated until every row has one.
 */
import * as v from "valibot";
import { hex, sha256 } from "../../keys/digests.ts";
import type { ImportVerdict } from "../../ledger/new-keys.ts";
import { logException } from "../../log.ts";
import { isRefusal, type Refusal } from "../../refusals.ts";
import { type RowVerdict, verdictsSchema } from "../control-answers.ts";
import { IMPORT_MAX_KEYS } from "../control-input.ts";
import { type CheckedRequest, type ControlContext, defineOperation, KEYS } from "../operation.ts";
import { type CheckedRow, checkRows, importRow } from "./import-rows.ts";

/** Rows per call to the ledger: each needs a KV write, and a call may make a thousand operations. */
const CHUNK_ROWS = 250;

const importBody = v.strictObject({
  // Each row is checked by itself, so that a wrong row gets its own verdict.
  keys: v.pipe(
    v.array(v.unknown(), "must be a list"),
    v.minLength(1, "must have at least 1 row"),
    v.maxLength(IMPORT_MAX_KEYS, `must have at most ${IMPORT_MAX_KEYS} rows`),
  ),
});

export const importKeys = defineOperation({
  name: "importKeys",
  summary: "Import keys issued before the gateway from their SHA-256; a verdict per row.",
  method: "post",
  path: `${KEYS}/import`,
  right: "keys:write",
  body: importBody,
  documentedBody: v.strictObject({
    keys: v.pipe(v.array(importRow), v.minLength(1), v.maxLength(IMPORT_MAX_KEYS)),
  }),
  idempotent: true,
  status: 200,
  answer: verdictsSchema,
  refusals: [409, 422],
  answersByRow: true,
  repeatable: true,
  run: async (context, request) => {
    const rows = checkRows(request.body.keys, context.now());
    const verdicts = await importChunks(context, request, uniqueKeys(rows));
    if (isRefusal(verdicts)) return verdicts;
    const keys = rows.map((row, at) => ({ row: at, ...verdictOf(row, verdicts) }));
    const isWarned = !context.settings.acceptLegacyKeys && keys.some(({ id }) => id !== undefined);
    return isWarned ? { keys, warning: NOT_ACCEPTED } : { keys };
  },
});

const NOT_ACCEPTED =
  'LEGACY_KEYS is not "accept", so requests with imported keys get 401. Set LEGACY_KEYS = "accept" to accept them.';

type Verdict = Omit<RowVerdict, "row">;
type ImportRequest = CheckedRequest<unknown, v.InferOutput<typeof importBody>>;

/** Equal rows of one key are one key. */
function uniqueKeys(rows: readonly (CheckedRow | Refusal)[]): readonly CheckedRow[] {
  const valid = rows.filter((row): row is CheckedRow => !isRefusal(row));
  return [...new Map(valid.map((row) => [row.sha256, row])).values()];
}

function verdictOf(row: CheckedRow | Refusal, verdicts: ReadonlyMap<string, Verdict>): Verdict {
  if (!isRefusal(row)) return verdicts.get(row.sha256) ?? { error: "internal_error" };
  return { error: "validation_error", details: row.reason === "invalid_input" ? row.details : {} };
}

/** The verdict of each key. A refusal only when nothing was imported. */
async function importChunks(
  context: ControlContext,
  request: ImportRequest,
  keys: readonly CheckedRow[],
): Promise<ReadonlyMap<string, Verdict> | Refusal> {
  const verdicts = new Map<string, Verdict>();
  const callDigest = hex(await sha256(JSON.stringify(keys)));
  for (let start = 0; start < keys.length; start += CHUNK_ROWS) {
    const chunk = keys.slice(start, start + CHUNK_ROWS);
    const answer = await importChunk(context, request, chunk, start, callDigest);
    if (start === 0 && isRefusal(answer) && isAboutTheCall(answer)) return answer;
    chunk.forEach(({ sha256 }, i) => {
      verdicts.set(sha256, isRefusal(answer) ? { error: errorOf(answer) } : (answer[i] ?? {}));
    });
  }
  return verdicts;
}

/** The `Idempotency-Key` is in use by another call. */
function isAboutTheCall({ reason }: Refusal): boolean {
  return reason === "invalid_input" || reason === "conflict" || reason === "in_progress";
}

function errorOf(refusal: Refusal): NonNullable<RowVerdict["error"]> {
  if (isAboutTheCall(refusal)) return "conflict";
  const { reason } = refusal;
  return reason === "store_unreachable" || reason === "ledger_unreachable" ? reason : "internal_error";
}

async function importChunk(
  { ledgers }: ControlContext,
  { account, caller, requestId }: ImportRequest,
  chunk: readonly CheckedRow[],
  start: number,
  callDigest: string,
): Promise<readonly ImportVerdict[] | Refusal> {
  const { idempotencyKey } = caller;
  // A header cannot contain a line feed, so no call can name the key of a chunk.
  const chunkKey = idempotencyKey === null ? null : `${idempotencyKey}\n${start}`;
  try {
    return await ledgers.call(
      account,
      (ledger) => ledger.importKeys(account, chunk, { ...caller, idempotencyKey: chunkKey }, callDigest),
      { waitsFor: ["bulk"] },
    );
  } catch (error) {
    logException(requestId, error);
    return { reason: "exception" };
  }
}
