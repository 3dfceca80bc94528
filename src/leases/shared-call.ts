/**
 * One ledger call for all requests that wait for the same lease.
 *
 * Guarantees that no request depends on another one: each awaits a promise and a timer of its own. A request that awaits
 * the promise of another one never resumes when that one is gone (cloudflare/workerd#210). The request that makes the call
 * keeps it alive with `waitUntil`. The others wait until half of its time limit has passed, then call themselves, together.
 */
import { isUnavailable } from "../keys/store-error.ts";
import type { Schedule } from "../keys/time-limit.ts";
import type { Refusal } from "../refusals.ts";
import { FOR_GOOD } from "./protocol.ts";

/** The request that waits for a call. */
export interface CallUser {
  /** Keeps background work running after the request has ended. */
  waitUntil(work: Promise<unknown>): void;
  /** A timer of the request's own. */
  readonly schedule: Schedule;
  /** Reads the clock with no timer of the request pending, before its lease is judged. */
  checkClock(): void;
}

/** Ends within the time passed to it. null: the lease was granted. */
export type LimitedCall = (limitMs: number) => Promise<Refusal | null>;

/** How a call has ended: the lease was granted (null) or refused, or an error that is no outage. */
type Outcome = { readonly refusal: Refusal | null } | { readonly error: unknown };

/** `lease`: until a lease is granted, by whichever call. `answer`: for permits, which come with the answer to this call. */
export type Wait = "lease" | "answer";

/** A call in progress, and the requests that wait for it. */
interface Call {
  /** Until then others wait for it; later, a request makes a call of its own. */
  readonly sharedUntil: number;
  readonly waiting: Map<(outcome: Outcome) => void, Wait>;
}

export const UNREACHABLE: Refusal = { reason: "ledger_unreachable" };

export function unreachableIfOutage(error: unknown): Refusal {
  if (!isUnavailable(error)) throw error;
  return UNREACHABLE;
}

/** A request waits for a call that had begun before, then for one that began later, whose outcome it accepts. */
const CALLS_PER_REQUEST = 2;

export class SharedCall {
  readonly #now: () => number;
  #calls: readonly Call[] = [];
  /** The call that the next request waits for. */
  #current: Call | null = null;

  constructor(now: () => number) {
    this.#now = now;
  }

  /**
   * Waits for the call in progress, or makes `call`. `limitMs`: the longest that this request waits.
   */
  async wait(
    user: CallUser,
    limitMs: number,
    call: LimitedCall,
    wait: Wait = "lease",
  ): Promise<Refusal | null> {
    const startedAt = this.#now();
    for (let count = 1; ; count++) {
      const leftMs = Math.min(limitMs, limitMs - (this.#now() - startedAt));
      if (leftMs <= 0) return UNREACHABLE;
      const current = this.#current;
      const sharedMs = current ? Math.min(limitMs / 2, current.sharedUntil - this.#now()) : 0;
      if (!current || sharedMs <= 0) {
        return resultOf(await this.#make(user, leftMs, () => call(leftMs), wait));
      }
      const isLast = count === CALLS_PER_REQUEST;
      const outcome = await this.#follow(current, user, isLast ? leftMs : sharedMs, wait);
      if (outcome && (isLast || !isFailure(outcome))) return resultOf(outcome);
      if (isLast) return UNREACHABLE;
      if (this.#current === current) this.#current = null;
    }
  }

  /** Makes `call` in the background; requests that come to need its answer wait for it. */
  start(user: Pick<CallUser, "waitUntil">, limitMs: number, call: () => Promise<Refusal | null>): void {
    void this.#make(user, limitMs, call);
  }

  /** Ends too when another call's outcome holds for all. Never rejects. */
  #make(
    user: Pick<CallUser, "waitUntil">,
    limitMs: number,
    call: () => Promise<Refusal | null>,
    wait: Wait = "lease",
  ): Promise<Outcome> {
    const own: Call = { sharedUntil: this.#now() + limitMs / 2, waiting: new Map() };
    this.#current = own;
    this.#calls = [...this.#calls, own];
    const ended = new Promise<Outcome>((resolve) => own.waiting.set(resolve, wait));
    user.waitUntil(ended);
    call().then(
      (refusal) => this.#end(own, { refusal }),
      (error) => this.#end(own, { error }),
    );
    return ended;
  }

  /** null: the call has not ended within `limitMs`. */
  #follow(call: Call, { schedule }: CallUser, limitMs: number, wait: Wait): Promise<Outcome | null> {
    return new Promise((resolve) => {
      const wake = (outcome: Outcome | null) => {
        cancelTimer();
        call.waiting.delete(wake);
        resolve(outcome);
      };
      const cancelTimer = schedule(limitMs, () => wake(null));
      call.waiting.set(wake, wait);
    });
  }

  #end(call: Call, outcome: Outcome): void {
    // What a grant, a refusal for good or a suspension says holds for every request, whichever call it waits for.
    const holdsForAll =
      "refusal" in outcome &&
      (outcome.refusal === null ||
        outcome.refusal.reason === "suspended" ||
        FOR_GOOD.has(outcome.refusal.reason));
    for (const ended of holdsForAll ? new Set([...this.#calls, call]) : [call]) {
      const wakesAll = ended === call || "error" in outcome || outcome.refusal !== null;
      for (const [wake, wait] of ended.waiting) {
        if (!wakesAll && wait === "answer") continue;
        ended.waiting.delete(wake);
        wake(outcome);
      }
      if (ended.waiting.size > 0) continue;
      this.#calls = this.#calls.filter((one) => one !== ended);
      if (this.#current === ended) this.#current = null;
    }
  }
}

function isFailure(outcome: Outcome): boolean {
  return "error" in outcome || outcome.refusal?.reason === UNREACHABLE.reason;
}

function resultOf(outcome: Outcome): Refusal | null {
  if ("error" in outcome) throw outcome.error;
  return outcome.refusal;
}
