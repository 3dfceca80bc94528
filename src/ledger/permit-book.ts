/**
 * The ledger's side of rate limits: which permits each holder gets.
 *
 * Guarantees that the permits granted in a window never exceed the limit of the key, nor that of its account, and that
 * a permit which a holder may still use is never granted to another: it is free again only when the holder, having
 * received its last grant, returns it. A window that has ended never opens again, even if the clock steps back. Grants
 * permits for waiting requests and for those until the holder's next call. Pure: no clock; its table is passed in, and
 * the simulator runs it too.
 */
import {
  type BucketGrant,
  idleTimeoutMs,
  type PermitGrant,
  type PermitReport,
  RETURN_TRIP_MS,
} from "../leases/protocol.ts";
import type { Bucket, Limits, WindowsMs } from "../rate-limits.ts";
import { CLOCK_STEP_MAX_MS } from "./lease-book.ts";
import {
  AccountWindow,
  type HolderPermits,
  PermitRows,
  type PermitStore,
  type SharedPermits,
  type WindowId,
} from "./permit-windows.ts";

/** The limits of one key, and of all keys of its account together; null: none. */
export interface KeyLimits {
  readonly key: Limits | null;
  readonly account: Limits | null;
}

/** A holder's call. */
export interface PermitCall {
  readonly keyId: string;
  readonly holder: string;
  readonly reports: readonly PermitReport[];
  /** The duration of the lease that brings the permits. */
  readonly leaseMs: number;
}

/** Windows are kept after their end, for a restart on a machine whose clock is behind. */
const KEPT_AFTER_END_MS = 60_000;

/** The share of the free permits that a holder may get ahead of need. */
const AHEAD_SHARE = 1 / 4;

/** The share of the unreserved permits that is reserved on disk for a holder beyond those that it is granted. */
const RESERVED_SHARE = 1 / 8;

/**
 * The longest window in which permits are reserved beyond those granted. A ledger that hibernates counts reserved
 * permits as used when it starts again: over a longer window too many would add up.
 */
const RESERVES_IN_MS = 60_000;

/** A limit, and the permits that count in it. */
interface Limited {
  readonly limit: number;
  readonly shared: SharedPermits;
}

export class PermitBook {
  readonly #rows: PermitRows;
  readonly #windowsMs: WindowsMs;
  readonly #windows = new Map<string, AccountWindow>();
  /** null: nothing has been read from disk. */
  #time: number | null = null;

  constructor(store: PermitStore, windowsMs: WindowsMs) {
    this.#rows = new PermitRows(store);
    this.#windowsMs = windowsMs;
  }

  /** Answers a holder's reports when the clock reads `clockMs`: one grant for each bucket in them. null: no limits. */
  grant(limits: KeyLimits, call: PermitCall, clockMs: number): BucketGrant[] | null {
    if (!limits.key && !limits.account) return null;
    const now = this.#timeAt(clockMs);
    const buckets = new Set(call.reports.map(({ bucket }) => bucket));
    return [...buckets].map((bucket) => this.#grantInBucket(limits, bucket, call, now));
  }

  /** The clock's time; after a small step back, the time from before the step until the clock reaches it. */
  #timeAt(clockMs: number): number {
    this.#time ??= this.#load() ?? clockMs;
    const behindMs = this.#time - clockMs;
    if (behindMs < 0 || behindMs > CLOCK_STEP_MAX_MS) this.#time = clockMs;
    return this.#time;
  }

