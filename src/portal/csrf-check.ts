/**
 * Accepts a form only from a page of the same session: the `Origin` is this one, and the form carries the session's
 * CSRF token. A form of another site, of another session or without a session changes nothing.
 */
import { bodyLimit } from "hono/body-limit";
import { createMiddleware } from "hono/factory";
import { isSameSecret } from "../keys/digests.ts";
import { refuse } from "./notices.tsx";
import { CSRF_FIELD, type PortalContext, type PortalRequest } from "./portal-context.ts";

/** A form with all labels in their longest form, twice, percent-encoded. */
const FORM_MAX_BYTES = 65_536;

export const limitForm = bodyLimit({
  maxSize: FORM_MAX_BYTES,
  onError: (c) => refuse(c as PortalRequest, { reason: "body_too_large" }),
});

export const csrfCheck = createMiddleware<PortalContext>(async (c, next) => {
  const isForm = /^application\/x-www-form-urlencoded\s*(?:;|$)/i.test(c.req.header("Content-Type") ?? "");
  if (!isForm || !isSameOrigin(c)) return refuse(c, { reason: "csrf_failed" });
  const form = new URLSearchParams(await c.req.text());
  if (!(await isSameSecret(form.get(CSRF_FIELD) ?? "", c.var.csrfToken)))
    return refuse(c, { reason: "csrf_failed" });
  c.set("form", form);
  return await next();
});

/** Browsers send `Origin` with every POST. A client that sends none must still have the token. */
export function isSameOrigin(c: PortalRequest): boolean {
  const origin = c.req.header("Origin");
  return origin === undefined || origin === new URL(c.req.url).origin;
}
