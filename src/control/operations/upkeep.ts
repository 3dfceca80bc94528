/** The operations of the gateway's operator: rebuilding KV from a ledger, and the health of the stores. */
import * as v from "valibot";
import { isRefusal } from "../../refusals.ts";
import { healthSchema, rebuiltSchema } from "../control-answers.ts";
import { pageLimit } from "../control-input.ts";
import { checkHealth } from "../health.ts";
import { ACCOUNT, defineLedgerOperation, defineOperation } from "../operation.ts";
import { keyCursorField, positionCursor } from "../page-cursor.ts";

export const rebuildKv = defineLedgerOperation({
  name: "rebuildKv",
  summary: "Rebuild an account's KV entries from its ledger, a page at a time.",
  method: "post",
  path: `${ACCOUNT}/rebuild-kv`,
  right: "operate",
  body: v.strictObject({ limit: pageLimit(), cursor: keyCursorField }),
  bodyOptional: true,
  status: 200,
  answer: rebuiltSchema,
  refusals: [404, 422],
  repeatable: true,
  // Each call is an event, and writes very much.
  retry: false,
  waitsFor: ["bulk"],
  call: async (ledger, { body: { limit, cursor }, caller }) => {
    const page = await ledger.rebuildRecords(limit, cursor ?? null, caller);
    if (isRefusal(page)) return page;
    return { written: page.written, next_cursor: page.next && positionCursor(page.next) };
  },
});

export const health = defineOperation({
  name: "health",
  summary: "A round trip to KV and to a ledger.",
  method: "get",
  path: "/health",
  right: "operate",
  status: 200,
  answer: healthSchema,
  refusals: [],
  repeatable: true,
  run: ({ env, settings, now }) => checkHealth(env, settings.ledgerTimeoutMs, now),
});
