/**
 * Giving leases, and knowing when the last one has ended.
 *
 * Guarantees that from the moment `endedBy` names no lease on a key is in use, provided that none is given
 * any more. What was given before a restart is not known, so the longest possible is assumed.
 */
import type { Settings } from "../bindings.ts";
import type { LeaseVerdict } from "../keys/lease.ts";
import { decideLease, LeaseBook } from "../keys/lease-book.ts";
import type { FactsTable } from "./facts-table.ts";
import type { KeysTable } from "./keys-table.ts";

/** The longest that a lease given by any version of this ledger can last, kept across restarts. */
const LONGEST_LEASE_MS = "longest_lease_ms";

/** A timer may count from within a millisecond that has begun. */
const TIMER_GRAIN_MS = 1;

export class Leases {
  readonly #keys: KeysTable;
  readonly #facts: FactsTable;
  readonly #settings: Settings;
  readonly #startedAt: number;
  readonly #book: LeaseBook;
  #longestMs: number;

  constructor(keys: KeysTable, facts: FactsTable, settings: Settings, startedAt: number) {
    this.#keys = keys;
    this.#facts = facts;
    this.#settings = settings;
    this.#startedAt = startedAt;
    const knownLongestMs = Number(facts.get(LONGEST_LEASE_MS) ?? 0);
    this.#longestMs = Math.max(knownLongestMs, this.#lastsMs(this.#grantMs()));
    if (this.#longestMs > knownLongestMs) facts.set(LONGEST_LEASE_MS, this.#longestMs);
    this.#book = new LeaseBook(startedAt, this.#longestMs);
  }

  /** Reads SQLite every time, so that an object which has been superseded is fenced and cannot give any. */
  give(keyId: string, now: number): LeaseVerdict {
    const answer = decideLease(this.#keys.issued(keyId), now, this.#grantMs());
    if (answer.granted) {
      this.#book.note(keyId, now, this.#lastsMs(answer.ttl_ms));
      this.#forgetLongerLeases(now);
    }
    return answer;
  }

  endedBy(keyId: string): number {
    return this.#book.latestEnd(keyId);
  }

  allEndedBy(): number {
    return this.#book.latestEndOfAny();
  }

  /**
   * Waits until a moment of this object's clock, which lies no further ahead than the longest lease. The wait is
   * one duration, so a clock that jumps meanwhile neither shortens nor lengthens it.
   */
  async waitUntil(moment: number): Promise<void> {
    const leftMs = Math.min(moment - Date.now(), this.#longestMs);
    if (leftMs > 0) await scheduler.wait(leftMs + TIMER_GRAIN_MS);
  }

  /** The moment asked for, or when the leases that are out have ended, if that is later. */
  notBeforeEnd(keyId: string, asked: number): number {
    return Math.max(asked, this.endedBy(keyId));
  }

  /** In strict mode (`LEASE_MS = 0`) a grant lasts just long enough for its way home. */
  #grantMs(): number {
    return this.#settings.leaseMs || this.#settings.leaseMarginMs;
  }

  #lastsMs(ttlMs: number): number {
    return ttlMs + this.#settings.leaseMarginMs;
  }

  /** After `LEASE_MS` was lowered: once the longest old lease must have ended, stop allowing for it. */
  #forgetLongerLeases(now: number): void {
    const longestMs = this.#lastsMs(this.#grantMs());
    if (this.#longestMs > longestMs && now - this.#startedAt > this.#longestMs) {
      this.#longestMs = longestMs;
      this.#facts.set(LONGEST_LEASE_MS, longestMs);
    }
  }
}
