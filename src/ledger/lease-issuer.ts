/**
 * Grants leases, and knows when the last one expires.
 *
 * Guarantees that from `leasesExpireAt` on no lease on a key is in use, provided that no further one is granted. The
 * leases granted before a restart are not known, so the longest possible is assumed: its length is on disk before the
 * first lease of that length is answered, and stays there until the last one must have expired.
 */

import type { LeaseVerdict } from "../leases/protocol.ts";
import type { Settings } from "../settings.ts";
import type { KeysTable } from "./keys-table.ts";
import { decideLease, type KeyState, LeaseBook, type RevocationTiming } from "./lease-book.ts";
import { GRANTS_PER_SECOND_MAX, LeaseLength } from "./lease-length.ts";
import type { MetadataTable } from "./metadata-table.ts";

/** The longest lease that any version of this ledger has in use, margin included; kept across restarts. */
const LONGEST_LEASE_MS = "longest_lease_ms";

/** A timer may fire within the last millisecond of its delay. */
const TIMER_GRAIN_MS = 1;

export class LeaseIssuer {
  readonly #keys: KeysTable;
  readonly #metadata: MetadataTable;
  readonly #settings: Settings;
  readonly #settleIn: (ms: number) => Promise<void>;
  readonly #book: LeaseBook;
  readonly #length: LeaseLength;
  #longestMs: number;
  /** From then on no lease is in use that is longer than those granted now. */
  #longerUntil: number;

  /** `settleIn`: has `settle` called after that many milliseconds, also across a restart. */
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

  /** Reads SQLite every time: an object that was superseded is fenced there and cannot grant. */
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

  /** Forgets longer leases once they have expired, also when no further lease is requested. */
  async settle(now: number): Promise<void> {
    this.#allowFor(this.#grantMsAt(now), now);
    if (this.#longestMs > this.#lastsMs(this.#settings.leaseMs)) await this.#settleIn(this.#longestMs);
  }

  leasesExpireAt(keyId: string): number {
    return this.#book.latestExpiry(keyId);
  }

  /** The requested moment, or the expiry of the leases in use when that is later. */
  effectiveAt(keyId: string, requested: number): RevocationTiming {
    return { effectiveAt: Math.max(requested, this.leasesExpireAt(keyId)), leaseBoundMs: this.#longestMs };
  }

  /**
   * When a revocation that is requested for `requested` can take effect by itself. Leases do not reach past the end
   * that the key has already, so a request for that end or an earlier one never moves it later.
   */
  scheduledEnd(keyId: string, { revokes_at, expires_at }: KeyState, requested: number): number {
    const currentEnd = Math.min(
      revokes_at ?? Number.POSITIVE_INFINITY,
      expires_at ?? Number.POSITIVE_INFINITY,
    );
    return Math.max(requested, Math.min(this.leasesExpireAt(keyId), currentEnd));
  }

  /** `effectiveAt` for every key at once. */
  effectiveAtForAll(requested: number): RevocationTiming {
    return { effectiveAt: Math.max(requested, this.allLeasesExpireAt()), leaseBoundMs: this.#longestMs };
  }

  allLeasesExpireAt(): number {
    return this.#book.latestExpiryOfAny();
  }

  /**
   * Waits until a moment of this object's clock, at most as long as the longest lease. The wait is one duration, so a
   * clock step during it neither shortens nor lengthens it.
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

  /** The output gate holds back the lease until this write is on disk. */
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
