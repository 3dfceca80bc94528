/**
 * What a holder of permits and the ledger tell each other, and how many permits a holder should have. Pure.
 *
 * Only durations cross the wire, and the ledger's own moments to name windows by: nobody compares them with a clock.
 */
import type { Bucket } from "../rate-limits.ts";

/** Whether a key is good, and for how long. */
export type LeaseVerdict =
  | { readonly granted: true; readonly ttl_ms: number }
  | { readonly granted: false; readonly reason: LeaseRefusal };

/** The ledger's answer; with a lease come permits, unless the key has no rate limits. */
export type LeaseAnswer = LeaseVerdict & { readonly permits?: readonly BucketGrant[] | null };

export type LeaseRefusal = "revoked" | "expired" | "not_in_ledger";

/** What the ledger is told when it is asked, which costs no call of its own. */
export interface LeaseReport {
  /** How often the key was used since the ledger was last asked. */
  readonly uses: number;
  /** Who holds the permits: `Permits.holder`. */
  readonly holder: string;
  readonly permits: readonly PermitReport[];
}

/**
 * The ledger's methods that isolates call on the data plane. The Durable Object class implements it; isolates know the
 * interface alone, so that nothing here depends on the ledger's code.
 */
export interface LeaseLedger {
  /** `uses`: requests with the key since this isolate's last report. */
  lease(keyId: string, uses: number, holder: string, permits: readonly PermitReport[]): Promise<LeaseAnswer>;
}

/** What a holder tells the ledger of its permits in one window, each time it asks for a lease. */
export interface PermitReport {
  readonly bucket: Bucket;
  /** Which window, by its end (Unix milliseconds); 0: the holder has no permits in this bucket yet. */
  readonly endsAt: number;
  /** The number of the last grant that reached the holder. */
  readonly revision: number;
  /** How many it will have used in the window at the most, unless it is granted more. */
  readonly granted: number;
  readonly unused: number;
  /** How many were used since the last report. */
  readonly spent: number;
  /** How many requests wait for the answer. */
  readonly waiting: number;
}

/** A holder's permits in one window, as the ledger has them on record. */
export interface PermitGrant {
  /** When the window ends (Unix milliseconds, the ledger's clock). */
  readonly endsAt: number;
  /** Counts the changes to this record, so that an answer which was overtaken is known. */
  readonly revision: number;
  /** How many the holder may use in this window in all. */
  readonly granted: number;
  /** The limit less what other holders may use: at most so many are this holder's, if nobody else asks. */
  readonly ceiling: number;
}

/** The ledger's word on one bucket. */
export interface BucketGrant {
  readonly bucket: Bucket;
  readonly limit: number;
  readonly windowMs: number;
  /** Until the current window ends. */
  readonly leftMs: number;
  readonly current: PermitGrant;
  /** Granted ahead when the current window ends soon, so that nobody waits at its edge. */
  readonly next: PermitGrant | null;
}

/** How many unused permits a holder should have: what it may need until it is heard of again. */
export function permitsWanted(pool: number, spent: number, waiting: number): number {
  return Math.max(Math.ceil(pool / POOL_SHARE), 3 * spent + waiting);
}

/** A holder of which nothing is known yet gets this part of what is left. */
const POOL_SHARE = 16;
