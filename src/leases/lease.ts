/**
 * An isolate's lease on a key: the ledger's promise that the key stays good for a while.
 *
 * Guarantees that a lease never outlasts what the ledger counted: it runs from before the ledger was
 * asked, only its duration crosses the wire, and a clock that jumps back voids it. A refusal for good is
 * remembered. Time and transport are passed in, so the simulator runs this very code. No promise here
 * is shared between requests: on the platform, those who wait for another request's promise are never
 * woken when that request is gone.
 */

import type { LeaseClock } from "./lease-clock.ts";
import { Permits } from "./permits.ts";
import type { LeaseAnswer, LeaseRefusal, LeaseReport } from "./protocol.ts";

/** Asks the ledger about one key; rejects when it cannot be reached within `limitMs`. */
export type RequestLease = (report: LeaseReport, limitMs: number) => Promise<LeaseAnswer>;

/**
 * - `valid`: requests may pass.
 * - `due`: valid, and whoever sees this renews it in the background, so that nobody ever waits.
 * - `lapsed`: nothing may pass before the ledger has been asked; nor ever again after a refusal for good.
 */
export type LeaseStatus = "valid" | "renewable" | "expired";

/** How often a lease is asked for again when the answer took so long that it had run out on arrival. */
const MAX_ATTEMPTS = 3;

export class Lease {
  /** The right to admit requests, which is renewed with the lease and good under it only. */
  readonly permits: Permits;
  readonly #askLedger: RequestLease;
  readonly #clock: LeaseClock;
  readonly #timeLimitMs: number;

  #refusal: LeaseRefusal | null = null;
  #unreportedUses = 0;
  #epoch = 0;
  #ttlMs = 0;
  #validUntil = Number.NEGATIVE_INFINITY;
  /** From here on somebody should ask; pushed ahead while somebody does, and a flag no longer than that. */
  #renewFrom = Number.NEGATIVE_INFINITY;
  /** From here on it is to be renewed also when all that it is good for is saying no. */
  #renewAtLast = Number.NEGATIVE_INFINITY;

  constructor(
    askLedger: RequestLease,
    clock: LeaseClock,
    timeLimitMs: number,
    holder: string = crypto.randomUUID(),
  ) {
    this.permits = new Permits(holder, clock);
    this.#askLedger = askLedger;
    this.#clock = clock;
    this.#timeLimitMs = timeLimitMs;
  }

  /** Why the key is dead for good, or null. */
  get refusal(): LeaseRefusal | null {
    return this.#refusal;
  }

  status(): LeaseStatus {
    const now = this.#clock.now();
    if (this.#refusal || this.#epoch !== this.#clock.epoch || now >= this.#validUntil) return "expired";
    return now >= this.#renewFrom ? "renewable" : "valid";
  }

  /**
   * Whether a renewal can wait: the key's requests are being refused, so that there is no hurry but for the way to the
   * ledger. Not for a request in flight, which would be cut if the way took longer than it did last time.
   */
  canDeferRenewal(): boolean {
    return this.permits.isRefusing && this.#clock.now() < this.#renewAtLast;
  }

  isValid(): boolean {
    return this.status() !== "expired";
  }

  /** Whether it may have lapsed before a renewal that begins now is back: too late to begin a body. */
  isNearExpiry(): boolean {
    return this.#clock.now() >= this.#validUntil - this.#ttlMs / 4;
  }

  /** Milliseconds until the standing changes by itself; 0 when it has lapsed. */
  msUntilStatusChange(): number {
    const now = this.#clock.now();
    const next = now < this.#renewFrom ? Math.min(this.#renewFrom, this.#validUntil) : this.#validUntil;
    return Math.max(0, next - now);
  }

  /** Counts a request that was let through; reported when the ledger is asked next. */
  countUse(): void {
    this.#unreportedUses += 1;
  }

  /**
   * Asks the ledger once. Returns why the key is refused, or null when it was granted, which does not
   * say that the lease is still valid. Rejects when the ledger cannot be reached within `limitMs`.
   */
  async renew(limitMs = this.#timeLimitMs): Promise<LeaseRefusal | null> {
    const askedAt = this.#clock.now();
    const epoch = this.#clock.epoch;
    this.#renewFrom = askedAt + this.#ttlMs / 4;

    const uses = this.#unreportedUses;
    this.#unreportedUses = 0;
    let answer: LeaseAnswer;
    try {
      const permits = this.permits.report();
      answer = await this.#askLedger({ uses, holder: this.permits.holder, permits }, limitMs);
    } catch (error) {
      this.#unreportedUses += uses;
      throw error;
    }

    if (!answer.granted) {
      if (answer.reason !== "not_in_ledger") this.#refusal = answer.reason;
      return answer.reason;
    }
    this.permits.applyGrant(answer.permits ?? null, askedAt, epoch);
    this.#hold(askedAt, epoch, answer.ttl_ms);
    return null;
  }

  /** Asks until the lease is valid, the key is refused or the ledger proves out of reach. */
  async ensureValid(): Promise<"valid" | LeaseRefusal | "unreachable"> {
    const startedAt = this.#clock.now();
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      const leftMs = this.#timeLimitMs - (this.#clock.now() - startedAt);
      if (leftMs <= 0) break;
      try {
        const refusal = await this.renew(leftMs);
        if (refusal) return refusal;
      } catch {
        break;
      }
      if (this.isValid()) return "valid";
    }
    // Another request may have learned meanwhile that the key is dead.
    return this.#refusal ?? "unreachable";
  }

  #hold(askedAt: number, epoch: number, ttlMs: number): void {
    const tookMs = this.#clock.now() - askedAt;
    if (epoch !== this.#clock.epoch) return; // The clock jumped back meanwhile: nobody can say how old this is.
    const validUntil = askedAt + ttlMs;
    // Answers may overtake each other, and leases get shorter. The ledger stands by each, so the longest promise counts.
    if (this.#epoch === epoch && validUntil <= this.#validUntil) {
      this.#ttlMs = Math.min(this.#ttlMs, ttlMs);
      this.#renewFrom = this.#validUntil - ttlMs / 2;
      return;
    }
    this.#epoch = epoch;
    this.#ttlMs = ttlMs;
    this.#validUntil = validUntil;
    this.#renewFrom = askedAt + ttlMs / 2;
    this.#renewAtLast = askedAt + Math.max(ttlMs / 2, Math.min(0.9 * ttlMs, ttlMs - 2 * tookMs));
  }
}
