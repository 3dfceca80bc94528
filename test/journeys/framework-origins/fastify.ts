/** The API on Fastify: its serialised JSON, its streams as payloads, its own 404 and 500. */
import type { RequestListener } from "node:http";
import { Readable } from "node:stream";
import { setTimeout as pause } from "node:timers/promises";
import fastify, { type FastifyReply } from "fastify";
import {
  BETWEEN_PIECES_MS,
  COOKIES,
  DISPOSITION,
  ETAG,
  EVENTS,
  fileFor,
  LARGE,
  PIECES,
  POSTS,
  POSTS_GZIP,
  POSTS_JSON,
} from "./content.ts";

export async function fastifyListener(): Promise<RequestListener> {
  const app = fastify();
  app.addContentTypeParser("application/octet-stream", (_request, payload, done) => done(null, payload));
  app.get("/v1/posts", async (request, reply) => {
    reply.header("ETag", ETAG);
    if (request.headers["if-none-match"]?.includes(ETAG)) return reply.code(304).send();
    return POSTS;
  });
  app.get("/v1/posts/file", async (request, reply) => {
    const { status, headers, body } = fileFor(request.headers);
    return reply.code(status).headers(headers).send(body);
  });
  app.get("/v1/posts/gzip", async (request, reply) => {
    reply.header("Vary", "Accept-Encoding").type("application/json");
    if (!request.headers["accept-encoding"]?.includes("gzip")) return reply.send(POSTS_JSON);
    // A stream has no length: this one goes out in chunks.
    return reply.header("Content-Encoding", "gzip").send(Readable.from([POSTS_GZIP]));
  });
  app.get("/v1/posts/chunked", async (_request, reply) => sendPieces(reply, "application/json", PIECES));
  app.get("/v1/posts/large", async (_request, reply) => reply.type("text/plain").send(LARGE));
  app.get("/v1/posts/events", async (_request, reply) => sendPieces(reply, "text/event-stream", EVENTS));
  app.get("/v1/posts/download", async (_request, reply) =>
    reply.header("Content-Disposition", DISPOSITION).type("application/pdf").send("%PDF"),
  );
  app.get("/v1/posts/cookies", async (_request, reply) => reply.header("Set-Cookie", COOKIES).send({}));
  app.get("/v1/posts/moved", async (_request, reply) => reply.redirect("/v1/posts", 308));
  app.get("/v1/posts/broken", async () => {
    throw new Error("a fault of the origin's");
  });
  app.post("/v1/posts", async (request, reply) =>
    reply.code(201).header("Location", "/v1/posts/new").send(request.body),
  );
  app.put("/v1/posts/echo", async (request, reply) => reply.send(request.body));
  app.delete("/v1/posts/one", async (_request, reply) => reply.code(204).send());
  await app.ready();
  return app.routing;
}

function sendPieces(reply: FastifyReply, type: string, pieces: readonly string[]): FastifyReply {
  return reply.type(type).send(Readable.from(paced(pieces)));
}

async function* paced(pieces: readonly string[]): AsyncGenerator<string> {
  for (const piece of pieces) {
    yield piece;
    await pause(BETWEEN_PIECES_MS);
  }
}
