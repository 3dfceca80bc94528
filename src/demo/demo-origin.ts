/**
 * A stand-in for the API behind the gateway: every documented endpoint, served from memory, so that
 * a reader sees the gateway at work without an Octopost account.
 *
 * Guarantees the documented shapes and errors, one log line per request, that only the gateway can call it,
 * and that data of one account is never shown to another. Not part of what is deployed; runs on Node, on
 * loopback only.
 */
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { createAdaptorServer } from "@hono/node-server";
import { Hono, type MiddlewareHandler } from "hono";
import { bodyLimit } from "hono/body-limit";
import { createMiddleware } from "hono/factory";
import type { OriginMode } from "./account-data.ts";
import { accountRoutes } from "./accounts.ts";
import { KEY_MODE, type OriginEnv, openAccount } from "./origin-identity.ts";
import { answerError, Refusal } from "./origin-refusals.ts";
import { postRoutes } from "./posts.ts";
import { presetRoutes } from "./presets.ts";
import { type CallerEnv, verifyAssertion } from "./verify-assertion.ts";
import { webhookRoutes } from "./webhooks.ts";

const BODY_MAX_BYTES = 1024 * 1024;
const DELAY_MAX_MS = 30_000;

/** Takes one finished line of text, without a line break. */
export type Log = (line: string) => void;

export interface DemoOriginParts {
  mode: OriginMode;
  /** Sets the caller or refuses the request. */
  verify: MiddlewareHandler<CallerEnv>;
  log?: Log;
  now?: () => Date;
}

export function createDemoOrigin(parts: DemoOriginParts): Hono<OriginEnv> {
  const { mode, verify, log = () => {}, now = () => new Date() } = parts;
  const app = new Hono<OriginEnv>();
  app.use(logRequest(mode, log));
  app.use(verify);
  app.use(openAccount(mode, now));
  app.use(bodyLimit({ maxSize: BODY_MAX_BYTES, onError: refuseTooLarge }));
  app.use(waitWhenAsked);
  app.route("/v1/posts", postRoutes(now));
  app.route("/v1/accounts", accountRoutes());
  app.route("/v1/presets", presetRoutes(now));
  app.route("/v1/webhooks", webhookRoutes(now));
  app.notFound(() => {
    throw new Refusal("not_found", "No such endpoint");
  });
  app.onError(answerError);
  return app;
}

export interface ServedOrigin {
  url: string;
  /** Ends open connections too; settles when the port is free again. */
  close(): Promise<void>;
}

/** Port 0 takes any free port. Rejects when the port cannot be had. `jwksUrl`: the gateway's public keys. */
export async function serveDemoOrigin(settings: {
  mode: OriginMode;
  port: number;
  jwksUrl: string;
  log: Log;
}): Promise<ServedOrigin> {
  const { mode, jwksUrl, log } = settings;
  // Made on the first request, since only a server that listens knows its own address.
  let app: Hono<OriginEnv> | undefined;
  const fetch: Hono["fetch"] = (request, env) => {
    app ??= createDemoOrigin({
      mode,
      log,
      verify: verifyAssertion({ jwksUrl, audience: urlOf(server), mode: KEY_MODE[mode] }),
    });
    return app.fetch(request, env);
  };
  // No HTTP/2 is asked for, so what comes back is the plain server of node:http.
  const server = createAdaptorServer({ fetch, overrideGlobalObjects: false }) as Server;
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(settings.port, "127.0.0.1", resolve);
  });
  return {
    url: urlOf(server),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function urlOf(server: Server): string {
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function logRequest(mode: OriginMode, log: Log) {
  return createMiddleware(async (c, next) => {
    // The adapter only watches for a disconnect once the signal has been asked for.
    const { signal } = c.req.raw;
    await next();
    const outcome = signal.aborted ? "cut off" : c.res.status;
    log(`${mode} origin  ${c.req.method} ${new URL(c.req.url).pathname} ${outcome}`);
  });
}

/**
 * `?demo_delay_ms=5000` makes the origin take that long, so that a reader has the time to revoke a
 * key while its request is under way. This parameter is the demo's own.
 */
const waitWhenAsked = createMiddleware(async (c, next) => {
  const asked = c.req.query("demo_delay_ms");
  if (asked !== undefined) {
    const delayMs = Number(asked);
    if (!/^\d+$/.test(asked) || delayMs > DELAY_MAX_MS) {
      throw new Refusal("bad_request", `demo_delay_ms must be a whole number up to ${DELAY_MAX_MS}`);
    }
    await sleep(delayMs, undefined, { signal: c.req.raw.signal });
  }
  await next();
});

function refuseTooLarge(): never {
  throw new Refusal("bad_request", `Request body must be at most ${BODY_MAX_BYTES} bytes long`);
}
