/**
 * Returns an isolate's unused permits once its requests have stopped.
 *
 * One request watches for all, in the background after its own end, and only while permits are unused. The platform may
 * end that request, so its claim to watch lasts for a limited time; then the next request watches. A call that fails is
 * repeated. It does not check the clock: the request may still send its body, and each check restarts its timers.
 */
import { isUnavailable } from "../keys/store-error.ts";
import type { LeaseClock } from "./lease-clock.ts";
import type { Permits } from "./permits.ts";
import type { CallUser } from "./shared-call.ts";

/** A request that watches after its end. */
export type PermitReturnUser = CallUser & { logException(error: unknown): void };

/** How long a claim outlasts the step that it covers. */
const GRACE_MS = 3000;

/**
 * Steps of about a second each: another request watches before the platform ends background work, 30 s after a
 * response.
 */
const STEPS_MAX = 15;

/** The pause after a call that has failed. */
const FAILED_MS = 1000;

export class PermitReturn {
  readonly #permits: Permits;
  readonly #clock: LeaseClock;
  readonly #callLedger: (user: PermitReturnUser) => Promise<unknown>;
  /** Until then a request claims to watch, and no other one needs to. */
  #claimedUntil = Number.NEGATIVE_INFINITY;

  /** `callLedger` makes one call, which returns every unused permit. */
  constructor(permits: Permits, clock: LeaseClock, callLedger: (user: PermitReturnUser) => Promise<unknown>) {
    this.#permits = permits;
    this.#clock = clock;
    this.#callLedger = callLedger;
  }

  /** To be called at the end of a request that was not aborted: the watch would keep its fetch to the origin alive. */
  watch(user: PermitReturnUser): void {
    const leftMs = this.#claimedUntil - this.#clock.now();
    // Longer than any claim: the clock has stepped back.
    const isWatched = leftMs > 0 && leftMs <= 2 * GRACE_MS;
    if (isWatched || this.#permits.msUntilReturn() === null) return;
    user.waitUntil(this.#run(user).catch((error) => user.logException(error)));
  }

  async #run(user: PermitReturnUser): Promise<void> {
    for (let step = 0; step < STEPS_MAX; step++) {
      const ms = this.#permits.msUntilReturn();
      if (ms === null) break;
      // No claim in the last two steps, so that a request which ends meanwhile takes over.
      const isClaimed = step < STEPS_MAX - 2;
      this.#claimedUntil = isClaimed
        ? this.#clock.now() + Math.max(0, ms) + GRACE_MS
        : Number.NEGATIVE_INFINITY;
      if (ms > 0) await sleep(user, ms);
      // The loop continues: the answer may bring the permits of an answer that was lost.
      else if (!(await this.#returnUnused(user))) await sleep(user, FAILED_MS);
    }
    this.#claimedUntil = Number.NEGATIVE_INFINITY;
  }

  /** Returns whether the call succeeded. */
  async #returnUnused(user: PermitReturnUser): Promise<boolean> {
    try {
      await this.#callLedger(user);
      return true;
    } catch (error) {
      if (!isUnavailable(error)) throw error;
      this.#permits.forgetReport();
      return false;
    }
  }
}

function sleep(user: PermitReturnUser, ms: number): Promise<void> {
  return new Promise((resolve) => user.schedule(Math.ceil(ms), resolve));
}
