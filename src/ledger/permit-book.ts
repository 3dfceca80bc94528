/**
 * The ledger's side of rate limits: the permits of each holder, per key and window.
 *
 * Guarantees that the permits granted in a window never exceed the limit, and that a permit which a holder may still
 * use is never granted to another: it is free again only when the holder, having received its last grant, returns it.
 * A permit that is not returned counts as used. Pure: no clock; its table is passed in, and the simulator runs it too.
 */
import { type BucketGrant, type PermitGrant, type PermitReport, permitsWanted } from "../leases/protocol.ts";
import type { Bucket, Limits, WindowsMs } from "../rate-limits.ts";

/** The permits of one holder in one window. */
export interface PermitRecord {
  /** Counts the changes. */
  readonly revision: number;
  readonly granted: number;
}

/** A window of one key's bucket; `endsAt`: Unix milliseconds. */
export interface WindowId {
  readonly endsAt: number;
  readonly bucket: Bucket;
  readonly keyId: string;
}

/** Keeps records across restarts. */
export interface PermitStore {
  load(window: WindowId): Map<string, PermitRecord>;
  save(window: WindowId, holder: string, record: PermitRecord): void;
  deleteEndedBefore(moment: number): void;
}

interface Window {
  readonly name: WindowId;
  readonly records: Map<string, PermitRecord>;
  /** The sum over all holders. */
  granted: number;
}

/** Windows are kept after their end, for a restart on a machine whose clock is behind. */
const KEPT_AFTER_END_MS = 60_000;

/** Ended windows are first swept out of memory at this many. */
const SWEEP_AT_WINDOWS = 10_000;

export class PermitBook {
  readonly #store: PermitStore;
  readonly #windowsMs: WindowsMs;
  readonly #windows = new Map<string, Window>();
  #sweepAtWindows = SWEEP_AT_WINDOWS;
  #deletedUntil = 0;

  constructor(store: PermitStore, windowsMs: WindowsMs) {
    this.#store = store;
    this.#windowsMs = windowsMs;
  }

  /**
   * Answers a holder's reports at `now`, one grant for each bucket in them. `aheadMs`: permits for the next window are
   * granted when the current one ends within that time.
   */
  grant(
    keyId: string,
    limits: Limits,
    holder: string,
    reports: readonly PermitReport[],
    now: number,
    aheadMs: number,
  ): BucketGrant[] {
    const buckets = new Set(reports.map(({ bucket }) => bucket));
    return [...buckets].map((bucket) => {
      const limit = limits[bucket];
      const windowMs = this.#windowsMs[bucket];
      const endsAt = (Math.floor(now / windowMs) + 1) * windowMs;
      const leftMs = endsAt - now;
      const about = reports.filter((report) => report.bucket === bucket);
      const inWindow = (end: number) => {
        const window = this.#window({ endsAt: end, bucket, keyId }, now);
        return this.#grant(window, limit, holder, about);
      };
      const next = leftMs <= aheadMs ? inWindow(endsAt + windowMs) : null;
      return { bucket, limit, windowMs, leftMs, current: inWindow(endsAt), next };
    });
  }

  #grant(window: Window, limit: number, holder: string, reports: readonly PermitReport[]): PermitGrant {
    const { endsAt } = window.name;
    const report = reports.find((one) => one.endsAt === endsAt);
    const known = window.records.get(holder) ?? { revision: 0, granted: 0 };
    // A holder that has not received its last grant returns nothing: it may be using that grant.
    const returns = report?.revision === known.revision && report.granted < known.granted;
    const kept = returns ? report.granted : known.granted;

    const pool = limit - window.granted + known.granted - kept;
    const used = report ? report.granted - report.unused : 0;
    const added = addedPermits(pool, kept - used, reports);
    const granted = kept + added;
    const revision = granted === known.granted && !returns ? known.revision : known.revision + 1;
    if (revision !== known.revision) {
      // To the table first: memory must not be ahead of it when the write fails.
      this.#store.save(window.name, holder, { revision, granted });
      window.granted += granted - known.granted;
      window.records.set(holder, { revision, granted });
    }
    const left = limit - window.granted;
    // After the limit was lowered more permits may be granted than it allows: the holder stops at those it has used.
    const usable = left < 0 ? Math.min(granted, Math.max(used, granted + left)) : granted;
    return { endsAt, revision, granted: usable, ceiling: usable + Math.max(0, left) };
  }

  #window(name: WindowId, now: number): Window {
    const id = `${name.endsAt} ${name.bucket} ${name.keyId}`;
    const known = this.#windows.get(id);
    if (known) return known;
    this.#deleteOld(now);
    const records = this.#store.load(name);
    const granted = [...records.values()].reduce((sum, record) => sum + record.granted, 0);
    const window = { name, records, granted };
    this.#windows.set(id, window);
    return window;
  }

  #deleteOld(now: number): void {
    const before = now - KEPT_AFTER_END_MS;
    if (before - this.#deletedUntil >= KEPT_AFTER_END_MS) {
      this.#store.deleteEndedBefore(before);
      this.#deletedUntil = before;
    }
    if (this.#windows.size < this.#sweepAtWindows) return;
    for (const [id, { name }] of this.#windows) if (name.endsAt <= before) this.#windows.delete(id);
    this.#sweepAtWindows = Math.max(SWEEP_AT_WINDOWS, 2 * this.#windows.size);
  }
}

/** The permits granted beyond the unused ones: at most half of the pool, so others get some. */
function addedPermits(pool: number, unused: number, reports: readonly PermitReport[]): number {
  if (pool <= 0) return 0;
  const spent = reports.reduce((sum, report) => sum + report.spent, 0);
  const waiting = Math.max(...reports.map((report) => report.waiting));
  const wanted = permitsWanted(pool, spent, waiting);
  // With half of them left no write is needed.
  if (2 * unused >= wanted) return 0;
  return Math.min(wanted - Math.max(0, unused), Math.ceil(pool / 2));
}
