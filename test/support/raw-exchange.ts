/**
 * One request and its response on a raw connection, while it is under way.
 *
 * It guarantees: every wait on an exchange ends, by the response, the end of the connection or the
 * time limit. Times are `performance.now()` of this process, taken when Node hands over the bytes:
 * bytes may have left the gateway earlier, never later.
 */

import { type Arrival, headerOf, ResponseFraming, type ResponseHead } from "./response-framing.ts";
import { DEFAULT_LIMIT_MS } from "./time-limits.ts";

export interface ExchangeOptions {
  /** From the start of the request to the end of its response. */
  readonly timeoutMs?: number;
  /** False counts the body without holding it in memory. */
  readonly keepBody?: boolean;
}

export interface RawResponse extends ResponseHead {
  /** The first header of that name, whatever its spelling. */
  header(name: string): string | undefined;
  readonly body: Buffer;
  readonly bodyLength: number;
  /** Whether the message's own framing was satisfied. A connection that ended without a head: "aborted", status 0. */
  readonly ended: "complete" | "aborted";
  /** When the request began to be written. */
  readonly startedAt: number;
  readonly firstByteAt: number | undefined;
  readonly headersAt: number | undefined;
  /** Body bytes as they arrived. */
  readonly chunks: readonly Arrival[];
  /** The last byte of any kind, framing included. */
  readonly lastByteAt: number | undefined;
  /** When the end, of either kind, was seen. */
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
    // A test that awaits only one of the two must not be failed by the other.
    this.#head.promise.catch(() => {});
    this.#response.promise.catch(() => {});
  }

  /** The response's head, as soon as it is here; rejects when the connection ends without one. */
  headers(): Promise<ResponseHead> {
    return this.#head.promise;
  }

  /** The whole response, or what there was of it when the connection ended. */
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

  /** For the connection: takes bytes, answers those that belong to the next response. */
  push(bytes: Buffer, at: number): Buffer {
    const rest = this.framing.push(bytes, at);
    this.#lastByteAt = at;
    if (this.framing.head !== undefined) this.#head.resolve(this.framing.head);
    if (this.#waits.length > 0) this.#release(this.framing.bodyLength);
    if (this.framing.complete) this.end(true);
    return rest;
  }

  /** For the connection: nothing more will come. `byFin` is false after a reset. */
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

  /** Ends every wait on this exchange with the error. */
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
