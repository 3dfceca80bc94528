/**
 * One proxy outside Workers: `server.js none|bearer|better-auth ORIGIN KEY DIRECTORY`. All three are the same Fastify with
 * `@fastify/http-proxy` and differ in the check before it. Each knows only one key, which is the best case for a check that
 * compares with every key.
 */
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { apiKey } from "@better-auth/api-key";
import bearerAuth from "@fastify/bearer-auth";
import proxy from "@fastify/http-proxy";
import { betterAuth } from "better-auth";
import { getMigrations } from "better-auth/db/migration";
import Fastify from "fastify";

const [check, origin, key, directory] = process.argv.slice(2);

/** Each installs the key check for one scope. */
const CHECKS = {
  none: async () => {},
  bearer: (scope) => scope.register(bearerAuth, { keys: new Set([key]) }),
  "better-auth": async (scope) => {
    const auth = await authWithKey();
    scope.addHook("onRequest", async (request, reply) => {
      const [, sent = ""] = /^Bearer (.+)$/.exec(request.headers.authorization ?? "") ?? [];
      const { valid } = await auth.api.verifyApiKey({ body: { key: sent } });
      if (!valid) return reply.code(401).send({ error: "Invalid or expired API key", code: "unauthorized" });
    });
  },
};

/** Better Auth with one user and one key. Its rate limit is off, because it would refuse the load. */
async function authWithKey() {
  const database = new DatabaseSync(join(directory, "better-auth.sqlite"));
  // It writes with each check; this is the fastest mode that survives a crash of the process.
  database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL");
  const auth = betterAuth({
    baseURL: "http://127.0.0.1",
    secret: "a secret of the benchmark, for nobody else",
    database,
    telemetry: { enabled: false },
    logger: { disabled: true },
    plugins: [apiKey({ rateLimit: { enabled: false }, customKeyGenerator: () => key })],
  });
  await (await getMigrations(auth.options)).runMigrations();
  const { internalAdapter } = await auth.$context;
  const user = await internalAdapter.createUser({ name: "Bench", email: "bench@example.com" });
  await auth.api.createApiKey({ body: { userId: user.id } });
  return auth;
}

const server = Fastify();
await server.register(async (scope) => {
  await CHECKS[check](scope);
  await scope.register(proxy, { upstream: origin, prefix: "/v1", rewritePrefix: "/v1" });
});
await server.listen({ port: 0, host: "127.0.0.1" });
process.send?.({ port: server.server.address().port });
process.on("disconnect", () => process.exit());
