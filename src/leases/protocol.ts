/**
 * All that crosses the wire between an isolate and a ledger, and the times on which both sides agree. Pure.
 *
 * Only durations cross the wire, and times of the ledger's clock that identify windows: an isolate never compares
 * them with its clock.
 */
import type { KeyRecord } from "../keys/key-record.ts";
import type { Permission } from "../policy.ts";
import type { Bucket } from "../rate-limits.ts";

/** What may change about a key: a lease promises that the key stays good on these terms. */
export interface Terms {
  /** Empty: full access. */
  readonly permissions: readonly Permission[];
  /** Networks in CIDR notation from which the key may be used. Empty: anywhere. */
  readonly allowed_ips: readonly string[];
  /** The same for all keys of the account. */
  readonly account_allowed_ips: readonly string[];
}

/** What was made from equal terms need not be made again. */
export function isSameTerms(one: Terms, other: Terms): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

/** A lease of `ttl_ms`, or the reason of its refusal. */
export type LeaseVerdict = { readonly granted: true; readonly ttl_ms: number } | RefusedLease;

export interface RefusedLease {
  readonly granted: false;
  readonly reason: LeaseRefusal;
  /** Of a suspension: how long the isolate remembers it. */
  readonly ttl_ms?: number;
}

/** The ledger's answer. */
export type LeaseAnswer = (LeaseGrant | RefusedLease) & {
  /** If the request wants it, and the ledger knows the key. */
  readonly record?: KeyRecord;
};

export interface LeaseGrant {
  readonly granted: true;
  readonly ttl_ms: number;
  readonly terms: Terms;
  /** null: the key has no rate limits. */
  readonly permits: readonly BucketGrant[] | null;
}

/** Throws for a grant without a time, which would compare as a lease that never expires, or without terms, which would allow all. */
export function checkGrant({ ttl_ms, terms }: LeaseGrant): void {
  const lists = [terms?.permissions, terms?.allowed_ips, terms?.account_allowed_ips];
  const isComplete = Number.isFinite(ttl_ms) && lists.every(Array.isArray);
  if (!isComplete) throw new TypeError("the ledger granted a lease without its time or its terms");
}

/** The first two are for good; a suspension may end. */
export type LeaseRefusal = "revoked" | "expired" | "suspended" | "not_in_ledger";

/** Remembered by the isolate: a key that is refused for one of these is refused for ever. */
export const FOR_GOOD: ReadonlySet<string> = new Set<LeaseRefusal>(["revoked", "expired"]);

/** A ledger of a newer version may refuse for a reason that this one does not know. */
export const KNOWN_REFUSALS: ReadonlySet<string> = new Set<LeaseRefusal>([
  "revoked",
  "expired",
  "suspended",
  "not_in_ledger",
]);

/** A call for a lease. */
export interface LeaseRequest extends LeaseReport {
  /** The key at rest: 64 hex digits. */
  readonly hash: string;
  /** The account that the caller takes the key's to be; the ledger knows no key of another. null: not known yet. */
  readonly account: string | null;
  readonly wants_record: boolean;
}

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
  /** Grants or refuses a lease. */
  lease(request: LeaseRequest): Promise<LeaseAnswer>;
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
  /** Requests in this bucket that wait for the answer. */
  readonly waiting: number;
  /** Whether those count in the window after this one too, as far as the holder knows: this one is about to end. */
  readonly atEdge: boolean;
  /** Permits that it will use before it calls again, by its measured rate; 0: the key is used too seldom. */
  readonly ahead: number;
}

/** A holder's permits in one window. */
export interface PermitGrant {
  /** When the window ends (Unix milliseconds, the ledger's clock). */
  readonly endsAt: number;
  /** Increased by every change, to detect an overtaken answer. */
  readonly revision: number;
  /** Permits of the holder in this window, used or not. */
  readonly granted: number;
  /** `granted`, and what the holder could be granted now: the most that it can use unless others return permits. */
  readonly ceiling: number;
  /** Of the key, or of all keys of its account together: the one with fewer permits left. */
  readonly limit: number;
  /** Permits that other holders have not used, and may return. */
  readonly elsewhere: number;
}

/** The ledger's grant in one bucket. */
export interface BucketGrant {
  readonly bucket: Bucket;
  readonly windowMs: number;
  /** Until the current window ends. */
  readonly leftMs: number;
  readonly current: PermitGrant;
  /** Granted ahead when the current window ends soon, so that no request waits at its edge. */
  readonly next: PermitGrant | null;
}

/** A holder without requests for this time hands back what it has not used. */
export function silenceMs(leaseMs: number): number {
  return Math.min(leaseMs, SILENCE_MAX_MS);
}

const SILENCE_MAX_MS = 1000;

/** For the way of a return to the ledger. */
export const RETURN_TRIP_MS = 500;
