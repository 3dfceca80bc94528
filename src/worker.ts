/**
 * The front door: checks the bindings, then hands a request to the gateway (`/v1/*`), to the control plane
 * (`/control/v1/*`) or to the key page (`/portal/*`).
 *
 * Guarantees that nothing is served half-configured, and that a fault here or behind is a 500 which
 * tells nothing.
 */
import { type Context, Hono } from "hono";
import { createMiddleware } from "hono/factory";
import { type Env, readSettings, type Settings } from "./bindings.ts";
import { controlApi } from "./control/control-api.ts";
import { KeyOperations } from "./control/key-operations.ts";
import { Gateway } from "./gateway/gateway.ts";
import { FailedLookUps } from "./keys/failed-look-ups.ts";
import { RecordFinder } from "./keys/find-record.ts";
import { logException, logInvalidSetting, logRefusal } from "./log.ts";
import { type Refusal, refusalResponse } from "./refusals.ts";

export { KeyService } from "./control/key-service.ts";
export { KeyLedger } from "./ledger/key-ledger.ts";

/** How long an origin may keep the public keys; a new one is published that long before it signs. */
const JWKS_MAX_AGE_SECONDS = 300;

interface FrontDoor {
  Bindings: Env;
  Variables: { settings: Settings; requestId: string; gateway: Gateway; operations: KeyOperations };
}

interface Isolate {
  readonly env: Env;
  readonly settings: Settings;
  readonly gateway: Gateway;
  readonly operations: KeyOperations;
}

/** What this isolate remembers; made anew should the bindings change. */
let isolate: Isolate | undefined;

const NO_PATH = "";

// The raw path, never Hono's decoded one: `/%761/posts` must not find a route.
const app = new Hono<FrontDoor>({ getPath: (request) => URL.parse(request.url)?.pathname ?? NO_PATH });

app.use(async function checkBindings(c, next) {
  c.set("requestId", crypto.randomUUID());
  if (isolate?.env !== c.env) {
    const settings = readSettings(c.env);
    if ("invalidSetting" in settings) {
      logInvalidSetting(c.var.requestId, settings.invalidSetting);
      return refusalResponse({ reason: "invalid_setting" }, c.var.requestId);
    }
    isolate = openIsolate(c.env, settings);
  }
  c.set("settings", isolate.settings);
  c.set("gateway", isolate.gateway);
  c.set("operations", isolate.operations);
  return await next();
});

function openIsolate(env: Env, settings: Settings): Isolate {
  const finder = new RecordFinder(env, settings, new FailedLookUps(env.FAILED_LOOK_UPS, Date.now));
  return {
    env,
    settings,
    gateway: new Gateway(env, settings, finder),
    operations: new KeyOperations(env, settings, finder, Date.now),
  };
}

app.get("/healthz", (c) => {
  const version = c.env.CF_VERSION_METADATA?.id ?? "local";
  return c.json({ status: "ok", version }, 200, {
    "Cache-Control": "no-store",
    "X-Request-Id": c.var.requestId,
  });
});

// Public parts only; origins fetch it to verify `X-Octopost-Assertion`.
app.get("/.well-known/jwks.json", (c) => {
  return c.json({ keys: c.var.settings.assertionKeys.published }, 200, {
    "Cache-Control": `public, max-age=${JWKS_MAX_AGE_SECONDS}`,
    "X-Request-Id": c.var.requestId,
  });
});

/** With `CONTROL_HOST` set, keys are managed on that host alone, and the API answers on the others alone. */
const servedOn = (plane: "control" | "data") =>
  createMiddleware<FrontDoor>(async function checkHost(c, next) {
    const { controlHost } = c.var.settings;
    const isControlHost = new URL(c.req.url).host === controlHost;
    if (controlHost === null || isControlHost === (plane === "control")) return await next();
    return refuse(c, { reason: "outside_api" });
  });

app.use("/control/*", servedOn("control"));
app.route("/control/v1", controlApi);

app.use("/portal/*", servedOn("control"));
// Loaded by its first visitor, so that no request to the API waits for it.
app.all("/portal/*", async (c) => {
  const { keyPage } = await import("./portal/key-page.tsx");
  const { settings, operations, requestId } = c.var;
  return await keyPage.fetch(c.req.raw, { settings, operations, requestId, now: Date.now });
});

app.use("/v1/*", servedOn("data"));
app.all("/v1/*", (c) => c.var.gateway.answer(c.req.raw, c.var.requestId, c.executionCtx as ExecutionContext));

// A Host that makes no URL leaves no path to judge.
app.notFound((c) => refuse(c, { reason: URL.canParse(c.req.url) ? "outside_api" : "malformed_path" }));

app.onError((error, c) => {
  logException(c.var.requestId, error);
  return refusalResponse({ reason: "exception" }, c.var.requestId);
});

function refuse(c: Context<FrontDoor>, refusal: Refusal): Response {
  logRefusal(c.var.requestId, c.req.method, refusal);
  return refusalResponse(refusal, c.var.requestId);
}

export default app;
