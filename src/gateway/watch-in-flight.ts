/**
 * Watches one request while it is in flight, and ends it the moment its key is dead.
 *
 * Guarantees that the fetch to the origin, an upload under way and the answer's body are cut once the
 * key is refused, and that no byte of a body passes without a valid lease. Time is passed in, so the
 * simulator runs this very code. No code here runs per chunk; an idle flight costs one timer.
 */
import type { Lease, LeaseClock } from "../keys/lease.ts";
import type { Refusal } from "../refusals.ts";
import type { Stay } from "./stay.ts";

/** Runs `task` after `ms`, unless the returned function is called first. */
export type Schedule = (ms: number, task: () => void) => () => void;

export interface FlightTime {
  readonly clock: LeaseClock;
  readonly schedule: Schedule;
}

/** How often a flight without a lease looks while it waits for the ledger: another request may hear of the end first. */
const LOOK_WITHOUT_LEASE_MS = 100;

export class Flight {
  readonly #lease: Lease;
  readonly #time: FlightTime;
  readonly #stay: Pick<Stay, "begin" | "waitUntil"> | null;
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
    time: FlightTime,
    originTimeoutMs: number,
    stay: Pick<Stay, "begin" | "waitUntil"> | null = null,
  ) {
    this.#stay = stay;
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
  unlessEnded<T>(work: Promise<T>): Promise<T | null> {
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
  originAnswered(): void {
    this.#originDeadline = Number.POSITIVE_INFINITY;
  }

  /** From here on bytes of the body leave, so the lease must be valid at every moment. */
  sendsBody(): void {
    this.#sendingBody = true;
    this.#look();
  }

  /** The last byte is gone, or nothing will be sent: stops watching. */
  land(): void {
    this.#landed = true;
    this.#cancelTimer();
  }

  /** Ends the flight: whoever waits for it goes on, and everything that listens to the signal is cut. */
  end(refusal: Refusal): void {
    if (this.#landed) return;
    this.land();
    this.#refusal = refusal;
    this.#controller?.abort();
    this.#stopWaiting();
    // Nobody needs the renewal of a lease on a dead key; it would only keep the fetch to the origin alive.
    if (this.#lease.refusal) this.#stopRenewing();
  }

  /** Runs when the timer is up, whenever an answer of the ledger is in, and when the body begins. */
  #look(): void {
    if (this.#landed) return;
    if (!this.#sendingBody) this.#stay?.begin();
    const refusal = this.#reasonToEnd();
    if (refusal) {
      this.end(refusal);
      return;
    }
    if (this.#lease.standing() !== "valid" && !this.#asking) void this.#renew();
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
    const asked = this.#lease.secure();
    const { promise: stopped, resolve } = Promise.withResolvers<void>();
    this.#stopRenewing = resolve;
    this.#stay?.waitUntil(Promise.race([asked, stopped]));
    const outcome = await asked;
    this.#asking = false;
    if (outcome !== "valid" && !this.#lease.isValid()) {
      this.end({ reason: outcome === "unreachable" ? "ledger_unreachable" : outcome });
    } else {
      this.#look();
    }
  }

  #scheduleNextLook(): void {
    this.#cancelTimer();
    const deadlineMs = this.#originDeadline - this.#time.clock.now();
    const leaseMs = this.#lease.msUntilChange() || (this.#asking ? LOOK_WITHOUT_LEASE_MS : 0);
    const ms = Math.ceil(Math.max(1, Math.min(deadlineMs, leaseMs)));
    this.#cancelTimer = this.#time.schedule(ms, () => this.#look());
  }
}
