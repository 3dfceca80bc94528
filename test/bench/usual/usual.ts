/**
 * An implementation from the documentation, for comparison: Hono's bearer-auth and proxy, and for each request a KV read to
 * find the key and a Durable Object call to check whether it is revoked. It gives no guarantee for requests in flight, and
 * forwards all of the client's headers.
 */
import { DurableObject } from "cloudflare:workers";
import { type Context, Hono } from "hono";
import { bearerAuth } from "hono/bearer-auth";
import { proxy } from "hono/proxy";

interface Env {
  readonly API_KEYS: KVNamespace;
  readonly KEY_LEDGER: DurableObjectNamespace<KeyLedger>;
  readonly LIVE_ORIGIN: string;
}

interface KeyRecord {
  readonly id: string;
  readonly account: string;
}

const ACCOUNT = "acct";

export class KeyLedger extends DurableObject<Env> {
  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    ctx.storage.sql.exec("CREATE TABLE IF NOT EXISTS keys (id TEXT PRIMARY KEY, revoked_at INTEGER)");
  }

  add(id: string): void {
    this.ctx.storage.sql.exec("INSERT INTO keys (id) VALUES (?)", id);
  }

  isGood(id: string): boolean {
    const [key] = this.ctx.storage.sql.exec("SELECT revoked_at FROM keys WHERE id = ?", id).toArray();
    return key !== undefined && key.revoked_at === null;
  }
}

const app = new Hono<{ Bindings: Env }>();

app.post("/keys", async (c) => {
  const secret = await c.req.text();
  const id = crypto.randomUUID();
  await c.env.KEY_LEDGER.getByName(ACCOUNT).add(id);
  await c.env.API_KEYS.put(await nameOf(secret), JSON.stringify({ id, account: ACCOUNT }));
  return c.body(null, 201);
});

app.use(
  "/v1/*",
  bearerAuth({
    verifyToken: async (token, c: Context<{ Bindings: Env }>) => {
      const record = await c.env.API_KEYS.get<KeyRecord>(await nameOf(token), "json");
      return record !== null && (await c.env.KEY_LEDGER.getByName(record.account).isGood(record.id));
    },
  }),
);

app.all("/v1/*", (c) => {
  const { pathname, search } = new URL(c.req.url);
  return proxy(c.env.LIVE_ORIGIN + pathname + search, c.req);
});

async function nameOf(secret: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(secret));
  return `key:${Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}

export default app;
