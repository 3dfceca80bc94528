/**
 * What of a request outlives its client.
 *
 * Nothing, as a rule: the platform ends a request whose client has gone, its fetch included, and that costs a request
 * whose client stays nothing. A request stays once it waits for the ledger, so that what it has begun is finished, and
 * once it has been in flight for a while, so that it is logged and counted. Then the fetch is ended from here.
 */
export class RequestLifetime {
  readonly #request: Request;
  readonly #ctx: ExecutionContext;
  #leave: (() => void) | null = null;
  #onClientGone: () => void = () => {};

  constructor(request: Request, ctx: ExecutionContext) {
    this.#request = request;
    this.#ctx = ctx;
  }

  /** From here on the request runs to its end, though its client may go. */
  keepAlive(): void {
    if (this.#leave) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#leave = resolve;
    this.waitUntil(promise);
    const { signal } = this.#request;
    // It may have gone while a renewal kept the request alive.
    if (signal.aborted) this.#onClientGone();
    else signal.addEventListener("abort", () => this.#onClientGone());
  }

  /** `end`: what to do about a client that goes while the request stays; at once, if it has gone already. */
  onDisconnect(end: () => void): void {
    this.#onClientGone = end;
    if (this.#leave && this.#request.signal.aborted) end();
  }

  /** Work that runs to its end, whatever becomes of the request. */
  waitUntil(work: Promise<unknown>): void {
    this.#ctx.waitUntil(work);
  }

  /** The request has its answer. */
  finish(): void {
    this.#leave?.();
  }
}