  /** Opens every window on disk; when a record was last saved, or null. */
  #load(): number | null {
    let lastSavedAt = null;
    for (const [row, record] of this.#rows.load()) {
      this.#open(record).open(record, row);
      lastSavedAt = Math.max(record.savedAt, lastSavedAt ?? record.savedAt);
    }
    return lastSavedAt;
  }

  #grantInBucket(limits: KeyLimits, bucket: Bucket, call: PermitCall, now: number): BucketGrant {
    const windowMs = this.#windowsMs[bucket];
    const endsAt = (Math.floor(now / windowMs) + 1) * windowMs;
    const leftMs = endsAt - now;
    const reports = call.reports.filter((report) => report.bucket === bucket);
    const grantIn = (end: number, countsWaiting: boolean) => {
      const window = this.#window(end, bucket, now);
      const limited: Limited[] = [];
      if (limits.key) limited.push({ limit: limits.key[bucket], shared: window.ofKey(call.keyId) });
      if (limits.account) limited.push({ limit: limits.account[bucket], shared: window.all });
      const { waiting = 0, ahead = 0 } = reports[0] ?? {};
      const report = reports.find((one) => one.endsAt === end) ?? NO_REPORT;
      const need = { waiting: countsWaiting ? waiting : 0, ahead };
      const holder = window.holder(call.keyId, call.holder);
      const grant = grantPermits(limited, holder, report, need, windowMs <= RESERVES_IN_MS, now);
      holder.returnedBy = now + call.leaseMs + idleTimeoutMs(call.leaseMs) + RETURN_TRIP_MS;
      return { endsAt: end, ...grant };
    };
    // The holder's next call starts before its lease expires, and takes a round trip.
    const isEnding = reports.some((one) => one.atEdge && one.endsAt === endsAt);
    const next = leftMs <= 2 * call.leaseMs ? grantIn(endsAt + windowMs, isEnding) : null;
    return { bucket, windowMs, leftMs, current: grantIn(endsAt, true), next };
  }

  #window(endsAt: number, bucket: Bucket, now: number): AccountWindow {
    const known = this.#windows.get(nameOf({ endsAt, bucket }));
    if (known) return known;
    for (const [name, window] of this.#windows) {
      if (window.endsAt >= now - KEPT_AFTER_END_MS) continue;
      window.releaseRows();
      this.#windows.delete(name);
    }
    return this.#open({ endsAt, bucket });
  }

  #open({ endsAt, bucket }: WindowId): AccountWindow {
    const name = nameOf({ endsAt, bucket });
    const window = this.#windows.get(name) ?? new AccountWindow({ endsAt, bucket }, this.#rows);
    this.#windows.set(name, window);
    return window;
  }
}

function nameOf({ endsAt, bucket }: WindowId): string {
  return `${endsAt} ${bucket}`;
}

/** The permits that a holder needs: for waiting requests, and for those until its next call. */
interface Need {
  readonly waiting: number;
  readonly ahead: number;
}

/** The report of a holder that has no permits in the window. */
const NO_REPORT = { revision: 0, granted: 0, unused: 0 };

function grantPermits(
  limited: readonly Limited[],
  holder: HolderPermits,
  report: Pick<PermitReport, "revision" | "granted" | "unused">,
  need: Need,
  mayReserve: boolean,
  now: number,
): Omit<PermitGrant, "endsAt"> {
  const free = () => Math.min(...limited.map(({ limit, shared }) => limit - shared.bound));
  // A holder that has not received its last grant returns nothing: it may be using that grant.
  const isAcknowledged = holder.revision !== 0 && report.revision === holder.revision;
  const before = holder.bound;
  const kept = isAcknowledged ? Math.min(report.granted, before) : before;
  const used = report.granted - report.unused;
  const needed = used + need.waiting;

  const pool = free() + before - kept;
  const forWaiting = clamp(needed - kept, pool);
  const ahead = needed + need.ahead - kept - forWaiting;
  const bound = kept + forWaiting + clamp(ahead, Math.floor((pool - forWaiting) * AHEAD_SHARE));
  // The first answer since the ledger started carries a new revision.
  if (kept < before || bound > kept || (bound > 0 && holder.revision === 0)) {
    reserve(limited, holder, bound, mayReserve, now);
    holder.setBound(bound);
    holder.nextRevision();
  }
  holder.unneeded = Math.max(0, bound - needed);
  const left = free();
  // After the limit was lowered more permits may be granted than it allows: the holder may use no further ones.
  const granted = left < 0 ? Math.min(bound, Math.max(used, bound + left)) : bound;
  const reachable = limited.map(({ limit, shared }) => ({
    limit,
    left: limit - shared.bound + shared.elsewhere(holder, now),
  }));
  const tightest = reachable.reduce((one, other) => (other.left < one.left ? other : one));
  return {
    revision: holder.revision,
    granted,
    ceiling: granted + Math.max(0, left),
    limit: tightest.limit,
    elsewhere: Math.max(0, tightest.left - left),
  };
}

/** Reserves `bound` permits on disk, and some more if there are enough, so that the next grants cost no write. */
function reserve(
  limited: readonly Limited[],
  holder: HolderPermits,
  bound: number,
  mayReserve: boolean,
  now: number,
): void {
  const missing = Math.max(0, bound - holder.reserved);
  if (missing === 0) {
    holder.reserve(holder.reserved, now);
    return;
  }
  for (const { limit, shared } of limited) {
    shared.reclaim(missing - (limit - shared.reserved), holder, now);
  }
  const rest = Math.min(...limited.map(({ limit, shared }) => limit - shared.reserved)) - missing;
  holder.reserve(bound + (mayReserve ? clamp(Math.ceil(rest * RESERVED_SHARE), rest) : 0), now);
}

function clamp(value: number, most: number): number {
  return Math.max(0, Math.min(value, most));
}
