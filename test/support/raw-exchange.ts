/**
 * One request and its response on a raw connection.
 *
 * Guarantees that every wait ends: by the response, the end of the connection or the time limit. Times are
 * `performance.now()` when Node delivers the bytes, so bytes may have left the gateway earlier, never later.
 */

import { type Arrival, headerOf, ResponseFraming, type ResponseHead } from "./response-framing.ts";
import { DEFAULT_LIMIT_MS } from "./time-limits.ts";

export interface ExchangeOptions {
  /** From the start of the request to the end of its response. */
  readonly timeoutMs?: number;
  /** false: counts the body without keeping it in memory. */
  readonly keepBody?: boolean;
}

export interface RawResponse extends ResponseHead {
  /** The first header of that name, case-insensitively. */
  header(name: string): string | undefined;
  readonly body: Buffer;
  readonly bodyLength: number;
  /** Whether the message was complete by its own framing. A connection without a head: "aborted", status 0. */
  readonly ended: "complete" | "aborted";
  /** When writing the request began. */
  readonly startedAt: number;
  readonly firstByteAt: number | undefined;
  readonly headersAt: number | undefined;
  /** Body bytes by arrival. */
  readonly chunks: readonly Arrival[];
  /** The last byte, including framing. */
  readonly lastByteAt: number | undefined;
  /** When the message was complete or the connection closed. */
  readonly endedAt: number;
}

export class Exchange {
  readonly startedAt = performance.now();
  readonly framing: ResponseFraming;
  readonly #limit: NodeJS.Timeout;
  readonly #head = Promise.withResolvers<ResponseHead>();
  readonly #response = Promise.withResolvers<RawResponse>();
  #waits: { length: number; resolve: () => void }[] = [];
  #lastByteAt: number | undefined;

  constructor(method: string, options: ExchangeOptions, onLimit: () => void) {
    this.framing = new ResponseFraming(method, options.keepBody ?? true);
    const timeoutMs = options.timeoutMs ?? DEFAULT_LIMIT_MS;
    this.#limit = setTimeout(() => {
      this.fail(new Error(`no complete response within ${timeoutMs} ms`));
      onLimit();
    }, timeoutMs);
    // A test that awaits only one of the two must not fail by the other's unhandled rejection.
    this.#head.promise.catch(() => {});
    this.#response.promise.catch(() => {});
  }

  /** The response's head as soon as it has arrived; rejects when the connection closes without one. */
  headers(): Promise<ResponseHead> {
    return this.#head.promise;
  }

  /** The complete response, or what had arrived when the connection closed. */
  response(): Promise<RawResponse> {
    return this.#response.promise;
  }

  /** Waits until `length` bytes of the body have arrived; rejects when the response ends before. */
  async bodyReached(length: number): Promise<void> {
    if (this.framing.bodyLength < length) {
      const reached = new Promise<void>((resolve) => this.#waits.push({ length, resolve }));
      await Promise.race([reached, this.#response.promise]);
    }
    if (this.framing.bodyLength >= length) return;
    throw new Error(`the response ended after ${this.framing.bodyLength} of ${length} bytes`);
  }

  /** Called by the connection with new bytes; returns those of the next response. */
  push(bytes: Buffer, at: number): Buffer {
    const rest = this.framing.push(bytes, at);
    this.#lastByteAt = at;
    if (this.framing.head !== undefined) this.#head.resolve(this.framing.head);
    if (this.#waits.length > 0) this.#release(this.framing.bodyLength);
    if (this.framing.complete) this.end(true);
    return rest;
  }

  /** Called by the connection when it has closed. `byFin` is false after a reset. */
  end(byFin: boolean): void {
    clearTimeout(this.#limit);
    const { framing } = this;
    const ended = framing.close(byFin);
    const head = framing.head ?? { status: 0, reason: "", headers: [] };
    this.#head.reject(new Error("the connection ended before the response's headers"));
    this.#response.resolve({
      ...head,
      header: (name) => headerOf(head.headers, name),
      body: framing.body,
      bodyLength: framing.bodyLength,
      ended,
      startedAt: this.startedAt,
      firstByteAt: framing.firstByteAt,
      headersAt: framing.headersAt,
      chunks: framing.arrivals,
      lastByteAt: this.#lastByteAt,
      endedAt: performance.now(),
    });
  }

  /** Rejects every wait on this exchange. */
  fail(error: Error): void {
    clearTimeout(this.#limit);
    this.#head.reject(error);
    this.#response.reject(error);
  }

  #release(length: number): void {
    for (const wait of this.#waits) if (wait.length <= length) wait.resolve();
    this.#waits = this.#waits.filter((wait) => wait.length > length);
  }
}
