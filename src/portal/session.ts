/**
 * The session of the key page: a cookie that no script reads, that no other host can set, and that goes over https
 * alone (but on this machine). What it is worth only the account's ledger says, at every request.
 */
import { getCookie, setCookie } from "hono/cookie";
import { createMiddleware } from "hono/factory";
import type { PortalSession } from "../control/portal-sessions.ts";
import { boundToSession } from "../control/portal-token.ts";
import { isRefusal } from "../refusals.ts";
import { refuse } from "./notices.tsx";
import type { PortalContext, PortalRequest } from "./portal-context.ts";

const NAME = "octopost_key_page";

/** Lets nobody past who is not signed in, and sets who is. */
export const requireSession = createMiddleware<PortalContext>(async (c, next) => {
  const token = getCookie(c, NAME, prefixOf(c)) ?? "";
  const visit = await c.env.operations.portal.find(token);
  if (isRefusal(visit)) return refuse(c, visit);
  c.set("visit", visit);
  c.set("formToken", await boundToSession(visit.token, "form token"));
  return await next();
});

/** Gives the browser the session's token, for as long as the session lasts. */
export function keepSession(c: PortalRequest, { token, endsAt }: PortalSession): void {
  setCookieTo(c, token, Math.max(0, Math.floor((endsAt - c.env.now()) / 1000)));
}

export function dropSession(c: PortalRequest): void {
  setCookieTo(c, "", 0);
}

function setCookieTo(c: PortalRequest, value: string, maxAge: number): void {
  const prefix = prefixOf(c);
  const options = { path: "/", httpOnly: true, secure: prefix === "host", sameSite: "Lax", maxAge } as const;
  if (prefix === "host") setCookie(c, NAME, value, { ...options, prefix });
  else setCookie(c, NAME, value, options);
}

/** `__Host-`: https alone, this host alone. Browsers let that name be set nowhere on plain http. */
function prefixOf(c: PortalRequest): "host" | undefined {
  const { protocol, hostname } = new URL(c.req.url);
  const isThisMachine = ["localhost", "127.0.0.1", "[::1]"].includes(hostname);
  return protocol === "http:" && isThisMachine ? undefined : "host";
}
