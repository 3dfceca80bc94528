/**
 * An account's tier, and the permits that its keys get under the limits of tier, key and policy.
 *
 * Guarantees that the lower of the tier's and the key's own limit applies. It does not count permits; PermitBook does.
 */

import type { BucketGrant } from "../leases/protocol.ts";
import { limitsOf, type OwnLimits, type Tier, WINDOWS_MS } from "../rate-limits.ts";
import type { CallMetadata } from "./idempotency-store.ts";
import { lowerLimits, ownLimitsOf } from "./key-terms.ts";
import type { KeyRow } from "./keys-schema.ts";
import type { LedgerContext } from "./ledger-context.ts";
import type { MetadataTable } from "./metadata-table.ts";
import { PermitBook, type PermitCall } from "./permit-book.ts";
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

  /**
   * Grants permits to the holder of a lease of `leaseMs`. `accountLimits`: those of the account's policy. null: neither
   * tier, key nor account has limits.
   */
  grantPermits(
    key: Pick<KeyRow, "id" | "limits">,
    accountLimits: OwnLimits | null,
    { holder, reports, leaseMs }: Omit<PermitCall, "keyId">,
    now: number,
  ): BucketGrant[] | null {
    const limits = {
      key: lowerLimits(limitsOf(this.tier), limitsOf(ownLimitsOf(key))),
      account: limitsOf(accountLimits),
    };
    return this.#book.grant(limits, { keyId: key.id, holder, reports, leaseMs }, now);
  }
}
