/** The API on plain `node:http`: every header and every byte written by hand. */
import type { RequestListener, ServerResponse } from "node:http";
import { setTimeout as pause } from "node:timers/promises";
import { createGzip } from "node:zlib";
import {
  BETWEEN_PIECES_MS,
  COOKIES,
  DISPOSITION,
  ETAG,
  EVENTS,
  fileFor,
  LARGE,
  PIECES,
  POSTS_JSON,
} from "./content.ts";

const JSON_TYPE = { "Content-Type": "application/json" };

export function nodeListener(): RequestListener {
  return (request, response) => {
    const send = (status: number, headers: Record<string, string | readonly string[]>, body?: unknown) => {
      response.writeHead(status, headers as Record<string, string>);
      response.end(body);
    };
    switch (`${request.method === "HEAD" ? "GET" : request.method} ${request.url}`) {
      case "GET /v1/posts":
        if (request.headers["if-none-match"]?.includes(ETAG)) return send(304, { ETag: ETAG });
        return send(200, { ...JSON_TYPE, ETag: ETAG, "X-Powered-By": "hand", Age: "7" }, POSTS_JSON);
      case "GET /v1/posts/file": {
        const { status, headers, body } = fileFor(request.headers);
        return send(status, headers, body);
      }
      case "GET /v1/posts/gzip": {
        response.writeHead(200, { ...JSON_TYPE, "Content-Encoding": "gzip", Vary: "Accept-Encoding" });
        const gzip = createGzip();
        gzip.pipe(response);
        gzip.end(POSTS_JSON);
        return;
      }
      case "GET /v1/posts/chunked":
        response.writeHead(200, JSON_TYPE);
        return void sendPieces(response, PIECES);
      case "GET /v1/posts/large":
        return send(200, { "Content-Type": "text/plain" }, LARGE);
      case "GET /v1/posts/events":
        response.writeHead(200, { "Content-Type": "text/event-stream", "Cache-Control": "no-store" });
        return void sendPieces(response, EVENTS);
      case "GET /v1/posts/download":
        return send(200, { "Content-Type": "application/pdf", "Content-Disposition": DISPOSITION }, "%PDF");
      case "GET /v1/posts/cookies":
        return send(200, { ...JSON_TYPE, "Set-Cookie": COOKIES }, "{}");
      case "GET /v1/posts/moved":
        return send(308, { Location: "/v1/posts" });
      case "POST /v1/posts":
      case "PUT /v1/posts/echo":
        response.writeHead(201, { Location: "/v1/posts/new" });
        request.pipe(response);
        return;
      case "DELETE /v1/posts/one":
        return send(204, {});
      default:
        response.statusCode = 500;
        response.statusMessage = "Nothing Here, nor There";
        response.end("no such route");
    }
  };
}

async function sendPieces(response: ServerResponse, pieces: readonly string[]): Promise<void> {
  for (const piece of pieces) {
    response.write(piece);
    await pause(BETWEEN_PIECES_MS);
  }
  response.end();
}
