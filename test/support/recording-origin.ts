/**
 * A real HTTP origin on loopback that records requests and misbehaves on demand.
 *
 * Guarantees: every request whose head arrived is recorded with target and headers as sent (node:http normalises
 * neither), and `aborted` tells whether the connection closed before the origin had finished its response. Times are
 * `performance.now()` of this process. Not recorded: bytes that are not HTTP, and bodies above BODY_KEPT_MAX_BYTES. The
 * promises of a record have no time limit of their own.
 */

import { createHash } from "node:crypto";
import http from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { type Header, headerOf } from "./response-framing.ts";
import { DEFAULT_LIMIT_MS, within } from "./time-limits.ts";

const BODY_KEPT_MAX_BYTES = 64 * 1024;

export interface RecordedRequest {
  readonly method: string;
  /** The request target exactly as sent. */
  readonly target: string;
  readonly rawHeaders: readonly Header[];
  /** The first header of that name, case-insensitively. */
  header(name: string): string | undefined;
  readonly at: number;
  /** Body bytes received so far. */
  bodyLength: number;
  /** Whether the complete body arrived, and its content; `body` only when it is small. */
  bodyComplete: boolean;
  bodySha256: string | undefined;
  body: Buffer | undefined;
  /** When the exchange ended, and whether that was before the origin had finished its response. */
  closedAt: number | undefined;
  aborted: boolean;
  /** Resolves when the body is complete or aborted. */
  readonly received: Promise<void>;
  /** Resolves when the exchange has ended. */
  readonly closed: Promise<void>;
}

export type Respond = (
  request: http.IncomingMessage,
  response: http.ServerResponse,
  record: RecordedRequest,
) => void | Promise<void>;

export class RecordingOrigin {
  readonly name: string;
  readonly port: number;
  readonly url: string;
  requests: RecordedRequest[] = [];
  /** How this origin answers; tests replace it. See origin-behaviours.ts. */
  respond: Respond;
  readonly #byTarget = new Map<string, Respond>();
  readonly #server: http.Server;
  #arrivals: (() => void)[] = [];

  static async start(name: string): Promise<RecordingOrigin> {
    // A timeout of the origin would look like a fault of the gateway.
    const server = http.createServer({ keepAliveTimeout: 0, requestTimeout: 0, headersTimeout: 0 });
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(0, "127.0.0.1", resolve);
    });
    return new RecordingOrigin(name, server);
  }

  private constructor(name: string, server: http.Server) {
    this.name = name;
    this.#server = server;
    this.port = (server.address() as AddressInfo).port;
    this.url = `http://127.0.0.1:${this.port}`;
    this.respond = this.answerJson;
    server.on("connection", (socket: Socket) => socket.on("error", () => {}));
    server.on("request", (request, response) => this.#handle(request, response));
  }

  /** The default: waits for the complete body, then answers 200 with the origin's name. */
  readonly answerJson: Respond = async (request, response, record) => {
    await record.received;
    const body = JSON.stringify({ origin: this.name, method: request.method, target: request.url });
    response.writeHead(200, {
      "content-type": "application/json",
      "content-length": Buffer.byteLength(body),
    });
    response.end(body);
  };

  /** Waits until `count` requests have arrived since `clear()`, and returns the last of them. */
  async arrived(count = 1, limitMs = DEFAULT_LIMIT_MS): Promise<RecordedRequest> {
    const enough = (async () => {
      while (this.requests.length < count) {
        await new Promise<void>((resolve) => this.#arrivals.push(resolve));
      }
      return this.requests[count - 1] as RecordedRequest;
    })();
    return within(limitMs, `request ${count} at origin ${this.name}`, enough);
  }

  /** How this origin answers requests with that target, until `clear()`: for tests that run concurrently. */
  respondAt(target: string, respond: Respond): void {
    this.#byTarget.set(target, respond);
  }

  requestsAt(target: string): RecordedRequest[] {
    return this.requests.filter((request) => request.target === target);
  }

  /** Clears the recorded requests and restores the default behaviour; open requests continue. */
  clear(): void {
    this.requests = [];
    this.respond = this.answerJson;
    this.#byTarget.clear();
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeAllConnections();
    await closed;
  }

  #handle(request: http.IncomingMessage, response: http.ServerResponse): void {
    const record = recordOf(request, response);
    this.requests.push(record);
    for (const arrival of this.#arrivals.splice(0)) arrival();
    // A closed connection is recorded as aborted. An error thrown by a behaviour is a fault of the test and fails the
    // run as an unhandled rejection.
    response.on("error", () => {});
    const respond = this.#byTarget.get(record.target) ?? this.respond;
    void respond(request, response, record);
  }
}

function recordOf(request: http.IncomingMessage, response: http.ServerResponse): RecordedRequest {
  const rawHeaders: Header[] = [];
  for (let i = 0; i < request.rawHeaders.length; i += 2) {
    rawHeaders.push([request.rawHeaders[i] ?? "", request.rawHeaders[i + 1] ?? ""]);
  }
  const record: RecordedRequest = {
    method: request.method ?? "",
    target: request.url ?? "",
    rawHeaders,
    header: (name) => headerOf(rawHeaders, name),
    at: performance.now(),
    bodyLength: 0,
    bodyComplete: false,
    bodySha256: undefined,
    body: undefined,
    closedAt: undefined,
    aborted: false,
    received: new Promise((resolve) => request.once("close", resolve)),
    closed: new Promise((resolve) => response.once("close", resolve)),
  };
  recordBody(request, record);
  response.once("close", () => {
    record.closedAt = performance.now();
    record.aborted = !response.writableFinished;
  });
  return record;
}

function recordBody(request: http.IncomingMessage, record: RecordedRequest): void {
  const hash = createHash("sha256");
  const kept: Buffer[] = [];
  request.on("data", (bytes: Buffer) => {
    record.bodyLength += bytes.length;
    hash.update(bytes);
    if (record.bodyLength <= BODY_KEPT_MAX_BYTES) kept.push(bytes);
  });
  request.on("end", () => {
    record.bodyComplete = true;
    record.bodySha256 = hash.digest("hex");
    if (record.bodyLength <= BODY_KEPT_MAX_BYTES) record.body = Buffer.concat(kept);
  });
  request.on("error", () => {});
}
