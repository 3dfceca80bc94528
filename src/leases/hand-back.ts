/**
 * Hands back an isolate's unused permits once its requests have stopped.
 *
 * Guarantees that no timer of it is pending in a request that still makes decisions: an overdue timer holds up the clock of
 * its request. One request at a time watches, in the background after its own end. The platform may end that request, so
 * the watch counts for a limited time; then the next request watches. A call that fails is repeated a few times; permits
 * whose return has not arrived are returned with the next call of any request.
 */
import { isUnavailable } from "../keys/store-error.ts";
import type { LeaseClock } from "./lease-clock.ts";
import type { Permits } from "./permits.ts";
import { IDLE_MAX_MS } from "./protocol.ts";

/** The request whose end begins the watch. */
export interface HandBackUser {
  waitUntil(work: Promise<unknown>): void;
  schedule(ms: number, task: () => void): () => void;
  logException(error: unknown): void;
}

/** The platform ends background work 30 s after the response: another request watches in time. */
const WATCH_MAX_MS = 15_000;

/** How long the flag outlasts the watch's next step. */
const GRACE_MS = 1000;

const ATTEMPTS_MAX = 3;

/** A watch that looks later than this is replaced: the key has come to be used more often since. */
const LATE_MAX_MS = 100;

export class HandBack {
  readonly #permits: Permits;
  readonly #clock: LeaseClock;
  readonly #returnUnused: (user: HandBackUser) => Promise<unknown>;
  /** Counts the watches: a newer one replaces the one before. */
  #watch = 0;
  #watchedUntil = Number.NEGATIVE_INFINITY;
  /** When the watch looks next. */
  #looksAt = Number.NEGATIVE_INFINITY;

  /** `returnUnused` calls the ledger once. */
  constructor(permits: Permits, clock: LeaseClock, returnUnused: (user: HandBackUser) => Promise<unknown>) {
    this.#permits = permits;
    this.#clock = clock;
    this.#returnUnused = returnUnused;
  }

  /** Watches, unless there is nothing to hand back or another request does and looks in time. */
  watch(user: HandBackUser): void {
    const ms = this.#permits.msUntilIdle();
    if (ms === null) return;
    const looksInTime = this.#looksAt <= this.#clock.now() + ms + LATE_MAX_MS;
    if (this.#isWatched() && looksInTime) return;
    this.#watch += 1;
    user.waitUntil(this.#run(user, this.#watch).catch((error) => user.logException(error)));
  }

  #isWatched(): boolean {
    const leftMs = this.#watchedUntil - this.#clock.now();
    // Longer than any flag: the clock has stepped back.
    return leftMs > 0 && leftMs <= WATCH_MAX_MS;
  }

  async #run(user: HandBackUser, own: number): Promise<void> {
    const endsAt = this.#clock.now() + WATCH_MAX_MS;
    for (let returns = 0; returns < ATTEMPTS_MAX; ) {
      const ms = this.#permits.msUntilIdle();
      if (ms === null) break;
      if (ms <= 0) {
        // Its answer may bring permits that came with a lost one.
        await this.#handBack(user);
        returns += 1;
        continue;
      }
      await this.#sleep(user, ms, this.#clock.now() < endsAt);
      if (this.#watch !== own) return;
    }
    this.#watchedUntil = Number.NEGATIVE_INFINITY;
  }

  async #handBack(user: HandBackUser): Promise<void> {
    for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt++) {
      this.#watchedUntil = this.#clock.now() + IDLE_MAX_MS;
      this.#looksAt = Number.NEGATIVE_INFINITY;
      try {
        await this.#returnUnused(user);
        return;
      } catch (error) {
        if (!isUnavailable(error)) throw error;
      }
      await this.#sleep(user, attempt * GRACE_MS, true);
    }
  }

  #sleep(user: HandBackUser, ms: number, keepsWatch: boolean): Promise<void> {
    this.#looksAt = this.#clock.now() + ms;
    this.#watchedUntil = keepsWatch ? this.#looksAt + GRACE_MS : Number.NEGATIVE_INFINITY;
    return new Promise((resolve) => user.schedule(Math.max(1, Math.ceil(ms)), resolve));
  }
}
