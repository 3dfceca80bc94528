/**
 * Revoking many keys of an account in one call.
 *
 * Guarantees that a call is answered when every matching key is revoked everywhere and every matching creation is
 * abandoned, those that began during the call included. The work is done in transactions of bounded length, so leases
 * of other keys need not wait for it. A call that needs several is recorded, and the alarm completes it if the ledger
 * restarts. Not guaranteed: that all keys are revoked at the same moment.
 */
import { isoTime } from "../keys/timestamp.ts";
import type { Refusal } from "../refusals.ts";
import type { Actor } from "./events-table.ts";
import type { CallMetadata } from "./idempotency-store.ts";
import type { KeyFilter } from "./key-listing.ts";
import type { LeaseIssuer } from "./lease-issuer.ts";
import { type LedgerContext, takeEffect } from "./ledger-context.ts";
import type { MetadataTable } from "./metadata-table.ts";

export interface RevokedCount {
  readonly revoked: number;
  readonly effective_at: string;
}

/** Tombstones and events that one transaction writes: about 10 ms. */
const KEYS_PER_TRANSACTION = 1000;

/** How long after its first transaction the alarm resumes a call, in case it was interrupted. */
const RESUME_AFTER_MS = 5000;

/** The row of the table of metadata with the calls in progress. */
const IN_PROGRESS = "bulk_revocations";

interface BulkCall {
  readonly filter: KeyFilter;
  readonly actor: Actor;
  readonly startedAt: number;
}

/** The result of one transaction. */
interface Step {
  readonly revoked: number;
  readonly isLast: boolean;
}

export class BulkRevocation {
  readonly #context: LedgerContext;
  readonly #leases: LeaseIssuer;
  readonly #metadata: MetadataTable;

  constructor(context: LedgerContext, leases: LeaseIssuer, metadata: MetadataTable) {
    this.#context = context;
    this.#leases = leases;
    this.#metadata = metadata;
  }

  /**
   * Revokes every key that matches, and abandons the creations of such keys. `effective_at` covers all matching keys,
   * also those that were revoked before. `not_found`: the account has neither a key nor an event.
   */
  async revokeAll(filter: KeyFilter, { actor }: CallMetadata): Promise<RevokedCount | Refusal> {
    const { listing, events } = this.#context;
    const startedAt = Date.now();
    const revoked = await this.#revokeMatching({ filter, actor, startedAt });
    if (!listing.hasAny() && !events.hasAny()) return { reason: "not_found" };
    await takeEffect(this.#context, this.#leases.waitMsForAll(Date.now()));
    return { revoked, effective_at: isoTime(listing.lastEffectiveAt(filter) ?? startedAt) };
  }

  /** Completes the calls that a restart has interrupted. */
  async resume(): Promise<void> {
    for (const call of this.#inProgress) await this.#revokeMatching(call);
  }

  /** Revokes until no matching key is left; returns the number of keys that it revoked. */
  async #revokeMatching(call: BulkCall): Promise<number> {
    const { storage } = this.#context;
    let revoked = 0;
    for (;;) {
      const now = Date.now();
      const step = storage.transactionSync(() => this.#step(call, now));
      revoked += step.revoked;
      if (step.isLast) return revoked;
      // Lets other calls in.
      await storage.sync();
    }
  }

  #step(call: BulkCall, now: number): Step {
    const { keys, events } = this.#context;
    const { filter, actor } = call;
    const abandoned = keys.abandonCreations(filter);
    const ended = keys.revokeEnded(now, KEYS_PER_TRANSACTION);
    const ids = keys.revokeAll(filter, now, this.#leases.timingForAll(now), KEYS_PER_TRANSACTION - ended);
    events.addForEach(ids, { at: now, actor, action: "revoked", details: { all: true } });
    if (abandoned > 0) {
      const details = { count: abandoned };
      events.add({ at: now, actor, action: "creations_abandoned", keyId: null, details });
    }
    const isLast = ended + ids.length < KEYS_PER_TRANSACTION;
    this.#setInProgress(call, !isLast);
    return { revoked: ids.length, isLast };
  }

  get #inProgress(): readonly BulkCall[] {
    return (this.#metadata.get(IN_PROGRESS) as BulkCall[] | undefined) ?? [];
  }

  #setInProgress(call: BulkCall, isInProgress: boolean): void {
    const calls = this.#inProgress;
    const others = calls.filter((one) => JSON.stringify(one) !== JSON.stringify(call));
    const isKnown = others.length < calls.length;
    if (isInProgress && !isKnown) {
      this.#metadata.set(IN_PROGRESS, [...others, call]);
      void this.#context.scheduleAlarm(Date.now() + RESUME_AFTER_MS);
    } else if (!isInProgress && isKnown) this.#metadata.set(IN_PROGRESS, others);
  }
}
