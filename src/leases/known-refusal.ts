/**
 * An isolate's memory of a key's refusal, so that a refused key costs no further call.
 *
 * Guarantees that a permanent refusal is never forgotten, and that a suspension is forgotten after the time of a lease,
 * counted from before the call, or when the clock steps back. Other refusals are not remembered.
 */
import type { Refusal } from "../refusals.ts";
import type { LeaseClock } from "./lease-clock.ts";
import { KNOWN_REFUSALS, type LeaseRefusal, PERMANENT_REFUSALS, type RefusedLease } from "./protocol.ts";

const SUSPENDED: Refusal = { reason: "suspended" };

export class KnownRefusal {
  readonly #clock: LeaseClock;
  #permanent: LeaseRefusal | "corrupt_record" | null = null;
  #suspension: { readonly epoch: number; readonly until: number } | null = null;

  constructor(clock: LeaseClock) {
    this.#clock = clock;
  }

  /** null: the key is not known to be refused. */
  get refusal(): Refusal | null {
    if (this.#permanent) return { reason: this.#permanent };
    return this.#isSuspended() ? SUSPENDED : null;
  }

  refusePermanently(reason: LeaseRefusal | "corrupt_record"): void {
    this.#permanent ??= reason;
  }

  /** Applies the ledger's refusal in the answer to a call that began at `calledAt`. */
  apply({ reason, ttl_ms }: RefusedLease, calledAt: number, epoch: number): Refusal {
    if (PERMANENT_REFUSALS.has(reason)) this.refusePermanently(reason);
    if (reason === "suspended" && ttl_ms !== undefined)
      this.#suspension = { epoch, until: calledAt + ttl_ms };
    return { reason: KNOWN_REFUSALS.has(reason) ? reason : "refused_by_ledger" };
  }

  #isSuspended(): boolean {
    if (this.#suspension === null) return false;
    const { epoch, until } = this.#suspension;
    return epoch === this.#clock.epoch && this.#clock.now() < until;
  }
}
