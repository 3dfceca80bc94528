/** The key page's row of the table of operations: how a dashboard gets a link to it. */
import type { HttpOperation } from "./http-operation.ts";
import { portalLinkSchema, portalSessionInput } from "./portal-sessions.ts";

export const createPortalSession: HttpOperation = {
  name: "createPortalSession",
  summary: "A link that opens the account's key page: good once, for five minutes.",
  method: "post",
  path: "/accounts/{account}/portal-sessions",
  needsToken: true,
  body: portalSessionInput,
  bodyOptional: true,
  status: 200,
  answer: portalLinkSchema,
  refusals: [422],
  run: (operations, { account, body, caller, origin }) =>
    operations.portal.create(account, body, caller, origin),
};
