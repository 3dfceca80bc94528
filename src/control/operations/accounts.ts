/** The operations on an account as a whole: its tier and its event log. */
import * as v from "valibot";
import { accountSchema, eventSchema, tierSchema } from "../../keys/api-key.ts";
import { isRefusal } from "../../refusals.ts";
import { eventPageSchema } from "../control-answers.ts";
import { eventNumber, keyIdInput, pageLimit, time } from "../control-input.ts";
import { ACCOUNT, defineLedgerOperation } from "../operation.ts";
import { eventCursorField, nextCursor } from "../page-cursor.ts";

export const listEvents = defineLedgerOperation({
  name: "listEvents",
  summary:
    "List an account's events, or those of a key or an action, newest first; with since or after, oldest first.",
  method: "get",
  path: `${ACCOUNT}/events`,
  right: "keys:read",
  query: v.strictObject({
    key_id: v.optional(keyIdInput),
    action: v.optional(eventSchema.entries.action),
    since: v.optional(v.pipe(time, v.description("Oldest first, from this time on"))),
    after: v.optional(eventNumber),
    limit: pageLimit(),
    cursor: eventCursorField,
  }),
  status: 200,
  answer: eventPageSchema,
  refusals: [404, 422],
  repeatable: true,
  call: async (ledger, { query: { key_id, action, since, after, limit, cursor } }) => {
    const from = since !== undefined ? Date.parse(since) : after !== undefined ? 0 : undefined;
    const position = cursor ?? (after === undefined ? null : Number(after));
    const events = await ledger.listEvents(limit, position, { keyId: key_id, action, since: from });
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
