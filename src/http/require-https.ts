/**
 * Refuses plain HTTP where control tokens, links and session cookies travel, and makes browsers use HTTPS for the host
 * from then on (HSTS, RFC 6797). Loopback is exempt.
 *
 * The scheme is that of the request's URL, which Cloudflare sets; no header of the client changes it.
 */
import type { Context, MiddlewareHandler } from "hono";
import { isLoopback } from "./host.ts";

/** One year, for this host only: its subdomains may belong to other teams. */
const HSTS = "max-age=31536000";

export function requireHttps<Env extends object>(
  refuse: (c: Context<Env>) => Response | Promise<Response>,
): MiddlewareHandler<Env> {
  return async function requireHttps(c, next) {
    const { protocol, hostname } = new URL(c.req.url);
    if (isLoopback(hostname)) return await next();
    if (protocol !== "https:") return await refuse(c);
    await next();
    c.header("Strict-Transport-Security", HSTS);
  };
}
