/**
 * What an isolate remembers of a key that is refused, so that the key costs no further call: a refusal for good is
 * remembered for ever, a suspension for the time of a lease, counted from before the call, or until the clock steps back.
 * Nothing else is remembered.
 */
import type { Refusal } from "../refusals.ts";
import type { LeaseClock } from "./lease-clock.ts";
import { FOR_GOOD, KNOWN_REFUSALS, type LeaseRefusal, type RefusedLease } from "./protocol.ts";

const SUSPENDED: Refusal = { reason: "suspended" };

export class KnownRefusal {
  readonly #clock: LeaseClock;
  #forGood: LeaseRefusal | "corrupt_record" | null = null;
  #suspension: { readonly epoch: number; readonly until: number } | null = null;

  constructor(clock: LeaseClock) {
    this.#clock = clock;
  }

  /** null: the key is not known to be refused. */
  get refusal(): Refusal | null {
    if (this.#forGood) return { reason: this.#forGood };
    return this.#isSuspended() ? SUSPENDED : null;
  }

  refuseForGood(reason: LeaseRefusal | "corrupt_record"): void {
    this.#forGood ??= reason;
  }

  /** The ledger's refusal, of a call that began at `calledAt`. */
  apply({ reason, ttl_ms }: RefusedLease, calledAt: number, epoch: number): Refusal {
    if (FOR_GOOD.has(reason)) this.refuseForGood(reason);
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
