/**
 * Limits look-ups that a client makes up: keys without a keyed check, and revocations by possession.
 *
 * Counted by the platform's rate limiter, per location and client address; an address that went over the
 * limit is remembered here for a while, so that its next ones cost nothing. Keys with a check never come here.
 */
import type { Env } from "../bindings.ts";
import { RecentlyUsed } from "./recently-used.ts";

/** The period of the binding in `wrangler.toml`. */
export const LOOK_UP_PERIOD_SECONDS = 60;

const ADDRESSES_MAX = 10_000;

export class FailedLookUps {
  readonly #limiter: Env["FAILED_LOOK_UPS"];
  readonly #now: () => number;
  readonly #blockedUntil = new RecentlyUsed<number>(ADDRESSES_MAX);

  constructor(limiter: Env["FAILED_LOOK_UPS"], now: () => number) {
    this.#limiter = limiter;
    this.#now = now;
  }

  tooMany(address: string): boolean {
    return this.#now() < (this.#blockedUntil.get(address) ?? 0);
  }

  /** Counts one more; returns whether it was over the limit. */
  async note(address: string): Promise<boolean> {
    const { success } = await this.#limiter.limit({ key: address });
    if (!success) this.#blockedUntil.set(address, this.#now() + LOOK_UP_PERIOD_SECONDS * 1000);
    return !success;
  }
}
