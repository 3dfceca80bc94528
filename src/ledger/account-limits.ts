/** An account's tier, and the permits that its keys get under it. */

import type { BucketGrant, PermitReport } from "../leases/protocol.ts";
import type { Tier } from "../rate-limits.ts";
import { limitsOf, WINDOWS_MS } from "../rate-limits.ts";
import type { CallMetadata } from "./idempotency-store.ts";
import type { LedgerContext } from "./ledger-context.ts";
import type { MetadataTable } from "./metadata-table.ts";
import { PermitBook } from "./permit-book.ts";
import { PermitsTable } from "./permits-table.ts";

const TIER = "tier";

export class AccountLimits {
  readonly #context: LedgerContext;
  readonly #metadata: MetadataTable;
  readonly #book: PermitBook;

  constructor(context: LedgerContext, metadata: MetadataTable) {
    this.#context = context;
    this.#metadata = metadata;
    this.#book = new PermitBook(new PermitsTable(context.storage.sql), WINDOWS_MS);
  }

  get tier(): Tier {
    return (this.#metadata.get(TIER) as Tier | undefined) ?? this.#context.settings.defaultTier;
  }

  /** Takes effect with the next lease of each isolate. */
  setTier(tier: Tier, { actor }: CallMetadata): void {
    const { storage, events } = this.#context;
    storage.transactionSync(() => {
      this.#metadata.set(TIER, tier);
      events.add({ at: Date.now(), actor, action: "tier_changed", keyId: null, details: { tier } });
    });
  }

  /** The permits granted to a holder, along with a lease of `ttlMs`; null: the tier has no limits. */
  permit(
    keyId: string,
    holder: string,
    reports: readonly PermitReport[],
    now: number,
    ttlMs: number,
  ): BucketGrant[] | null {
    const limits = limitsOf(this.tier);
    // The holder's next call starts before its lease expires, and takes a round trip.
    return limits && this.#book.grant(keyId, limits, holder, reports, now, 2 * ttlMs);
  }
}
