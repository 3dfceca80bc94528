/**
 * Unusual and faulty behaviours of a RecordingOrigin: `origin.respond = trickle(…)`.
 *
 * Every behaviour stops when the connection closes. Header names and values are sent unchanged. Bodies are chunked
 * unless `contentLength` is set.
 */

import { once } from "node:events";
import type { ServerResponse } from "node:http";
import { gzipSync } from "node:zlib";
import type { RecordedRequest, Respond } from "./recording-origin.ts";
import type { Header } from "./response-framing.ts";

const PIECE_BYTES = 64 * 1024;

export interface BodyOptions {
  readonly status?: number;
  readonly headers?: readonly Header[];
  /** Sends a Content-Length instead of chunks. */
  readonly contentLength?: boolean;
}

/** One complete response with a Content-Length. */
export function reply(status: number, headers: readonly Header[] = [], body: string | Buffer = ""): Respond {
  return (_request, response) => {
    writeHead(response, { status, headers, contentLength: true }, Buffer.byteLength(body));
    response.end(body);
  };
}

export function redirect(location: string, status = 302): Respond {
  return reply(status, [["Location", location]]);
}

/** A gzip body with Content-Length and a strong validator. */
export function gzipped(text: string): Respond {
  const headers: Header[] = [
    ["Content-Type", "text/plain"],
    ["Content-Encoding", "gzip"],
    ["ETag", '"gzipped"'],
  ];
  return reply(200, headers, gzipSync(text));
}

/** Holds every request until `release()`, then answers it with `then`. */
export function holdUntilReleased(then: Respond): { respond: Respond; release: () => void } {
  const gate = Promise.withResolvers<void>();
  const respond: Respond = async (request, response, record) => {
    await Promise.race([gate.promise, record.closed]);
    if (!response.destroyed) await then(request, response, record);
  };
  return { respond, release: gate.resolve };
}

/** Headers at once, then one piece every `everyMs`, then the proper end. */
export function trickle(pieces: readonly string[], everyMs: number, options: BodyOptions = {}): Respond {
  return async (_request, response, record) => {
    writeHead(response, options, Buffer.byteLength(pieces.join("")));
    for (const piece of pieces) {
      await writePiece(response, piece, record);
      await Promise.race([new Promise((resolve) => setTimeout(resolve, everyMs)), record.closed]);
    }
    response.end();
  };
}

/** A body of any size, sent as fast as it is read and never held in memory. */
export function large(totalBytes: number, options: BodyOptions = {}): Respond {
  const piece = Buffer.alloc(PIECE_BYTES, "octopost ");
  return async (_request, response, record) => {
    writeHead(response, options, totalBytes);
    for (let sent = 0; sent < totalBytes && !response.destroyed; sent += PIECE_BYTES) {
      await writePiece(response, piece.subarray(0, Math.min(PIECE_BYTES, totalBytes - sent)), record);
    }
    response.end();
  };
}

/**
 * Sends part of a body, then: "reset" (RST), "close" (FIN without the end of the message), or "stall" (the connection
 * stays open). `missingBytes`: how much more than the part a Content-Length announces.
 */
export function partialBody(
  body: string | Buffer,
  then: "reset" | "close" | "stall",
  options: BodyOptions & { missingBytes?: number } = {},
): Respond {
  return async (_request, response, record) => {
    writeHead(response, options, Buffer.byteLength(body) + (options.missingBytes ?? 1000));
    await writePiece(response, body, record);
    if (then === "close") response.socket?.destroySoon();
    if (then === "reset") {
      // A reset discards unsent bytes in the kernel, so the part gets time to leave.
      await new Promise((resolve) => setTimeout(resolve, 50));
      response.socket?.resetAndDestroy();
    }
  };
}

/**
 * Never answers. With `readBody: false` an upload stalls; because the origin then reads nothing, it cannot detect the
 * end of the connection either.
 */
export function neverAnswer(options: { readBody?: boolean } = {}): Respond {
  return (request) => {
    if (options.readBody === false) request.pause();
  };
}

/** Resets the connection instead of answering. */
export function resetConnection(): Respond {
  return (_request, response) => {
    response.socket?.resetAndDestroy();
  };
}

/** Sends bytes that are not HTTP, then closes the connection. */
export function garbage(bytes = "\u0000\u0001 this is not HTTP\r\n\r\n"): Respond {
  return (_request, response) => {
    response.socket?.end(Buffer.from(bytes, "latin1"));
  };
}

function writeHead(response: ServerResponse, options: BodyOptions, length: number): void {
  const headers = (options.headers ?? []).flat();
  if (options.contentLength) headers.push("Content-Length", String(length));
  response.writeHead(options.status ?? 200, headers);
  response.flushHeaders();
}

/** Resolves when there is room for more, or when the connection has closed. */
async function writePiece(
  response: ServerResponse,
  piece: string | Buffer,
  record: RecordedRequest,
): Promise<void> {
  if (response.destroyed || response.write(piece)) return;
  await Promise.race([once(response, "drain"), record.closed]);
}
