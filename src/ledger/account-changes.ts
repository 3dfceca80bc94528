/**
 * Changing an account as a whole: its tier and policy, suspending and resuming it.
 *
 * Guarantees that a restriction of all keys together is answered when no lease of the account from before it is in use.
 * The rules of a policy apply to keys issued later; its addresses and limits, and the tier, to all keys at once. A
 * repeated call gets the same answer, and writes nothing.
 */

import type { Account, ChangedAccount, Policy, RestrictedAccount } from "../keys/account.ts";
import { isoTime, isoTimeOrNull } from "../keys/timestamp.ts";
import type { LedgerLocation } from "../ledger-locations.ts";
import { limitsOf, type Tier } from "../rate-limits.ts";
import type { Refusal } from "../refusals.ts";
import type { AccountLimits } from "./account-limits.ts";
import type { CallMetadata } from "./idempotency-store.ts";
import type { Receipt } from "./key-changes.ts";
import { losesAddress, losesRequests } from "./key-terms.ts";
import { CLOCK_STEP_MAX_MS } from "./lease-book.ts";
import type { LeaseIssuer } from "./lease-issuer.ts";
import { type LedgerContext, restrict, takeEffect } from "./ledger-context.ts";

export interface AccountChange {
  readonly tier?: Tier | undefined;
  /** Only before the account's first key. */
  readonly location?: LedgerLocation | undefined;
  readonly policy?: Policy | undefined;
}

export class AccountChanges {
  readonly #context: LedgerContext;
  readonly #leases: LeaseIssuer;
  readonly #limits: AccountLimits;

  constructor(context: LedgerContext, leases: LeaseIssuer, limits: AccountLimits) {
    this.#context = context;
    this.#leases = leases;
    this.#limits = limits;
  }

  /** With the effective tier: the account's own, or the default. */
  view(account: string): Account {
    const { location, policy, suspended_at } = this.#context.account.row;
    return { account, tier: this.#limits.tier, location, policy, suspended_at: isoTimeOrNull(suspended_at) };
  }

  /** All of the change with its events, or nothing. */
  async change(
    name: string,
    { tier, location, policy }: AccountChange,
    caller: CallMetadata,
  ): Promise<ChangedAccount | Refusal> {
    const { account, listing, storage } = this.#context;
    const now = Date.now();
    const before = account.row;
    const newLocation = location === before.location ? undefined : location;
    if (newLocation !== undefined && listing.hasAny()) return HAS_KEYS;
    const changesTier = tier !== undefined && !isSame(tier, this.#limits.ownTier);
    const changesPolicy = policy !== undefined && !isSame(policy, before.policy);
    const lowersTier = changesTier && losesRequests(limitsOf(this.#limits.tier), limitsOf(tier));
    const narrowsPolicy = changesPolicy && narrows(before.policy, policy);
    const write = (receipt: Receipt | null): ChangedAccount => {
      if (changesTier) this.#limits.setTier(tier, now, caller);
      if (newLocation !== undefined) this.#setLocation(newLocation, now, caller);
      if (changesPolicy) this.#setPolicy(policy, now, caller);
      if (changesTier || changesPolicy) this.#setRestriction(receipt);
      return { ...this.view(name), ...(receipt && receiptFields(receipt)) };
    };
    if (lowersTier || narrowsPolicy) {
      const waitMs = this.#leases.waitMsForAll(now);
      return await restrict(this.#context, waitMs, () => write({ at: now, effectiveAt: now + waitMs }));
    }
    const { restricted_at: at, restriction_effective_at: effectiveAt } = before;
    const isRestrictable = tier !== undefined || policy !== undefined;
    const isUnchanged = newLocation === undefined && !changesTier && !changesPolicy;
    const isRepeat = isRestrictable && isUnchanged && at !== null && effectiveAt !== null;
    // The first call may still be waiting.
    if (isRepeat && now < effectiveAt + CLOCK_STEP_MAX_MS)
      await takeEffect(this.#context, this.#leases.waitMsForAll(now));
    return storage.transactionSync(() => write(isRepeat ? { at, effectiveAt } : null));
  }

  async suspend(
    name: string,
    { actor }: CallMetadata,
    reason: string | null,
  ): Promise<RestrictedAccount | Refusal> {
    const { account, events } = this.#context;
    if (!events.hasAny()) return { reason: "not_found" };
    const now = Date.now();
    // A repeated call waits too: the first one may still be waiting, or a restart may have interrupted it.
    const waitMs = this.#leases.waitMsForAll(now);
    return await restrict(this.#context, waitMs, () => {
      if (!account.isSuspended) {
        account.change({ suspended_at: now, suspension_effective_at: now + waitMs, resumed_at: null });
        const details = reason === null ? {} : { reason };
        events.add({ at: now, actor, action: "account_suspended", keyId: null, details });
      }
      const { suspended_at, suspension_effective_at } = account.row;
      const at = suspended_at ?? now;
      return { ...this.view(name), ...receiptFields({ at, effectiveAt: suspension_effective_at ?? at }) };
    });
  }

  /** Answers at once; takes effect with the next lease of each isolate. */
  resume(name: string, { actor }: CallMetadata): RestrictedAccount | Refusal {
    const { account, events, storage } = this.#context;
    if (!events.hasAny()) return { reason: "not_found" };
    const now = Date.now();
    const { suspended_at, resumed_at } = account.row;
    if (suspended_at === null && resumed_at === null)
      return { reason: "conflict", text: "The account is not suspended" };
    return storage.transactionSync(() => {
      if (suspended_at !== null) {
        account.change({ suspended_at: null, resumed_at: now });
        events.add({ at: now, actor, action: "account_resumed", keyId: null });
      }
      const at = suspended_at === null ? (resumed_at ?? now) : now;
      return { ...this.view(name), ...receiptFields({ at, effectiveAt: at }) };
    });
  }

  #setLocation(location: LedgerLocation, at: number, { actor }: CallMetadata): void {
    const { account, events } = this.#context;
    account.change({ location });
    events.add({ at, actor, action: "location_chosen", keyId: null, details: { location } });
  }

  #setRestriction(receipt: Receipt | null): void {
    this.#context.account.change({
      restricted_at: receipt?.at ?? null,
      restriction_effective_at: receipt?.effectiveAt ?? null,
    });
  }

  #setPolicy(policy: Policy, now: number, { actor }: CallMetadata): void {
    const { account, events } = this.#context;
    account.change({ policy });
    events.add({ at: now, actor, action: "policy_changed", keyId: null, details: { ...policy } });
  }
}

const HAS_KEYS = {
  reason: "conflict",
  text: "The location of an account is chosen before its first key: a ledger never moves",
} as const;

/** Whether the policy restricts existing keys. */
function narrows(from: Policy, to: Policy): boolean {
  const lowersLimits = losesRequests(limitsOf(from.account_limits), limitsOf(to.account_limits));
  return lowersLimits || losesAddress(from.allowed_ips, to.allowed_ips);
}

function isSame(one: Tier | Policy, other: Tier | Policy | undefined): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

function receiptFields({ at, effectiveAt }: Receipt): Pick<RestrictedAccount, "effective_at" | "waited_ms"> {
  return { effective_at: isoTime(effectiveAt), waited_ms: effectiveAt - at };
}
