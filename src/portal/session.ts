/**
 * The session cookie of the key page: not readable by scripts, not settable by another host and, outside this machine,
 * sent over HTTPS only. Whether a session is valid is decided by the account's ledger on every request, never here.
 */
import { getCookie, setCookie } from "hono/cookie";
import { createMiddleware } from "hono/factory";
import type { PortalSession } from "../control/portal-sessions.ts";
import { boundToSession } from "../control/portal-token.ts";
import { isLoopback } from "../http/host.ts";
import { isRefusal } from "../refusals.ts";
import { refuse } from "./notices.tsx";
import type { PortalContext, PortalRequest } from "./portal-context.ts";

const COOKIE = "octopost_key_page";

/** Refuses a request without a valid session; sets the session and its CSRF token otherwise. */
export const requireSession = createMiddleware<PortalContext>(async (c, next) => {
  const token = getCookie(c, COOKIE, prefixOf(c)) ?? "";
  const session = await c.env.operations.portal.find(token);
  if (isRefusal(session)) return refuse(c, session);
  c.set("session", session);
  c.set("csrfToken", await boundToSession(session.token, "form token"));
  return await next();
});

/** Sets the session cookie for as long as the session lasts. */
export function setSessionCookie(c: PortalRequest, { token, endsAt }: PortalSession): void {
  writeCookie(c, token, Math.max(0, Math.floor((endsAt - c.env.now()) / 1000)));
}

export function clearSessionCookie(c: PortalRequest): void {
  writeCookie(c, "", 0);
}

function writeCookie(c: PortalRequest, value: string, maxAge: number): void {
  const prefix = prefixOf(c);
  const options = { path: "/", httpOnly: true, secure: prefix === "host", sameSite: "Lax", maxAge } as const;
  if (prefix === "host") setCookie(c, COOKIE, value, { ...options, prefix });
  else setCookie(c, COOKIE, value, options);
}

/** `__Host-` (RFC 6265bis §4.1.3.2): HTTPS only, this host only. Browsers reject that prefix over plain HTTP. */
function prefixOf(c: PortalRequest): "host" | undefined {
  const { protocol, hostname } = new URL(c.req.url);
  return protocol === "http:" && isLoopback(hostname) ? undefined : "host";
}
