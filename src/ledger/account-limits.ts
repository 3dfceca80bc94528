/**
 * An account's tier, and the permits that its keys get by it.
 */

import type { BucketGrant, PermitReport } from "../leases/protocol.ts";
import type { Tier } from "../rate-limits.ts";
import { limitsOf, WINDOWS_MS } from "../rate-limits.ts";
import type { MetadataTable } from "./metadata-table.ts";
import { PermitBook } from "./permit-book.ts";
import { PermitsTable } from "./permits-table.ts";

const TIER = "tier";

export class AccountLimits {
  readonly #metadata: MetadataTable;
  readonly #defaultTier: Tier;
  readonly #book: PermitBook;

  constructor(sql: SqlStorage, metadata: MetadataTable, defaultTier: Tier) {
    this.#metadata = metadata;
    this.#defaultTier = defaultTier;
    this.#book = new PermitBook(new PermitsTable(sql), WINDOWS_MS);
  }

  get tier(): Tier {
    return (this.#metadata.get(TIER) as Tier | undefined) ?? this.#defaultTier;
  }

  /** From the next lease of each isolate on. */
  setTier(tier: Tier): void {
    this.#metadata.set(TIER, tier);
  }

  /** What a holder is permitted, along with a lease of `ttlMs`; null: the tier has no limits. */
  permit(
    keyId: string,
    holder: string,
    reports: readonly PermitReport[],
    now: number,
    ttlMs: number,
  ): BucketGrant[] | null {
    const limits = limitsOf(this.tier);
    // The holder's next question comes before its lease ends, and takes its time to get here.
    return limits && this.#book.grant(keyId, limits, holder, reports, now, 2 * ttlMs);
  }
}
