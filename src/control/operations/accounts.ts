/** The operations on an account as a whole: its tier, location, policy and suspension, and its event log. */
import * as v from "valibot";
import {
  accountSchema,
  changedAccountSchema,
  locationSchema,
  restrictedAccountSchema,
  tierSchema,
} from "../../keys/account.ts";
import { eventSchema } from "../../keys/api-key.ts";
import { isRefusal } from "../../refusals.ts";
import { eventPageSchema } from "../control-answers.ts";
import { eventNumber, keyIdInput, pageLimit, reasonInput, time } from "../control-input.ts";
import { ACCOUNT, defineLedgerOperation } from "../operation.ts";
import { eventCursorField, nextCursor } from "../page-cursor.ts";
import { policyFields, policyInput } from "../terms-input.ts";

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
  summary: "Get an account: its tier, location and policy, and whether it is suspended.",
  method: "get",
  path: ACCOUNT,
  right: "keys:read",
  status: 200,
  answer: accountSchema,
  refusals: [404, 422],
  repeatable: true,
  call: (ledger, { account }) => ledger.getAccount(account),
});

export const changeAccount = defineLedgerOperation({
  name: "changeAccount",
  summary: "Set an account's tier or policy, or, before its first key, its location.",
  method: "put",
  path: ACCOUNT,
  right: "accounts:write",
  body: v.pipe(
    v.strictObject({
      tier: v.optional(tierSchema),
      location: v.optional(locationSchema),
      policy: v.optional(policyInput),
    }),
    v.check((change) => Object.keys(change).length > 0, "must have a tier, a location or a policy"),
  ),
  documentedBody: v.strictObject({
    tier: v.optional(tierSchema),
    location: v.optional(locationSchema),
    policy: v.optional(policyFields),
  }),
  status: 200,
  answer: changedAccountSchema,
  refusals: [409, 422],
  // Only a difference is written, with its event: a repeat of a lost answer changes nothing.
  repeatable: true,
  waitsFor: ["leases"],
  locationHint: ({ body }) => body.location ?? null,
  call: (ledger, { account, body, caller }) => ledger.changeAccount(account, body, caller),
});

export const suspendAccount = defineLedgerOperation({
  name: "suspendAccount",
  summary: "Suspend all keys of an account. Answers once no request with one of them can succeed anywhere.",
  method: "post",
  path: `${ACCOUNT}/suspend`,
  right: "accounts:write",
  body: reasonInput,
  bodyOptional: true,
  status: 200,
  answer: restrictedAccountSchema,
  refusals: [404, 422],
  repeatable: true,
  waitsFor: ["leases"],
  call: (ledger, { account, body, caller }) => ledger.suspendAccount(account, caller, body.reason ?? null),
});

export const resumeAccount = defineLedgerOperation({
  name: "resumeAccount",
  summary: "Resume a suspended account. Its keys work again within a lease.",
  method: "post",
  path: `${ACCOUNT}/resume`,
  right: "accounts:write",
  status: 200,
  answer: restrictedAccountSchema,
  refusals: [404, 409, 422],
  repeatable: true,
  call: (ledger, { account, caller }) => ledger.resumeAccount(account, caller),
});
