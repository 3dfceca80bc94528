/**
 * Grants leases, and knows how long a restriction waits for those that are in use.
 *
 * Guarantees, across restarts too, that a restriction which waits for `waitMs` is answered after the last lease that
 * was granted on the old terms has expired. Before a lease leaves, one row on disk covers it: the moment until which
 * leases may be in use, and the duration of the longest one. A ledger that starts after that moment knows that no lease
 * is in use; one that starts before it assumes the longest on every key. The row is written about once a minute while
 * leases are requested. An idle ledger needs no write, no timer and no alarm.
 */

import type { LeaseVerdict } from "../leases/protocol.ts";
import type { Settings } from "../settings.ts";
import {
  CLOCK_STEP_MAX_MS,
  decideLease,
  LeaseBook,
  type LeaseColumns,
  type RevocationTiming,
} from "./lease-book.ts";
import { GRANTS_PER_SECOND_MAX, LeaseLength } from "./lease-length.ts";
import type { MetadataTable } from "./metadata-table.ts";

/** The row's name in the table of metadata. */
export const LEASES_IN_USE = "leases_in_use";

/** How far ahead the row reaches when it is written: one write covers the leases of about a minute. */
const COVERED_AHEAD_MS = 60_000;

/** The leases granted so far, for a later start of the ledger. */
export interface LeasesOnDisk {
  /** No lease is in use after this moment, even as read by a machine whose clock is off by `CLOCK_STEP_MAX_MS`. */
  readonly until: number;
  /** The longest of them, margin included. */
  readonly longest_ms: number;
}

const NONE: LeasesOnDisk = { until: Number.NEGATIVE_INFINITY, longest_ms: 0 };

export class LeaseIssuer {
  readonly #metadata: Pick<MetadataTable, "get" | "set">;
  readonly #marginMs: number;
  readonly #book: LeaseBook;
  readonly #length: LeaseLength;
  #onDisk: LeasesOnDisk;
  #writtenAt: number;
  #longestSinceWriteMs = 0;

  constructor(
    metadata: Pick<MetadataTable, "get" | "set">,
    { leaseMs, leaseMaxMs, leaseMarginMs }: Pick<Settings, "leaseMs" | "leaseMaxMs" | "leaseMarginMs">,
    startedAt: number,
    grantsPerSecondMax = GRANTS_PER_SECOND_MAX,
  ) {
    this.#metadata = metadata;
    this.#marginMs = leaseMarginMs;
    this.#length = new LeaseLength(leaseMs, leaseMaxMs, startedAt, grantsPerSecondMax);
    this.#onDisk = (metadata.get(LEASES_IN_USE) as LeasesOnDisk | undefined) ?? NONE;
    this.#writtenAt = startedAt;
    this.#book = new LeaseBook(startedAt, startedAt <= this.#onDisk.until ? this.#onDisk.longest_ms : 0);
  }

  /**
   * Grants or refuses a lease. `key`: the row, just read from SQLite, where an object that was superseded is fenced;
   * `undefined`: no such key.
   */
  grant(keyId: string, key: LeaseColumns | undefined, now: number): LeaseVerdict {
    const verdict = decideLease(key, now, this.#length.at(now));
    if (verdict.granted) {
      const lastsMs = verdict.ttl_ms + this.#marginMs;
      this.#coverOnDisk(lastsMs, now);
      this.#book.recordLease(keyId, now, lastsMs);
      this.#length.countGrant(now);
    }
    return verdict;
  }

  /** How long a restriction of the key that is written at `now` waits: a duration, counted from then. */
  waitMs(keyId: string, now: number): number {
    return this.#book.waitMs(keyId, now);
  }

  /** The same for a restriction of every key at once. */
  waitMsForAll(now: number): number {
    return this.#book.waitMsForAll(now);
  }

  /** The receipt of a restriction that is written at `now`. */
  timing(keyId: string, now: number): RevocationTiming {
    return { effectiveAt: now + this.waitMs(keyId, now), leaseBoundMs: this.leaseBoundMs };
  }

  /** How long a change that ends the key at `end` waits; 0 when the leases in use expire before. */
  waitMsForEnd(keyId: string, now: number, end: number): number {
    const waitMs = this.waitMs(keyId, now);
    return now + waitMs <= end ? 0 : waitMs;
  }

  /** The same for a restriction of every key at once. */
  timingForAll(now: number): RevocationTiming {
    return { effectiveAt: now + this.waitMsForAll(now), leaseBoundMs: this.leaseBoundMs };
  }

  /** To be called when all leases on a revoked key have expired: a repeated call need not wait again. */
  forget(keyId: string): void {
    this.#book.forget(keyId);
  }

  /** The longest lease that may be in use, margin included, also one from before a change of the settings. */
  get leaseBoundMs(): number {
    return Math.max(this.#onDisk.longest_ms, this.#length.ms + this.#marginMs);
  }

  /** Writes the row, then copies it to memory. The output gate sends the lease only once the row is durable. */
  #coverOnDisk(lastsMs: number, now: number): void {
    const { until, longest_ms } = this.#onDisk;
    const isCovered = now + lastsMs + CLOCK_STEP_MAX_MS <= until && lastsMs <= longest_ms;
    if (!isCovered) {
      // Once the longest lease and the largest clock step have passed, every lease from before the last write has expired.
      const earlierExpired = now - this.#writtenAt > longest_ms + CLOCK_STEP_MAX_MS;
      const othersMs = earlierExpired ? this.#longestSinceWriteMs : longest_ms;
      const aheadMs = Math.max(COVERED_AHEAD_MS, 2 * lastsMs + CLOCK_STEP_MAX_MS);
      const onDisk = { until: Math.max(until, now + aheadMs), longest_ms: Math.max(lastsMs, othersMs) };
      this.#metadata.set(LEASES_IN_USE, onDisk);
      this.#onDisk = onDisk;
      this.#writtenAt = now;
      this.#longestSinceWriteMs = 0;
    }
    this.#longestSinceWriteMs = Math.max(this.#longestSinceWriteMs, lastsMs);
  }
}
