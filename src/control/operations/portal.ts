/** The operations on access to an account's key page: a link to it, and the end of all links and sessions. */
import * as v from "valibot";
import { ACCOUNT, defineLedgerOperation, defineOperation } from "../operation.ts";
import { portalLinkSchema, portalSessionInput } from "../portal-sessions.ts";

export const createPortalSession = defineOperation({
  name: "createPortalSession",
  summary: "Create a single-use link to the account's key page, valid for five minutes.",
  method: "post",
  path: `${ACCOUNT}/portal-sessions`,
  right: "portal",
  body: portalSessionInput,
  bodyOptional: true,
  status: 200,
  answer: portalLinkSchema,
  refusals: [422],
  repeatable: false,
  run: ({ portal }, { account, body, caller, origin }) => portal.create(account, body, caller.actor, origin),
});

const count = v.pipe(v.number(), v.integer());

export const endPortalSessions = defineLedgerOperation({
  name: "endPortalSessions",
  summary: "End every session and unused link of the account's key page.",
  method: "delete",
  path: `${ACCOUNT}/portal-sessions`,
  right: "portal",
  status: 200,
  answer: v.strictObject({
    sessions: v.pipe(count, v.description("Sessions that this call ended")),
    links: v.pipe(count, v.description("Unused links that this call ended")),
  }),
  refusals: [422],
  repeatable: true,
  call: (ledger, { caller }) => ledger.endPortalSessions(caller),
});
