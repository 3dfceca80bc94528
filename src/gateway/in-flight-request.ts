/**
 * One request between its forwarding and the last byte of its response; aborted when its key is refused, or the key's
 * terms no longer allow it.
 *
 * Guarantees that the fetch to the origin, an upload in progress and the response body are aborted then, and that no byte
 * of a body passes without a valid lease on terms that allow it. Time is passed in, so the simulator runs this code.
 * Nothing here runs per chunk of a response; a request in flight costs one timer.
 */
import type { Lease } from "../leases/lease.ts";
import type { LeaseClock } from "../leases/lease-clock.ts";
import type { Terms } from "../leases/protocol.ts";
import type { CallUser } from "../leases/shared-call.ts";
import type { Refusal } from "../refusals.ts";
import type { RequestLifetime } from "./request-lifetime.ts";

/** The parts of a request's context that it needs; the simulator passes its own. */
export interface InFlightContext extends CallUser {
  readonly clock: LeaseClock;
  readonly lifetime: Pick<RequestLifetime, "keepAlive">;
  logException(error: unknown): void;
}

/** The interval of checks while the ledger is called without a lease: another request's call may be refused first. */
const CHECK_WITHOUT_LEASE_MS = 100;

const UNREACHABLE: Refusal = { reason: "ledger_unreachable" };

export class InFlightRequest {
  readonly #lease: Lease;
  readonly #context: InFlightContext;
  readonly #judge: (terms: Terms) => Refusal | null;
  readonly #originTimeoutMs: number;
  /** The last that allowed the request. */
  #judgedTerms: Terms | null = null;
  #originDeadline: number;
  #sendingBody = false;
  #renewing = false;
  #completed = false;
  #refusal: Refusal | null = null;
  /** Of the last renewal. It ends the request only when the lease has expired. */
  #renewalRefusal: Refusal | null = null;
  #controller: AbortController | null = null;
  #stopWaiting: () => void = () => {};
  #cancelTimer: () => void = () => {};

  /**
   * Starts the checks. `judge`: why the terms of the lease do not allow the request, or null. `originTimeoutMs`: from the
   * end of the upload until the origin's response headers.
   */
  constructor(
    lease: Lease,
    context: InFlightContext,
    judge: (terms: Terms) => Refusal | null,
    originTimeoutMs: number,
  ) {
    this.#lease = lease;
    this.#context = context;
    this.#judge = judge;
    this.#originTimeoutMs = originTimeoutMs;
    this.#originDeadline = context.clock.now() + originTimeoutMs;
    this.#scheduleCheck();
  }

  /** Aborted with the request. */
  get signal(): AbortSignal {
    if (this.#controller === null) {
      this.#controller = new AbortController();
      if (this.#refusal) this.#controller.abort();
    }
    return this.#controller.signal;
  }

  /** The result of `work`, or null as soon as the request is aborted. Cheaper than the signal. */
  unlessAborted<T>(work: Promise<T>): Promise<T | null> {
    if (this.#refusal) return Promise.resolve(null);
    return new Promise((resolve, reject) => {
      this.#stopWaiting = () => resolve(null);
      work.then(resolve, reject);
    });
  }

  /** Why the request was aborted, or null. */
  get refusal(): Refusal | null {
    return this.#refusal;
  }

  /** Aborts the request if the terms that the lease has now do not allow it, and returns why it was aborted, or null. */
  judge(): Refusal | null {
    const refusal = this.#refusedByTerms();
    if (refusal) this.abort(refusal);
    return this.#refusal;
  }

  /** The origin has taken a piece of the upload: its time limit starts again, longer by `restMs`. */
  uploadProgressed(restMs = 0): void {
    if (this.#originDeadline === Number.POSITIVE_INFINITY) return;
    this.#originDeadline = this.#context.clock.now() + this.#originTimeoutMs + restMs;
  }

  /** The origin's response headers have arrived: its time limit no longer applies. */
  headersReceived(): void {
    this.#originDeadline = Number.POSITIVE_INFINITY;
  }

  /** Bytes of the body leave from now on, so the lease must be valid at every moment. */
  bodyStarted(): void {
    this.#sendingBody = true;
    this.#check();
  }

  /** The last byte has left, or nothing will be sent: stops the checks. */
  complete(): void {
    this.#completed = true;
    this.#cancelTimer();
  }

  /** Resolves `unlessAborted` and aborts everything that listens to the signal. */
  abort(refusal: Refusal): void {
    if (this.#completed) return;
    this.complete();
    this.#refusal = refusal;
    this.#controller?.abort();
    this.#stopWaiting();
  }

  /** Runs when the timer fires, when a renewal has completed, and when the body starts. */
  #check(): void {
    if (this.#completed) return;
    this.#context.checkClock();
    if (!this.#sendingBody) this.#context.lifetime.keepAlive();
    const refusal = this.#reasonToAbort();
    if (refusal) {
      this.abort(refusal);
      return;
    }
    if (this.#lease.status() !== "valid" && !this.#renewing) void this.#renew();
    this.#scheduleCheck();
  }

  #reasonToAbort(): Refusal | null {
    if (this.#lease.refusal) return this.#lease.refusal;
    if (this.#sendingBody && !this.#lease.isValid()) return this.#renewalRefusal ?? UNREACHABLE;
    const refusal = this.#refusedByTerms();
    if (refusal) return refusal;
    if (this.#context.clock.now() >= this.#originDeadline) return { reason: "origin_timeout" };
    return null;
  }

  #refusedByTerms(): Refusal | null {
    const { terms } = this.#lease;
    if (terms === this.#judgedTerms) return null;
    const refusal = this.#judge(terms);
    if (refusal === null) this.#judgedTerms = terms;
    return refusal;
  }

  /** It outlives the request, since others need the lease. */
  async #renew(): Promise<void> {
    this.#renewing = true;
    const refusal = await this.#lease.renewUntilValid(this.#context).catch((error): Refusal => {
      this.#context.logException(error);
      return { reason: "exception" };
    });
    this.#renewing = false;
    this.#renewalRefusal = refusal;
    if (refusal && !this.#lease.isValid()) this.abort(refusal);
    else this.#check();
  }

  #scheduleCheck(): void {
    this.#cancelTimer();
    const { clock, schedule } = this.#context;
    const deadlineMs = this.#originDeadline - clock.now();
    const leaseMs = this.#lease.msUntilStatusChange() || (this.#renewing ? CHECK_WITHOUT_LEASE_MS : 0);
    const ms = Math.ceil(Math.max(1, Math.min(deadlineMs, leaseMs)));
    this.#cancelTimer = schedule(ms, () => this.#check());
  }
}
