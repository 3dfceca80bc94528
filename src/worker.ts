/**
 * The entry point: routes a request to the gateway (`/v1/*`), the control plane (`/control/v1/*`) or the key page
 * (`/portal/*`).
 *
 * Guarantees that nothing is served with a setting missing or malformed, and that a fault anywhere is a 500 without
 * details.
 */
import type { Context } from "hono";
import { createMiddleware } from "hono/factory";
import { controlApi } from "./control/control-api.ts";
import type { ControlPlane } from "./control/control-plane.ts";
import type { Env } from "./env.ts";
import { parsedPath } from "./gateway/accept-request.ts";
import { Hono } from "./http/hono.ts";
import { PLAIN_HOST } from "./http/host.ts";
import { type IsolateContext, isolateContext } from "./isolate-context.ts";
import { logException, logInvalidSetting, logRefusal } from "./log.ts";
import { type InvalidSetting, isRefusal, type Refusal, refusalResponse } from "./refusals.ts";
import type { Settings } from "./settings.ts";

export { KeyService } from "./control/key-service.ts";
export { KeyLedger } from "./ledger/key-ledger.ts";

/** How long an origin may cache the public keys. A new key is published this long before it signs. */
const JWKS_MAX_AGE_SECONDS = 300;

interface WorkerContext {
  Bindings: Env;
  Variables: { requestId: string; settings: Settings; controlPlane: ControlPlane };
}

const NO_PATH = "";

/** A request with a malformed Host has no path. */
const MALFORMED_HOST: Refusal = {
  reason: "malformed_path",
  details: { host: "must be a host name or an address, and a port" },
};

const OUTSIDE_API: Refusal = { reason: "outside_api" };

const app = new Hono<WorkerContext>({ getPath: pathOf });

/** The parsed path, never Hono's decoded one: `/%761/posts` must not find a route. */
function pathOf(request: Request): string {
  const host = request.headers.get("Host");
  if (host !== null && !PLAIN_HOST.test(host)) return NO_PATH;
  return parsedPath(request.url);
}

/** Sets the request id and the settings; returns a response when a setting is missing or malformed. */
function openContext(c: Context<WorkerContext>): IsolateContext | Response {
  const requestId = crypto.randomUUID();
  c.set("requestId", requestId);
  const isolate = isolateContext();
  if (isRefusal(isolate)) return refuseSetting(isolate, requestId);
  c.set("settings", isolate.settings);
  return isolate;
}

function refuseSetting(refusal: InvalidSetting, requestId: string): Response {
  logInvalidSetting(requestId, refusal.setting);
  return refusalResponse(refusal, requestId, null);
}

/** Bypasses Hono's router, which builds its matchers at its first request: no API request should wait for it. */
async function answerApi(request: Request, ctx: ExecutionContext): Promise<Response> {
  const requestId = crypto.randomUUID();
  const isolate = isolateContext();
  if (isRefusal(isolate)) return refuseSetting(isolate, requestId);
  const { settings, gateway } = isolate;
  try {
    const refusal = settings.controlHost === null ? null : refuseHost(settings.controlHost, request);
    if (refusal === null) return await gateway.answer(request, requestId, ctx);
    logRefusal(requestId, request.method, refusal);
    return refusalResponse(refusal, requestId, settings.docsUrl);
  } catch (error) {
    logException(requestId, error);
    return refusalResponse({ reason: "exception" }, requestId, settings.docsUrl);
  }
}

/** The API is not served on the host of the control plane. */
function refuseHost(controlHost: string, request: Request): Refusal | null {
  if (!URL.canParse(request.url)) return MALFORMED_HOST;
  return hasHostname(controlHost, request) ? OUTSIDE_API : null;
}

const withContext = createMiddleware<WorkerContext>(async function withContext(c, next) {
  const isolate = openContext(c);
  if (isolate instanceof Response) return isolate;
  c.set("controlPlane", isolate.controlPlane);
  if (!URL.canParse(c.req.url)) return refuse(c, MALFORMED_HOST);
  return await next();
});

app.get("/healthz", withContext, (c) => {
  const version = c.env.CF_VERSION_METADATA?.id ?? "local";
  return c.json({ status: "ok", version }, 200, {
    "Cache-Control": "no-store",
    "X-Request-Id": c.var.requestId,
  });
});

// Public keys only; origins fetch it to verify `X-Octopost-Assertion`.
app.get("/.well-known/jwks.json", withContext, (c) => {
  return c.json({ keys: c.var.settings.assertionKeys.published }, 200, {
    "Cache-Control": `public, max-age=${JWKS_MAX_AGE_SECONDS}`,
    "X-Request-Id": c.var.requestId,
  });
});

/** With `CONTROL_HOST` set, the control plane and the key page are served on that host only. */
const onControlHost = createMiddleware<WorkerContext>(async function onControlHost(c, next) {
  const { controlHost } = c.var.settings;
  if (controlHost === null || hasHost(controlHost, c.req.raw)) return await next();
  return refuse(c, OUTSIDE_API);
});

app.all(
  "/control/*",
  withContext,
  onControlHost,
  async (c) => await controlApi.fetch(c.req.raw, { ...c.var }),
);

// Imported at the first request for it, so that no API request waits for it.
app.all("/portal/*", withContext, onControlHost, async (c) => {
  const { keyPage } = await import("./portal/key-page.tsx");
  const { settings, controlPlane, requestId } = c.var;
  return await keyPage.fetch(c.req.raw, { settings, controlPlane, requestId, now: Date.now });
});

app.notFound((c) => {
  const isolate = openContext(c);
  if (isolate instanceof Response) return isolate;
  return refuse(c, c.req.path === NO_PATH ? MALFORMED_HOST : OUTSIDE_API);
});

app.onError((error, c) => {
  logException(c.var.requestId, error);
  return refusalResponse({ reason: "exception" }, c.var.requestId, c.var.settings.docsUrl);
});

function hasHost(host: string, request: Request): boolean {
  return new URL(request.url).host === host;
}

/** The same whatever the port, and with a trailing dot too: for DNS it is the same host. */
function hasHostname(host: string, request: Request): boolean {
  return new URL(request.url).hostname.replace(/\.+$/, "") === host.replace(/:\d+$/, "");
}

function refuse(c: Context<WorkerContext>, refusal: Refusal): Response {
  logRefusal(c.var.requestId, c.req.method, refusal);
  return refusalResponse(refusal, c.var.requestId, c.var.settings.docsUrl);
}

export default {
  fetch(request, env, ctx) {
    const path = pathOf(request);
    if (path === "/v1" || path.startsWith("/v1/")) return answerApi(request, ctx);
    return app.fetch(request, env, ctx);
  },
} satisfies ExportedHandler<Env>;
