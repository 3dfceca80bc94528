/** An account's tier, and the permits that its keys get under it. */

import type { BucketGrant, PermitReport } from "../leases/protocol.ts";
import type { Tier } from "../rate-limits.ts";
import { limitsOf, WINDOWS_MS } from "../rate-limits.ts";
import type { CallMetadata } from "./idempotency-store.ts";
import { lowerLimits, ownLimitsOf } from "./key-terms.ts";
import type { KeyRow } from "./keys-schema.ts";
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
    return this.ownTier ?? this.#context.settings.defaultTier;
  }

  /** undefined: the default tier applies. */
  get ownTier(): Tier | undefined {
    return this.#metadata.get(TIER) as Tier | undefined;
  }

  /** Takes effect with the next lease of each isolate. */
  setTier(tier: Tier, at: number, { actor }: CallMetadata): void {
    this.#metadata.set(TIER, tier);
    this.#context.events.add({ at, actor, action: "tier_changed", keyId: null, details: { tier } });
  }

  /** The permits granted to a holder, along with a lease of `ttlMs`; null: neither tier, key nor account has limits. */
  permit(
    key: Pick<KeyRow, "id" | "limits">,
    holder: string,
    reports: readonly PermitReport[],
    now: number,
    ttlMs: number,
  ): BucketGrant[] | null {
    const own = lowerLimits(limitsOf(this.tier), limitsOf(ownLimitsOf(key)));
    const account = limitsOf(this.#context.account.row.policy.account_limits);
    const call = { keyId: key.id, holder, reports, leaseMs: ttlMs };
    return this.#book.grant({ key: own, account }, call, now);
  }
}
