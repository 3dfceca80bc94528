/**
 * Hands back an isolate's unused permits once its requests have stopped.
 *
 * One request watches for all, in the background after its own end, and only if permits are unused. The platform may end
 * that request, so the watch counts for a limited time; then the next request watches. A call that fails is repeated. It
 * does not check the clock: the request may still send its body, and each check starts its timers again.
 */
import { isUnavailable } from "../keys/store-error.ts";
import type { LeaseClock } from "./lease-clock.ts";
import type { Permits } from "./permits.ts";
import type { CallUser } from "./shared-call.ts";

/** A request whose end begins the watch. */
export type HandBackUser = CallUser & { logException(error: unknown): void };

/** How long a flag outlasts the step that it covers. */
const GRACE_MS = 3000;

/** The platform ends background work 30 s after the response: after so many seconds, at most, another request watches. */
const STEPS_MAX = 15;

/** After a call that has failed. */
const FAILED_MS = 1000;

export class HandBack {
  readonly #permits: Permits;
  readonly #clock: LeaseClock;
  readonly #returnUnused: (user: HandBackUser) => Promise<unknown>;
  #watchedUntil = Number.NEGATIVE_INFINITY;

  /** `returnUnused` calls the ledger once. */
  constructor(permits: Permits, clock: LeaseClock, returnUnused: (user: HandBackUser) => Promise<unknown>) {
    this.#permits = permits;
    this.#clock = clock;
    this.#returnUnused = returnUnused;
  }

  /** At the end of a request, when no fetch of it is left that its end should end. */
  watch(user: HandBackUser): void {
    const leftMs = this.#watchedUntil - this.#clock.now();
    // Longer than any flag: the clock has stepped back.
    const isWatched = leftMs > 0 && leftMs <= 2 * GRACE_MS;
    if (isWatched || this.#permits.msUntilHandBack() === null) return;
    user.waitUntil(this.#run(user).catch((error) => user.logException(error)));
  }

  async #run(user: HandBackUser): Promise<void> {
    for (let step = 0; step < STEPS_MAX; step++) {
      const ms = this.#permits.msUntilHandBack();
      if (ms === null) break;
      // Requests that end during the last two steps watch again.
      const isFlagged = step < STEPS_MAX - 2;
      this.#watchedUntil = isFlagged
        ? this.#clock.now() + Math.max(0, ms) + GRACE_MS
        : Number.NEGATIVE_INFINITY;
      if (ms > 0) await sleep(user, ms);
      // Its answer may bring permits that came with a lost one.
      else if (!(await this.#handBack(user))) await sleep(user, FAILED_MS);
    }
    this.#watchedUntil = Number.NEGATIVE_INFINITY;
  }

  async #handBack(user: HandBackUser): Promise<boolean> {
    try {
      await this.#returnUnused(user);
      return true;
    } catch (error) {
      if (!isUnavailable(error)) throw error;
      this.#permits.forgetReport();
      return false;
    }
  }
}

function sleep(user: HandBackUser, ms: number): Promise<void> {
  return new Promise((resolve) => user.schedule(Math.ceil(ms), resolve));
}
