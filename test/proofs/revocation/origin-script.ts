/**
 * The origin's behaviour for each request, chosen beforehand by the client's side of the test.
 *
 * Client and origin share one process, so a number in the query string identifies a request to both, and the origin's
 * timestamps can be compared with the client's.
 */
import type { ServerResponse } from "node:http";
import { setTimeout as pause } from "node:timers/promises";
import { GATHERED_MAX_BYTES } from "../../../src/gateway/gather-body.ts";
import type { RecordedRequest, Respond } from "../../support/recording-origin.ts";

/** How the origin answers one request. */
export type OriginBehaviour = (
  side: ScriptedRequest,
  response: ServerResponse,
  record: RecordedRequest,
) => Promise<void>;

export const PIECE_BYTES = 1024;
const PIECE = Buffer.alloc(PIECE_BYTES, "octopost ");
const BETWEEN_PIECES_MS = 25;
const FLOOD_PIECE = Buffer.alloc(64 * 1024, "octopost ");
/** Announced by streams with a Content-Length; no test reaches it. */
const ENDLESS_BYTES = 2 ** 31;

/** Behaviours with a small body, which arrives at once. */
const SMALL = new WeakSet<OriginBehaviour>();

export class ScriptedRequest {
  readonly number: number;
  /** Whether the gateway has to gather the response's body before its headers leave. */
  readonly smallBody: boolean;
  readonly #behaviour: OriginBehaviour;
  readonly #forwarded = Promise.withResolvers<void>();
  readonly #released = Promise.withResolvers<void>();
  #pieceArrived: () => void = () => {};
  #record: RecordedRequest | undefined;
  #lastWriteAt: number | undefined;
  #offeredBytes = 0;
  /** Bytes of the body written when the revocation was answered. */
  offeredAtAnswer: number | undefined;
  /** Just before the answer's head was written, and with it the body, if that is small. */
  answeredAt: number | undefined;
  /** Just before the latest part that is known to have arrived at the client was written. */
  writtenAt: number | undefined;

  constructor(number: number, behaviour: OriginBehaviour, smallBody: boolean) {
    this.number = number;
    this.smallBody = smallBody;
    this.#behaviour = behaviour;
  }

  get forwardedAt(): number | undefined {
    return this.#record?.at;
  }

  get uploadedWhole(): boolean {
    return this.#record?.bodyComplete ?? false;
  }

  /** Resolves when the origin has received the request. */
  get forwarded(): Promise<void> {
    return this.#forwarded.promise;
  }

  get released(): Promise<void> {
    return this.#released.promise;
  }

  /** Lets a held request be answered. */
  release(): void {
    this.#released.resolve();
  }

  async handle(response: ServerResponse, record: RecordedRequest): Promise<void> {
    this.#record = record;
    this.#forwarded.resolve();
    await this.#behaviour(this, response, record);
  }

  writeHead(response: ServerResponse, length?: number): void {
    this.answeredAt = this.writtenAt = this.#lastWriteAt = performance.now();
    response.writeHead(200, length === undefined ? {} : { "Content-Length": length });
    response.flushHeaders();
  }

  write(response: ServerResponse, piece: Buffer): boolean {
    this.#lastWriteAt = performance.now();
    this.#offeredBytes += piece.length;
    return response.write(piece);
  }

  recordOfferedBytes(): void {
    this.offeredAtAnswer = this.#offeredBytes;
  }

  /** Called by the client: everything written so far has arrived. */
  confirmArrival(): void {
    this.writtenAt = this.#lastWriteAt;
    this.#pieceArrived();
  }

  /** Resolves when the client has confirmed the arrival. */
  arrival(): Promise<void> {
    return new Promise((resolve) => {
      this.#pieceArrived = resolve;
    });
  }
}

export class OriginScript {
  readonly #sides = new Map<number, ScriptedRequest>();
  #next = 1;

  add(behaviour: OriginBehaviour): ScriptedRequest {
    const side = new ScriptedRequest(this.#next++, behaviour, SMALL.has(behaviour));
    this.#sides.set(side.number, side);
    return side;
  }

  /** Requests stay registered: one that reaches the origin after its client was answered is recorded too. */
  readonly respond: Respond = async (_request, response, record) => {
    const number = Number(new URL(record.target, "http://origin").searchParams.get("n"));
    const side = this.#sides.get(number);
    if (side === undefined) throw new Error(`unexpected request: ${record.target}`);
    await side.handle(response, record);
  };
}

/** Answers after `delayMs` with `bytes` of body, chunked or with a Content-Length. */
export function answering(
  bytes: number,
  options: { chunked?: boolean; delayMs?: number } = {},
): OriginBehaviour {
  const behaviour: OriginBehaviour = async (side, response) => {
    if (options.delayMs) await pause(options.delayMs);
    if (response.destroyed) return;
    side.writeHead(response, options.chunked ? undefined : bytes);
    response.end(Buffer.alloc(bytes, "octopost "));
  };
  if (bytes <= GATHERED_MAX_BYTES) SMALL.add(behaviour);
  return behaviour;
}

/** Holds the request until `release()`, then answers. */
export const holding: OriginBehaviour = async (side, response, record) => {
  await Promise.race([side.released, record.closed]);
  await answering(32)(side, response, record);
};
SMALL.add(holding);

/** Receives the complete upload, then answers. */
export const receiving: OriginBehaviour = async (side, response, record) => {
  await record.received;
  if (record.bodyComplete) await answering(32)(side, response, record);
};

/**
 * An endless stream of small pieces, each written once the client has received the previous one. So at most one piece is
 * in transit, no buffer fills, and every byte that has left the gateway is in the client's socket.
 */
export function streaming(options: { chunked: boolean }): OriginBehaviour {
  return async (side, response, record) => {
    side.writeHead(response, options.chunked ? undefined : ENDLESS_BYTES);
    while (!response.destroyed) {
      const arrival = side.arrival();
      side.write(response, PIECE);
      await Promise.race([arrival, record.closed]);
      await pause(BETWEEN_PIECES_MS);
    }
  };
}

/** An endless stream without a pause: it fills every buffer on the way to a client that does not read. */
export const flooding: OriginBehaviour = async (side, response, record) => {
  side.writeHead(response);
  while (!response.destroyed) {
    if (side.write(response, FLOOD_PIECE)) continue;
    await Promise.race([new Promise((resolve) => response.once("drain", resolve)), record.closed]);
  }
};
