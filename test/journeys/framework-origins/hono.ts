/** The API on Hono for Node: its `etag` and `compress` middleware, its streams and server-sent events. */
import type { RequestListener } from "node:http";
import { getRequestListener } from "@hono/node-server";
import { Hono } from "hono";
import { compress } from "hono/compress";
import { etag } from "hono/etag";
import { stream, streamSSE } from "hono/streaming";
import {
  BETWEEN_PIECES_MS,
  COOKIES,
  DISPOSITION,
  EVENTS,
  fileFor,
  LARGE,
  PIECES,
  POSTS,
  POSTS_JSON,
} from "./content.ts";

export function honoListener(): RequestListener {
  const app = new Hono();
  app.get("/v1/posts", etag(), (c) => c.json(POSTS));
  app.get("/v1/posts/file", (c) => {
    const { status, headers, body } = fileFor(c.req.header());
    return new Response(body && new Uint8Array(body), { status, headers });
  });
  app.get("/v1/posts/gzip", compress({ threshold: 1 }), (c) => {
    c.header("Content-Type", "application/json");
    return c.body(new Uint8Array(POSTS_JSON));
  });
  app.get("/v1/posts/chunked", (c) => {
    c.header("Content-Type", "application/json");
    return stream(c, async (out) => {
      for (const piece of PIECES) {
        await out.write(piece);
        await out.sleep(BETWEEN_PIECES_MS);
      }
    });
  });
  app.get("/v1/posts/large", (c) => c.body(new Uint8Array(LARGE), 200, { "Content-Type": "text/plain" }));
  app.get("/v1/posts/events", (c) =>
    streamSSE(c, async (out) => {
      for (const event of EVENTS) {
        await out.write(event);
        await out.sleep(BETWEEN_PIECES_MS);
      }
    }),
  );
  app.get("/v1/posts/download", (c) =>
    c.body("%PDF", 200, { "Content-Type": "application/pdf", "Content-Disposition": DISPOSITION }),
  );
  app.get("/v1/posts/cookies", (c) => {
    for (const cookie of COOKIES) c.header("Set-Cookie", cookie, { append: true });
    return c.json({});
  });
  app.get("/v1/posts/moved", (c) => c.redirect("/v1/posts", 308));
  app.get("/v1/posts/broken", () => {
    throw new Error("a fault of the origin's");
  });
  app.onError((_error, c) => c.text("Internal Server Error", 500));
  app.post("/v1/posts", async (c) => c.json(await c.req.json(), 201, { Location: "/v1/posts/new" }));
  app.put("/v1/posts/echo", (c) => new Response(c.req.raw.body));
  app.delete("/v1/posts/one", (c) => c.body(null, 204));
  return getRequestListener(app.fetch);
}
