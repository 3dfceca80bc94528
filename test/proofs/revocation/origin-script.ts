/**
 * Plays the origin's part of every request, as the client's side of the test arranged it beforehand.
 *
 * Client and origin are in one process, so a number in the query string is enough for the two sides to speak
 * of the same request, and the origin can say to the microsecond what it wrote when.
 */
import type { ServerResponse } from "node:http";
import { setTimeout as pause } from "node:timers/promises";
import type { RecordedRequest, Respond } from "../../support/recording-origin.ts";

/** How the origin answers one request. */
export type Act = (side: OriginSide, response: ServerResponse, record: RecordedRequest) => Promise<void>;

export const PIECE_BYTES = 1024;
const PIECE = Buffer.alloc(PIECE_BYTES, "octopost ");
const BETWEEN_PIECES_MS = 3;
const FLOOD_PIECE = Buffer.alloc(64 * 1024, "octopost ");
/** Announced by the streams that have a length; no test lets one get anywhere near it. */
const ENDLESS_BYTES = 2 ** 31;

export class OriginSide {
  readonly number: number;
  readonly #act: Act;
  readonly #forwarded = Promise.withResolvers<void>();
  readonly #released = Promise.withResolvers<void>();
  #pieceArrived: () => void = () => {};
  #record: RecordedRequest | undefined;
  #lastWriteAt: number | undefined;
  #offeredBytes = 0;
  /** How much of the body had been written when the key's revocation was answered. */
  offeredAtAnswer: number | undefined;
  /** When the latest part that is known to have arrived at the client was written, or just before. */
  writtenAt: number | undefined;

  constructor(number: number, act: Act) {
    this.number = number;
    this.#act = act;
  }

  get forwardedAt(): number | undefined {
    return this.#record?.at;
  }

  get uploadedWhole(): boolean {
    return this.#record?.bodyComplete ?? false;
  }

  /** Resolves when the request is here. */
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

  async play(response: ServerResponse, record: RecordedRequest): Promise<void> {
    this.#record = record;
    this.#forwarded.resolve();
    await this.#act(this, response, record);
  }

  writeHead(response: ServerResponse, length?: number): void {
    this.writtenAt = this.#lastWriteAt = performance.now();
    response.writeHead(200, length === undefined ? {} : { "Content-Length": length });
    response.flushHeaders();
  }

  write(response: ServerResponse, piece: Buffer): boolean {
    this.#lastWriteAt = performance.now();
    this.#offeredBytes += piece.length;
    return response.write(piece);
  }

  noteOffered(): void {
    this.offeredAtAnswer = this.#offeredBytes;
  }

  /** For the client: all that was written has arrived. */
  confirmArrival(): void {
    this.writtenAt = this.#lastWriteAt;
    this.#pieceArrived();
  }

  /** Resolves when the client has confirmed. */
  arrival(): Promise<void> {
    return new Promise((resolve) => {
      this.#pieceArrived = resolve;
    });
  }
}

export class OriginScript {
  readonly #sides = new Map<number, OriginSide>();
  #next = 1;

  add(act: Act): OriginSide {
    const side = new OriginSide(this.#next++, act);
    this.#sides.set(side.number, side);
    return side;
  }

  /** Sides are kept: a request that reaches the origin after its client was answered is noted all the same. */
  readonly respond: Respond = async (_request, response, record) => {
    const number = Number(new URL(record.target, "http://origin").searchParams.get("n"));
    const side = this.#sides.get(number);
    if (side === undefined) throw new Error(`a request nobody sent: ${record.target}`);
    await side.play(response, record);
  };
}

/** Answers after `delayMs` with a body of `bytes`, chunked or with its length. */
export function answering(bytes: number, options: { chunked?: boolean; delayMs?: number } = {}): Act {
  return async (side, response) => {
    if (options.delayMs) await pause(options.delayMs);
    if (response.destroyed) return;
    side.writeHead(response, options.chunked ? undefined : bytes);
    response.end(Buffer.alloc(bytes, "octopost "));
  };
}

/** Keeps the request waiting until `release()`, then answers. */
export const holding: Act = async (side, response, record) => {
  await Promise.race([side.released, record.closed]);
  await answering(32)(side, response, record);
};

/** Takes the whole upload, then answers. */
export const receiving: Act = async (side, response, record) => {
  await record.received;
  if (record.bodyComplete) await answering(32)(side, response, record);
};

/**
 * An endless stream of small pieces, each written when the client has the one before. So there is never more
 * than one piece between origin and client, no buffer anywhere fills, and what has left the gateway is in
 * the client's socket.
 */
export function streaming(options: { chunked: boolean }): Act {
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

/** An endless stream as fast as it is taken: it fills every buffer on its way to a client that does not read. */
export const flooding: Act = async (side, response, record) => {
  side.writeHead(response);
  while (!response.destroyed) {
    if (side.write(response, FLOOD_PIECE)) continue;
    await Promise.race([new Promise((resolve) => response.once("drain", resolve)), record.closed]);
  }
};
