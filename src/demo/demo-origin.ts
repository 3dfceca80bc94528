/**
 * A stand-in for the API behind the gateway: the three endpoints of the walkthrough, served from memory.
 *
 * Guarantees that only the gateway can call it, and one log line per request, without the query string. It is not
 * deployed: it runs on Node, on loopback only.
 */
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { createAdaptorServer } from "@hono/node-server";
import { type Context, Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { createMiddleware } from "hono/factory";
import * as v from "valibot";
import { type OriginMode, Posts } from "./posts.ts";
import { type AssertionVerifier, assertionVerifier, type Caller } from "./verify-assertion.ts";

const BODY_MAX_BYTES = 1024 * 1024;
const DELAY_MAX_MS = 30_000;

/** The mode of the keys that each origin serves. */
const KEY_MODE = { live: "live", sandbox: "test" } as const;

const newPostInput = v.object({
  content: v.pipe(v.string(), v.nonEmpty()),
  platforms: v.pipe(v.array(v.string()), v.nonEmpty()),
});

/** Receives one line of text, without a line break. */
export type Log = (line: string) => void;

interface OriginEnv {
  Variables: { caller: Caller };
}

export function createDemoOrigin(options: {
  readonly mode: OriginMode;
  readonly verify: AssertionVerifier;
  readonly log?: Log;
  readonly now?: () => Date;
}): Hono<OriginEnv> {
  const { mode, verify, log = () => {}, now = () => new Date() } = options;
  const posts = new Posts(mode);
  const app = new Hono<OriginEnv>();
  app.use(logRequest(mode, log));
  app.use(requireCaller(verify));
  app.use(bodyLimit({ maxSize: BODY_MAX_BYTES, onError: (c) => badRequest(c, "The body is too large") }));
  app.use(delay);
  app.get("/v1/posts", (c) => c.json({ posts: posts.list(c.var.caller.account, now()) }));
  app.post("/v1/posts", async (c) => {
    const input = v.safeParse(newPostInput, await c.req.json().catch(() => null));
    if (!input.success) return badRequest(c, "content and platforms are required");
    return c.json(posts.create(c.var.caller.account, input.output, now()), 201);
  });
  app.post("/v1/posts/:id/publish", (c) => {
    const post = posts.publish(c.var.caller.account, c.req.param("id"), now());
    return post === null ? notFound(c) : c.json(post);
  });
  app.notFound(notFound);
  app.onError((_error, c) => c.json({ error: "Internal error of the origin", code: "internal_error" }, 500));
  return app;
}

export interface ServedOrigin {
  readonly url: string;
  /** Closes open connections too; resolves when the port is free. */
  close(): Promise<void>;
}

/** Port 0 means any free port. Rejects when the port is in use. `jwksUrl`: the gateway's public keys. */
export async function serveDemoOrigin(settings: {
  readonly mode: OriginMode;
  readonly port: number;
  readonly jwksUrl: string;
  readonly log: Log;
}): Promise<ServedOrigin> {
  const { mode, jwksUrl, log } = settings;
  // Created on the first request: the audience is this server's own URL, which is known once it listens.
  let app: Hono<OriginEnv> | undefined;
  const fetch: Hono["fetch"] = (request, env) => {
    const expected = { jwksUrl, audience: urlOf(server), mode: KEY_MODE[mode] };
    app ??= createDemoOrigin({ mode, log, verify: assertionVerifier(expected) });
    return app.fetch(request, env);
  };
  // Without HTTP/2, the adapter creates a plain server of node:http.
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
    // The adapter watches for a disconnect only after the signal has been read.
    const { signal } = c.req.raw;
    await next();
    log(`${mode} origin  ${c.req.method} ${c.req.path} ${signal.aborted ? "aborted" : c.res.status}`);
  });
}

function requireCaller(verify: AssertionVerifier) {
  return createMiddleware<OriginEnv>(async (c, next) => {
    const caller = await verify(c.req.header("X-Octopost-Assertion"));
    if (caller === null) {
      return c.json({ error: "Only the gateway may call this origin", code: "unauthorized" }, 401);
    }
    c.set("caller", caller);
    return await next();
  });
}

/** `?demo_delay_ms=5000` delays the answer, so that a reader has time to revoke a key in use. */
const delay = createMiddleware(async (c, next) => {
  const delayMs = c.req.query("demo_delay_ms");
  if (delayMs !== undefined) {
    if (!/^\d{1,5}$/.test(delayMs) || Number(delayMs) > DELAY_MAX_MS) {
      return badRequest(c, `demo_delay_ms must be a whole number up to ${DELAY_MAX_MS}`);
    }
    await sleep(Number(delayMs), undefined, { signal: c.req.raw.signal });
  }
  return await next();
});

function badRequest(c: Context, error: string): Response {
  return c.json({ error, code: "bad_request" }, 400);
}

function notFound(c: Context): Response {
  return c.json({ error: "Not found", code: "not_found" }, 404);
}
