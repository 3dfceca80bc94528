/**
 * One ledger call for all requests that wait for the same lease.
 *
 * Guarantees that no request depends on another one: each awaits a promise and a timer of its own, because a request
 * that awaits the promise of another request never resumes when that one has ended (cloudflare/workerd#210). The
 * request that makes the call keeps it alive with `waitUntil`. The others wait for half of its time limit, then share a
 * second call.
 */
import { isUnavailable } from "../keys/store-error.ts";
import type { Schedule } from "../keys/time-limit.ts";
import type { Refusal } from "../refusals.ts";
import { PERMANENT_REFUSALS } from "./protocol.ts";

/** The request that waits for a call. */
export interface CallUser {
  /** Keeps background work running after the request has ended. */
  waitUntil(work: Promise<unknown>): void;
  /** A timer of the request's own. */
  readonly schedule: Schedule;
  /** Reads the clock while none of the request's timers is pending. To be called before its lease is judged. */
  checkClock(): void;
}

/** A call that ends within the time passed to it. null: the lease was granted. */
export type LimitedCall = (limitMs: number) => Promise<Refusal | null>;

/**
 * The result of a call: the lease was granted (null) or refused, or the call failed with an error that is no outage.
 */
type Outcome = { readonly refusal: Refusal | null } | { readonly error: unknown };

/** `lease`: the first lease that any call brings. `answer`: the answer to this call, which brings permits. */
export type WaitFor = "lease" | "answer";

/** A call in progress, and the requests that wait for it. */
interface Call {
  /** Later requests make a call of their own. */
  readonly sharedUntil: number;
  readonly waiting: Map<(outcome: Outcome) => void, WaitFor>;
}

export const UNREACHABLE: Refusal = { reason: "ledger_unreachable" };

export function unreachableIfOutage(error: unknown): Refusal {
  if (!isUnavailable(error)) throw error;
  return UNREACHABLE;
}

/** A request waits for a call that began before it, then for one that began later, and accepts the latter's outcome. */
const CALLS_PER_REQUEST = 2;

export class SharedCall {
  readonly #now: () => number;
  #calls: readonly Call[] = [];
  /** The call that the next request waits for. */
  #current: Call | null = null;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Waits for the call in progress, or makes `call`. `limitMs`: the longest that this request waits. */
  async wait(
    user: CallUser,
    limitMs: number,
    call: LimitedCall,
    waitFor: WaitFor = "lease",
  ): Promise<Refusal | null> {
    const startedAt = this.#now();
    for (let count = 1; ; count++) {
      const leftMs = Math.min(limitMs, limitMs - (this.#now() - startedAt));
      if (leftMs <= 0) return UNREACHABLE;
      const current = this.#current;
      const sharedMs = current ? Math.min(limitMs / 2, current.sharedUntil - this.#now()) : 0;
      if (!current || sharedMs <= 0) {
        return resultOf(await this.#make(user, leftMs, () => call(leftMs), waitFor));
      }
      const isLast = count === CALLS_PER_REQUEST;
      const outcome = await this.#follow(current, user, isLast ? leftMs : sharedMs, waitFor);
      if (outcome && (isLast || !isFailure(outcome))) return resultOf(outcome);
      if (isLast) return UNREACHABLE;
      if (this.#current === current) this.#current = null;
    }
  }

  /** Makes `call` in the background; requests that need its answer wait for it. */
  start(user: Pick<CallUser, "waitUntil">, limitMs: number, call: () => Promise<Refusal | null>): void {
    void this.#make(user, limitMs, call);
  }

  /** Resolves with the call's outcome, or with that of another call if it holds for all. Never rejects. */
  #make(
    user: Pick<CallUser, "waitUntil">,
    limitMs: number,
    call: () => Promise<Refusal | null>,
    waitFor: WaitFor = "lease",
  ): Promise<Outcome> {
    const own: Call = { sharedUntil: this.#now() + limitMs / 2, waiting: new Map() };
    this.#current = own;
    this.#calls = [...this.#calls, own];
    const ended = new Promise<Outcome>((resolve) => own.waiting.set(resolve, waitFor));
    user.waitUntil(ended);
    call().then(
      (refusal) => this.#end(own, { refusal }),
      (error) => this.#end(own, { error }),
    );
    return ended;
  }

  /** null: the call has not ended within `limitMs`. */
  #follow(call: Call, { schedule }: CallUser, limitMs: number, waitFor: WaitFor): Promise<Outcome | null> {
    return new Promise((resolve) => {
      const wake = (outcome: Outcome | null) => {
        cancelTimer();
        call.waiting.delete(wake);
        resolve(outcome);
      };
      const cancelTimer = schedule(limitMs, () => wake(null));
      call.waiting.set(wake, waitFor);
    });
  }

  #end(call: Call, outcome: Outcome): void {
    // A grant, a permanent refusal and a suspension hold for every request, whichever call it waits for.
    const holdsForAll =
      "refusal" in outcome &&
      (outcome.refusal === null ||
        outcome.refusal.reason === "suspended" ||
        PERMANENT_REFUSALS.has(outcome.refusal.reason));
    for (const ended of holdsForAll ? new Set([...this.#calls, call]) : [call]) {
      const wakesAll = ended === call || "error" in outcome || outcome.refusal !== null;
      for (const [wake, waitFor] of ended.waiting) {
        if (!wakesAll && waitFor === "answer") continue;
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
