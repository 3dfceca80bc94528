/** The API on Express 5: its `json` with ETag and `fresh`, its `sendFile` with ranges, its own error pages. */
import { mkdtempSync, utimesSync, writeFileSync } from "node:fs";
import type { RequestListener } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import express from "express";
import {
  BETWEEN_PIECES_MS,
  COOKIES,
  DISPOSITION,
  EVENTS,
  FILE,
  LARGE,
  LAST_MODIFIED,
  PIECES,
  POSTS,
  POSTS_GZIP,
  POSTS_JSON,
} from "./content.ts";

export function expressListener(): RequestListener {
  const directory = mkdtempSync(join(tmpdir(), "octopost-express-"));
  writeFileSync(join(directory, "file.bin"), FILE);
  utimesSync(join(directory, "file.bin"), new Date(LAST_MODIFIED), new Date(LAST_MODIFIED));

  const app = express();
  app.get("/v1/posts", (_request, response) => void response.json(POSTS));
  app.get("/v1/posts/file", (_request, response) => response.sendFile("file.bin", { root: directory }));
  app.get("/v1/posts/gzip", (request, response) => {
    response.vary("Accept-Encoding").type("json");
    if (request.acceptsEncodings("gzip")) response.set("Content-Encoding", "gzip").send(POSTS_GZIP);
    else response.send(POSTS_JSON);
  });
  app.get("/v1/posts/chunked", async (_request, response) => {
    response.type("json");
    for (const piece of PIECES) {
      response.write(piece);
      await pause(BETWEEN_PIECES_MS);
    }
    response.end();
  });
  app.get("/v1/posts/large", (_request, response) => void response.type("txt").send(LARGE));
  app.get("/v1/posts/events", async (_request, response) => {
    response.set({ "Content-Type": "text/event-stream", "Cache-Control": "no-cache" });
    for (const event of EVENTS) {
      response.write(event);
      await pause(BETWEEN_PIECES_MS);
    }
    response.end();
  });
  app.get("/v1/posts/download", (_request, response) => {
    response.set("Content-Disposition", DISPOSITION).set("Content-Type", "application/pdf").end("%PDF");
  });
  app.get("/v1/posts/cookies", (_request, response) => void response.set("Set-Cookie", COOKIES).json({}));
  app.get("/v1/posts/moved", (_request, response) => response.redirect(308, "/v1/posts"));
  app.get("/v1/posts/broken", () => {
    throw new Error("a fault of the origin's");
  });
  app.post("/v1/posts", express.json(), (request, response) => {
    response.status(201).location("/v1/posts/new").json(request.body);
  });
  app.put("/v1/posts/echo", (request, response) => void request.pipe(response));
  app.delete("/v1/posts/one", (_request, response) => void response.status(204).end());
  // Express prints a stack for an unhandled error unless the environment is a test's.
  app.set("env", "test");
  return app;
}
