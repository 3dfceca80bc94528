/**
 * Giving leases, and knowing when the last one has ended.
 *
 * Guarantees that from the moment `endedBy` names no lease on a key is in use, provided that none is given
 * any more. What was given before a restart is not known, so the longest possible is assumed: that is on disk before
 * the first lease which lasts as long has left, and stays there until the last one must have ended.
 */

import type { LeaseVerdict } from "../leases/protocol.ts";
import type { Settings } from "../settings.ts";
import type { KeysTable } from "./keys-table.ts";
import { decideLease, type EffectiveAt, LeaseBook } from "./lease-book.ts";
import { GRANTS_PER_SECOND_MAX, LeaseLength } from "./lease-length.ts";
import type { MetadataTable } from "./metadata-table.ts";

/** The longest that a lease given by any version of this ledger can last, kept across restarts. */
const LONGEST_LEASE_MS = "longest_lease_ms";

/** A timer may count from within a millisecond that has begun. */
const TIMER_GRAIN_MS = 1;

export class LeaseIssuer {
  readonly #keys: KeysTable;
  readonly #metadata: MetadataTable;
  readonly #settings: Settings;
  readonly #settleIn: (ms: number) => Promise<void>;
  readonly #book: LeaseBook;
  readonly #length: LeaseLength;
  #longestMs: number;
  /** From here on no lease is out that is longer than those which are given now. */
  #longerUntil: number;

  /** `settleIn`: sees to it that `settle` is called after so many milliseconds, also by a later life of the ledger. */
  constructor(
    keys: KeysTable,
    metadata: MetadataTable,
    settings: Settings,
    startedAt: number,
    settleIn: (ms: number) => Promise<void>,
    grantsPerSecondMax = GRANTS_PER_SECOND_MAX,
  ) {
    this.#keys = keys;
    this.#metadata = metadata;
    this.#settings = settings;
    this.#settleIn = settleIn;
    const { leaseMs, leaseMaxMs } = settings;
    this.#length = new LeaseLength(leaseMs, leaseMaxMs, startedAt, grantsPerSecondMax);
    const knownLongestMs = Number(metadata.get(LONGEST_LEASE_MS) ?? 0);
    this.#longestMs = Math.max(knownLongestMs, this.#lastsMs(leaseMs));
    if (this.#longestMs > knownLongestMs) metadata.set(LONGEST_LEASE_MS, this.#longestMs);
    this.#longerUntil = startedAt + this.#longestMs;
    this.#book = new LeaseBook(startedAt, this.#longestMs);
  }

  /** Reads SQLite every time, so that an object which has been superseded is fenced and cannot give any. */
  grant(keyId: string, now: number): LeaseVerdict {
    const grantMs = this.#grantMsAt(now);
    const answer = decideLease(this.#keys.issued(keyId), now, grantMs);
    if (answer.granted) {
      this.#allowFor(grantMs, now);
      this.#book.recordLease(keyId, now, this.#lastsMs(answer.ttl_ms));
      this.#length.countGrant(now);
    }
    return answer;
  }

  /** Forgets longer leases once they have ended, also when nobody asks for any more. */
  async settle(now: number): Promise<void> {
    this.#allowFor(this.#grantMsAt(now), now);
    if (this.#longestMs > this.#lastsMs(this.#settings.leaseMs)) await this.#settleIn(this.#longestMs);
  }

  leasesExpireAt(keyId: string): number {
    return this.#book.latestExpiry(keyId);
  }

  /** The moment asked for, or when the leases that are out have ended, if that is later. */
  effectiveAt(keyId: string, asked: number): EffectiveAt {
    return { at: Math.max(asked, this.leasesExpireAt(keyId)), boundMs: this.#longestMs };
  }

  /** The same for every key at once. */
  effectiveAtForAll(asked: number): EffectiveAt {
    return { at: Math.max(asked, this.allLeasesExpireAt()), boundMs: this.#longestMs };
  }

  allLeasesExpireAt(): number {
    return this.#book.latestExpiryOfAny();
  }

  /**
   * Waits until a moment of this object's clock, which lies no further ahead than the longest lease. The wait is
   * one duration, so a clock that jumps meanwhile neither shortens nor lengthens it.
   */
  async waitUntil(moment: number): Promise<void> {
    const leftMs = Math.min(moment - Date.now(), this.#longestMs);
    if (leftMs > 0) await scheduler.wait(leftMs + TIMER_GRAIN_MS);
  }

  #lastsMs(ttlMs: number): number {
    return ttlMs + this.#settings.leaseMarginMs;
  }

  #grantMsAt(now: number): number {
    const before = this.#length.ms;
    const grantMs = this.#length.at(now);
    if (grantMs < before) this.#longerUntil = Math.max(this.#longerUntil, now + this.#lastsMs(before));
    return grantMs;
  }

  /** What is written here is on disk before an answer leaves, as with all that a Durable Object writes. */
  #allowFor(grantMs: number, now: number): void {
    const lastsMs = this.#lastsMs(grantMs);
    const isLonger = lastsMs > this.#longestMs;
    const isShorter = lastsMs < this.#longestMs && now >= this.#longerUntil;
    if (!isLonger && !isShorter) return;
    this.#longestMs = lastsMs;
    this.#metadata.set(LONGEST_LEASE_MS, lastsMs);
    if (isLonger) void this.#settleIn(lastsMs);
  }
}
