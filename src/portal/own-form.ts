/**
 * Takes a form only from a page of this very session: its Origin is this one, and it brings the token that only
 * such a page was given. A form of another site, of another session or of none changes nothing.
 */
import { bodyLimit } from "hono/body-limit";
import { every } from "hono/combine";
import { createMiddleware } from "hono/factory";
import { isSame } from "../control/portal-token.ts";
import { refuse } from "./notices.tsx";
import { FORM_TOKEN, type PortalContext, type PortalRequest } from "./portal-context.ts";

const FORM_MAX_BYTES = 16_384;

const limitBody = bodyLimit({
  maxSize: FORM_MAX_BYTES,
  onError: (c) => refuse(c as PortalRequest, { reason: "body_too_large" }),
});

const checkForm = createMiddleware<PortalContext>(async (c, next) => {
  const isForm = /^application\/x-www-form-urlencoded\s*(?:;|$)/i.test(c.req.header("Content-Type") ?? "");
  if (!isForm || !isFromHere(c)) return refuse(c, { reason: "csrf_failed" });
  const form = new URLSearchParams(await c.req.text());
  if (!(await isSame(form.get(FORM_TOKEN) ?? "", c.var.formToken)))
    return refuse(c, { reason: "csrf_failed" });
  c.set("form", form);
  return await next();
});

export const requireOwnForm = every(limitBody, checkForm);

/** Every browser says where a form comes from; who says nothing has the token to show still. */
function isFromHere(c: PortalRequest): boolean {
  const origin = c.req.header("Origin");
  return origin === undefined || origin === new URL(c.req.url).origin;
}
