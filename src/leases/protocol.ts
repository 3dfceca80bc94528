/**
 * All that crosses the wire between an isolate and a ledger, and the number of permits that a holder should have. Pure.
 *
 * Only durations cross the wire, and times of the ledger's clock that identify windows: an isolate never compares
 * them with its clock.
 */
import type { Bucket } from "../rate-limits.ts";

/** A lease of `ttl_ms`, or the reason of its refusal. */
export type LeaseVerdict =
  | { readonly granted: true; readonly ttl_ms: number }
  | { readonly granted: false; readonly reason: LeaseRefusal };

/** The ledger's answer. A granted lease carries permits; null: the key has no rate limits. */
export type LeaseAnswer = LeaseVerdict & { readonly permits?: readonly BucketGrant[] | null };

export type LeaseRefusal = "revoked" | "expired" | "not_in_ledger";

/** An isolate remembers these: a key that is refused for one of them is refused for ever. */
export const FOR_GOOD: ReadonlySet<string> = new Set<LeaseRefusal>(["revoked", "expired"]);

/** Reported with each lease call. */
export interface LeaseReport {
  /** Uses of the key since the last report. */
  readonly uses: number;
  /** `Permits.holder` */
  readonly holder: string;
  readonly permits: readonly PermitReport[];
}

/**
 * The ledger's methods of the data plane. The Durable Object class implements it; the isolate's side depends on the
 * interface only.
 */
export interface LeaseLedger {
  /** Grants or refuses a lease. `uses`: of the key since the isolate's last report. */
  lease(keyId: string, uses: number, holder: string, permits: readonly PermitReport[]): Promise<LeaseAnswer>;
}

/** A holder's permits in one window, reported with each lease call. */
export interface PermitReport {
  readonly bucket: Bucket;
  /** The end of the window (Unix milliseconds), which identifies it; 0: the holder has no permits in this bucket yet. */
  readonly endsAt: number;
  /** The revision of the last grant that reached the holder. */
  readonly revision: number;
  /** The most permits that it will use in the window, unless it is granted more. */
  readonly granted: number;
  readonly unused: number;
  /** Used since the last report. */
  readonly spent: number;
  /** Requests that wait for the answer. */
  readonly waiting: number;
}

/** A holder's permits in one window, as the ledger has recorded them. */
export interface PermitGrant {
  /** When the window ends (Unix milliseconds, the ledger's clock). */
  readonly endsAt: number;
  /** Incremented with every change of the record, to detect an overtaken answer. */
  readonly revision: number;
  /** Permits of the holder in this window, used or not. */
  readonly granted: number;
  /** The limit minus the permits of other holders: the most that this holder can be granted. */
  readonly ceiling: number;
}

/** The ledger's grant in one bucket. */
export interface BucketGrant {
  readonly bucket: Bucket;
  readonly limit: number;
  readonly windowMs: number;
  /** Until the current window ends. */
  readonly leftMs: number;
  readonly current: PermitGrant;
  /** Granted ahead when the current window ends soon, so that no request waits at its edge. */
  readonly next: PermitGrant | null;
}

/** The unused permits that a holder should have: enough until its next report. */
export function permitsWanted(pool: number, spent: number, waiting: number): number {
  return Math.max(Math.ceil(pool / POOL_SHARE), 3 * spent + waiting);
}

/** A new holder, whose rate is unknown, gets this share of the permits that are left. */
const POOL_SHARE = 16;
