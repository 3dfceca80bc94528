/**
 * All that crosses the wire between an isolate and a ledger, and the times on which both sides agree. Pure.
 *
 * Only durations cross the wire, and the end of a window on the ledger's clock, which identifies the window: an isolate
 * never compares it with its own clock.
 */
import type { KeyRecord } from "../keys/key-record.ts";
import type { Permission } from "../policy.ts";
import type { Bucket } from "../rate-limits.ts";

/** The part of a key that may change. A lease promises that the key stays valid on these terms. */
export interface Terms {
  /** Empty: full access. */
  readonly permissions: readonly Permission[];
  /** Networks in CIDR notation from which the key may be used. Empty: anywhere. */
  readonly allowed_ips: readonly string[];
  /** The same, for all keys of the account. */
  readonly account_allowed_ips: readonly string[];
}

export function isSameTerms(one: Terms, other: Terms): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

/** A lease of `ttl_ms`, or the reason of its refusal. */
export type LeaseVerdict = { readonly granted: true; readonly ttl_ms: number } | RefusedLease;

export interface RefusedLease {
  readonly granted: false;
  readonly reason: LeaseRefusal;
  /** How long the isolate may remember a suspension; absent for other reasons. */
  readonly ttl_ms?: number;
}

/** The ledger's answer to a lease call. */
export type LeaseAnswer = (LeaseGrant | RefusedLease) & {
  /** Present if the request wants it and the ledger has the key. */
  readonly record?: KeyRecord;
};

export interface LeaseGrant {
  readonly granted: true;
  readonly ttl_ms: number;
  readonly terms: Terms;
  /** null: the key has no rate limits. */
  readonly permits: readonly BucketGrant[] | null;
}

/** Throws for a grant without a time, which would never expire, or without terms, which would allow everything. */
export function checkGrant({ ttl_ms, terms }: LeaseGrant): void {
  const lists = [terms?.permissions, terms?.allowed_ips, terms?.account_allowed_ips];
  const isComplete = Number.isFinite(ttl_ms) && lists.every(Array.isArray);
  if (!isComplete) throw new TypeError("the ledger granted a lease without its time or its terms");
}

const LEASE_REFUSALS = ["revoked", "expired", "suspended", "not_in_ledger"] as const;

export type LeaseRefusal = (typeof LEASE_REFUSALS)[number];

/** A ledger of a newer version may refuse for another reason. */
export const KNOWN_REFUSALS: ReadonlySet<string> = new Set(LEASE_REFUSALS);

/** The reasons that never end: an isolate remembers them as long as the key. */
export const PERMANENT_REFUSALS: ReadonlySet<string> = new Set<LeaseRefusal>(["revoked", "expired"]);

/** A call for a lease. */
export interface LeaseRequest extends LeaseReport {
  /** The key at rest: 64 hex digits. */
  readonly hash: string;
  /** The key's account by its record; the ledger refuses a key of another account. null: no record is known yet. */
  readonly account: string | null;
  readonly wants_record: boolean;
}

/** Reported with each lease call. */
export interface LeaseReport {
  /** Uses of the key since the last report. */
  readonly uses: number;
  /** Identifies the isolate's permits: `Permits.holder`. */
  readonly holder: string;
  readonly permits: readonly PermitReport[];
}

/** The part of the Durable Object that isolates call. */
export interface LeaseLedger {
  /** Grants or refuses a lease. */
  lease(request: LeaseRequest): Promise<LeaseAnswer>;
}

/** A holder's permits in one window, reported with each lease call. */
export interface PermitReport {
  readonly bucket: Bucket;
  /**
   * The end of the window (Unix milliseconds), which identifies it; 0: the holder has no permits in this bucket yet.
   */
  readonly endsAt: number;
  /** The revision of the last grant that reached the holder. */
  readonly revision: number;
  /** The most permits that the holder will use in the window, unless it is granted more. */
  readonly granted: number;
  readonly unused: number;
  /** Requests in this bucket that wait for the answer. */
  readonly waiting: number;
  /** Whether the window is about to end, by the holder's clock: the waiting requests then count in the next one too. */
  readonly atEdge: boolean;
  /** Permits that the holder will use before its next call, by its measured rate; 0: the key is used too seldom. */
  readonly ahead: number;
}

/** A holder's permits in one window. */
export interface PermitGrant {
  /** When the window ends (Unix milliseconds, the ledger's clock). */
  readonly endsAt: number;
  /** Increased by every change, so that an overtaken answer is detected. */
  readonly revision: number;
  /** Permits of the holder in this window, used or not. */
  readonly granted: number;
  /** `granted` plus the free permits: the most that the holder can use unless others return permits. */
  readonly ceiling: number;
  /** The limit with fewer permits left: the key's, or that of all keys of its account together. */
  readonly limit: number;
  /** Unused permits of other holders, which they may return. */
  readonly elsewhere: number;
}

/** The ledger's grant in one bucket. */
export interface BucketGrant {
  readonly bucket: Bucket;
  readonly windowMs: number;
  /** Until the current window ends. */
  readonly leftMs: number;
  readonly current: PermitGrant;
  /** Permits of the next window, when the current one ends soon, so that no request waits at the edge; else null. */
  readonly next: PermitGrant | null;
}

/** A holder without requests for this time returns what it has not used. */
export function idleTimeoutMs(leaseMs: number): number {
  return Math.min(leaseMs, IDLE_TIMEOUT_MAX_MS);
}

const IDLE_TIMEOUT_MAX_MS = 1000;

/** How long returned permits may take to reach the ledger. */
export const RETURN_TRIP_MS = 500;
