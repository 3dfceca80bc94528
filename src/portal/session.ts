/**
 * The session cookie of the key page: not readable by scripts, not settable by another host and, outside this machine,
 * sent over HTTPS only. Whether a session is valid is decided by the account's ledger on every request, never here.
 */
import { getCookie, setCookie } from "hono/cookie";
import { createMiddleware } from "hono/factory";
import type { PortalSession } from "../control/portal-sessions.ts";
import { boundToSession } from "../control/portal-token.ts";
import { isLoopback } from "../http/host.ts";
import { isRefusal, type Refusal } from "../refusals.ts";
import { refuse, showSignedOut } from "./notices.tsx";
import { type PortalContext, type PortalRequest, paths } from "./portal-context.ts";

const COOKIE = "octopost_key_page";

/** The time in which a browser follows the redirect after a link. */
const REDIRECT_MAX_SECONDS = 60;

/** Refuses a request without a valid session; sets the session and its CSRF token otherwise. */
export const requireSession = createMiddleware<PortalContext>(async (c, next) => {
  const session = (await findSession(c)) ?? refusalWithoutCookie(c);
  if (isRefusal(session)) {
    // A second click on the same button: the first one has signed out.
    const isSignOut = c.req.method === "POST" && c.req.path === paths.signOut;
    const hasEnded = session.reason === "session_ended" && getSessionToken(c) !== undefined;
    return isSignOut && hasEnded ? showSignedOut(c, session.returnUrl) : refuse(c, session);
  }
  c.set("session", session);
  c.set("csrfToken", await boundToSession(session.token, "form token"));
  return await next();
});

/** null: the browser sent no session cookie. */
export async function findSession(c: PortalRequest): Promise<PortalSession | Refusal | null> {
  const token = getSessionToken(c);
  return token === undefined ? null : await c.env.controlPlane.portal.find(token);
}

/** `entered`: when the cookie was set. Missing so soon after that, it was not accepted. */
function refusalWithoutCookie(c: PortalRequest): Refusal {
  const entered = c.req.query("entered") ?? "";
  const seconds = /^\d{1,12}$/.test(entered) ? c.env.now() / 1000 - Number(entered) : Number.NaN;
  const isRedirect = Math.abs(seconds) <= REDIRECT_MAX_SECONDS;
  return isRedirect ? { reason: "cookies_blocked" } : { reason: "session_ended", returnUrl: null };
}

function getSessionToken(c: PortalRequest): string | undefined {
  return getCookie(c, COOKIE, prefixOf(c));
}

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
