/** The operations on an account as a whole: its tier and its event log. */
import * as v from "valibot";
import { accountSchema, tierSchema } from "../../keys/api-key.ts";
import { isRefusal } from "../../refusals.ts";
import { eventPageSchema } from "../control-answers.ts";
import { pageLimit } from "../control-input.ts";
import { ACCOUNT, defineLedgerOperation } from "../operation.ts";
import { eventCursorField, nextCursor } from "../page-cursor.ts";

export const listEvents = defineLedgerOperation({
  name: "listEvents",
  summary: "List an account's events, newest first.",
  method: "get",
  path: `${ACCOUNT}/events`,
  right: "keys:read",
  query: v.strictObject({ limit: pageLimit(), cursor: eventCursorField }),
  status: 200,
  answer: eventPageSchema,
  refusals: [404, 422],
  repeatable: true,
  call: async (ledger, { query: { limit, cursor } }) => {
    const events = await ledger.listEvents(limit, cursor ?? null);
    if (isRefusal(events)) return events;
    return { events, next_cursor: nextCursor(events, limit, ({ number }) => String(number)) };
  },
});

export const getAccount = defineLedgerOperation({
  name: "getAccount",
  summary: "Get an account's tier.",
  method: "get",
  path: ACCOUNT,
  right: "keys:read",
  status: 200,
  answer: accountSchema,
  refusals: [404, 422],
  repeatable: true,
  call: (ledger, { account }) => ledger.getAccount(account),
});

export const setTier = defineLedgerOperation({
  name: "setTier",
  summary: "Set an account's tier.",
  method: "put",
  path: ACCOUNT,
  right: "accounts:write",
  body: v.strictObject({ tier: tierSchema }),
  status: 200,
  answer: accountSchema,
  refusals: [422],
  call: (ledger, { account, body, caller }) => ledger.setTier(account, body.tier, caller),
});
