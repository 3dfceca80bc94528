/**
 * Watches one request while it is in flight, and ends it the moment its key is dead.
 *
 * Guarantees that the fetch to the origin, an upload under way and the answer's body are cut once the
 * key is refused, and that no byte of a body passes without a valid lease. Time is passed in, so the
 * simulator runs this very code. No code here runs per chunk; an idle flight costs one timer.
 */
import type { Lease } from "../leases/lease.ts";
import type { LeaseClock } from "../leases/lease-clock.ts";
import type { Refusal } from "../refusals.ts";
import type { RequestLifetime } from "./request-lifetime.ts";

/** Runs `task` after `ms`, unless the returned function is called first. */
export type Schedule = (ms: number, task: () => void) => () => void;

export interface InFlightTime {
  readonly clock: LeaseClock;
  readonly schedule: Schedule;
}

/** How often a flight without a lease looks while it waits for the ledger: another request may hear of the end first. */
const LOOK_WITHOUT_LEASE_MS = 100;

export class InFlightRequest {
  readonly #lease: Lease;
  readonly #time: InFlightTime;
  readonly #lifetime: Pick<RequestLifetime, "keepAlive" | "waitUntil"> | null;
  #originDeadline: number;
  #sendingBody = false;
  #asking = false;
  #landed = false;
  #refusal: Refusal | null = null;
  #controller: AbortController | null = null;
  #stopWaiting: () => void = () => {};
  #stopRenewing: () => void = () => {};
  #cancelTimer: () => void = () => {};

  /**
   * Starts to watch. `originTimeoutMs`: how long the origin may take until its response headers. `stay`: sees to it
   * that a renewal reaches its end though the request is over, or the lease would lapse for everybody.
   */
  constructor(
    lease: Lease,
    time: InFlightTime,
    originTimeoutMs: number,
    lifetime: Pick<RequestLifetime, "keepAlive" | "waitUntil"> | null = null,
  ) {
    this.#lifetime = lifetime;
    this.#lease = lease;
    this.#time = time;
    this.#originDeadline = time.clock.now() + originTimeoutMs;
    this.#scheduleNextLook();
  }

  /** Aborted when the flight is ended. */
  get signal(): AbortSignal {
    if (this.#controller === null) {
      this.#controller = new AbortController();
      if (this.#refusal) this.#controller.abort();
    }
    return this.#controller.signal;
  }

  /** What `work` brings, or null as soon as the flight is ended; cheaper than a signal for what needs no more. */
  unlessAborted<T>(work: Promise<T>): Promise<T | null> {
    if (this.#refusal) return Promise.resolve(null);
    return new Promise((resolve, reject) => {
      this.#stopWaiting = () => resolve(null);
      work.then(resolve, reject);
    });
  }

  /** Why the flight was ended, or null. */
  get refusal(): Refusal | null {
    return this.#refusal;
  }

  /** The origin's response headers are here: its time limit no longer counts. */
  headersReceived(): void {
    this.#originDeadline = Number.POSITIVE_INFINITY;
  }

  /** From here on bytes of the body leave, so the lease must be valid at every moment. */
  bodyStarted(): void {
    this.#sendingBody = true;
    this.#check();
  }

  /** The last byte is gone, or nothing will be sent: stops watching. */
  complete(): void {
    this.#landed = true;
    this.#cancelTimer();
  }

  /** Ends the flight: whoever waits for it goes on, and everything that listens to the signal is cut. */
  abort(refusal: Refusal): void {
    if (this.#landed) return;
    this.complete();
    this.#refusal = refusal;
    this.#controller?.abort();
    this.#stopWaiting();
    // Nobody needs the renewal of a lease on a dead key; it would only keep the fetch to the origin alive.
    if (this.#lease.refusal) this.#stopRenewing();
  }

  /** Runs when the timer is up, whenever an answer of the ledger is in, and when the body begins. */
  #check(): void {
    if (this.#landed) return;
    if (!this.#sendingBody) this.#lifetime?.keepAlive();
    const refusal = this.#reasonToEnd();
    if (refusal) {
      this.abort(refusal);
      return;
    }
    if (this.#lease.status() !== "valid" && !this.#asking) void this.#renew();
    this.#scheduleNextLook();
  }

  #reasonToEnd(): Refusal | null {
    if (this.#lease.refusal) return { reason: this.#lease.refusal };
    if (this.#sendingBody && !this.#lease.isValid()) return { reason: "ledger_unreachable" };
    if (this.#time.clock.now() >= this.#originDeadline) return { reason: "origin_timeout" };
    return null;
  }

  /** In this request's own context: nobody else waits for it, and nobody else's end can strand it. */
  async #renew(): Promise<void> {
    this.#asking = true;
    const asked = this.#lease.ensureValid();
    const { promise: stopped, resolve } = Promise.withResolvers<void>();
    this.#stopRenewing = resolve;
    this.#lifetime?.waitUntil(Promise.race([asked, stopped]));
    const outcome = await asked;
    this.#asking = false;
    if (outcome !== "valid" && !this.#lease.isValid()) {
      this.abort({ reason: outcome === "unreachable" ? "ledger_unreachable" : outcome });
    } else {
      this.#check();
    }
  }

  #scheduleNextLook(): void {
    this.#cancelTimer();
    const deadlineMs = this.#originDeadline - this.#time.clock.now();
    const leaseMs = this.#lease.msUntilStatusChange() || (this.#asking ? LOOK_WITHOUT_LEASE_MS : 0);
    const ms = Math.ceil(Math.max(1, Math.min(deadlineMs, leaseMs)));
    this.#cancelTimer = this.#time.schedule(ms, () => this.#check());
  }
}
