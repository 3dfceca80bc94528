/** The operation with which a dashboard opens the account's key page for a person. */
import { ACCOUNT, defineOperation } from "../operation.ts";
import { portalLinkSchema, portalSessionInput } from "../portal-sessions.ts";

export const createPortalSession = defineOperation({
  name: "createPortalSession",
  summary: "Create a single-use link to the account's key page, valid for five minutes.",
  method: "post",
  path: `${ACCOUNT}/portal-sessions`,
  right: "portal",
  body: portalSessionInput,
  bodyOptional: true,
  defaultActor: "key_page",
  status: 200,
  answer: portalLinkSchema,
  refusals: [422],
  repeatable: false,
  run: ({ portal }, { account, body, caller, origin }) => portal.create(account, body, caller.actor, origin),
});
