/**
 * Which work continues after the client disconnects.
 *
 * By default none: the platform ends a request whose client has disconnected, with its fetch, and watching for that would
 * cost every request. A request is kept alive once it waits for the ledger, whose answer other requests use, and once it
 * has been in flight for a while, so that it is logged and counted. Then `onDisconnect` ends the fetch.
 */
export class RequestLifetime {
  readonly #request: Request;
  readonly #ctx: ExecutionContext;
  #finish: (() => void) | null = null;
  #handleDisconnect: () => void = () => {};

  constructor(request: Request, ctx: ExecutionContext) {
    this.#request = request;
    this.#ctx = ctx;
  }

  /** From now on the request runs to its end, even if its client disconnects. */
  keepAlive(): void {
    if (this.#finish) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#finish = resolve;
    this.waitUntil(promise);
    const { signal } = this.#request;
    // The client may have disconnected while a renewal kept the request alive.
    if (signal.aborted) this.#handleDisconnect();
    else signal.addEventListener("abort", () => this.#handleDisconnect());
  }

  /** Calls `handler` when the client of a request that is kept alive disconnects; at once if it already has. */
  onDisconnect(handler: () => void): void {
    this.#handleDisconnect = handler;
    if (this.#finish && this.#request.signal.aborted) handler();
  }

  /** Keeps background work running after the request has ended. */
  waitUntil(work: Promise<unknown>): void {
    this.#ctx.waitUntil(work);
  }

  /** The request has its response. */
  finish(): void {
    this.#finish?.();
  }
}
