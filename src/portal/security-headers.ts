/**
 * What every answer of the key page tells the browser: keep nothing, run nothing that is not this page's own, be
 * in nobody's frame, and tell other sites nothing.
 */
import { createMiddleware } from "hono/factory";
import type { PortalContext } from "./portal-context.ts";

const NONCE_BYTES = 16;

export const securityHeaders = createMiddleware<PortalContext>(async (c, next) => {
  const nonce = btoa(String.fromCharCode(...crypto.getRandomValues(new Uint8Array(NONCE_BYTES))));
  c.set("nonce", nonce);
  await next();
  c.header("Cache-Control", "no-store");
  c.header("Content-Security-Policy", policy(nonce));
  // For browsers that do not know `frame-ancestors`.
  c.header("X-Frame-Options", "DENY");
  c.header("X-Content-Type-Options", "nosniff");
  // With `no-referrer` a browser would not say where a form comes from.
  c.header("Referrer-Policy", "same-origin");
  c.header("Cross-Origin-Opener-Policy", "same-origin");
  c.header("Cross-Origin-Resource-Policy", "same-origin");
  c.header("X-Robots-Tag", "noindex");
  c.header("X-Request-Id", c.env.requestId);
});

function policy(nonce: string): string {
  return [
    "default-src 'none'",
    `script-src 'nonce-${nonce}'`,
    `style-src 'nonce-${nonce}'`,
    // The script shows this page's own pages in a dialog.
    "connect-src 'self'",
    "form-action 'self'",
    "frame-ancestors 'none'",
    "base-uri 'none'",
  ].join("; ");
}
