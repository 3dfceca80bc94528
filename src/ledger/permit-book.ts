/**
 * The ledger's side of rate limits: how many permits each holder has in each window, of each key.
 *
 * Guarantees that the permits out in a window never add up to more than the limit, and that a permit which a
 * holder may still use is never given to another: it is free again only when the holder, knowing of all that it
 * was granted, has given it up. What is not given up counts as used. Pure: no clock; the table it writes through
 * to is passed in, and the simulator runs it too.
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

/** Where records outlive a restart. */
export interface PermitStore {
  load(window: WindowId): Map<string, PermitRecord>;
  save(window: WindowId, holder: string, record: PermitRecord): void;
  forgetEndedBefore(moment: number): void;
}

interface Window {
  readonly name: WindowId;
  readonly records: Map<string, PermitRecord>;
  /** The sum of all caps. */
  permitted: number;
}

/** Windows are kept for a while after their end, for a restart on a machine whose clock is behind. */
const KEPT_AFTER_END_MS = 60_000;

/** Windows that are over are first swept out of memory when so many are held. */
const SWEEP_AT_WINDOWS = 10_000;

export class PermitBook {
  readonly #store: PermitStore;
  readonly #windowsMs: WindowsMs;
  readonly #windows = new Map<string, Window>();
  #sweepAtWindows = SWEEP_AT_WINDOWS;
  #forgottenUntil = 0;

  constructor(store: PermitStore, windowsMs: WindowsMs) {
    this.#store = store;
    this.#windowsMs = windowsMs;
  }

  /**
   * Answers a holder's reports at `now`, one grant for each bucket that they speak of. `aheadMs`: permits for the
   * next window are given when the current one ends within that time.
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
    // Only a holder that knows of its last grant gives anything up: it may be using what it has just been granted.
    const givesUp = report?.revision === known.revision && report.granted < known.granted;
    const kept = givesUp ? report.granted : known.granted;

    const pool = limit - window.permitted + known.granted - kept;
    const used = report ? report.granted - report.unused : 0;
    const added = addedPermits(pool, kept - used, reports);
    const granted = kept + added;
    const revision = granted === known.granted && !givesUp ? known.revision : known.revision + 1;
    if (revision !== known.revision) {
      window.permitted += granted - known.granted;
      window.records.set(holder, { revision, granted });
      this.#store.save(window.name, holder, { revision, granted });
    }
    const left = limit - window.permitted;
    // After the limit was lowered more may be out than it allows: the holder is told to stop at what it has used.
    const told = left < 0 ? Math.min(granted, Math.max(used, granted + left)) : granted;
    return { endsAt, revision, granted: told, ceiling: told + Math.max(0, left) };
  }

  #window(name: WindowId, now: number): Window {
    const id = `${name.endsAt} ${name.bucket} ${name.keyId}`;
    const known = this.#windows.get(id);
    if (known) return known;
    this.#forgetOld(now);
    const records = this.#store.load(name);
    const permitted = [...records.values()].reduce((sum, { granted }) => sum + granted, 0);
    const window = { name, records, permitted };
    this.#windows.set(id, window);
    return window;
  }

  #forgetOld(now: number): void {
    const before = now - KEPT_AFTER_END_MS;
    if (before - this.#forgottenUntil >= KEPT_AFTER_END_MS) {
      this.#forgottenUntil = before;
      this.#store.forgetEndedBefore(before);
    }
    if (this.#windows.size < this.#sweepAtWindows) return;
    for (const [id, { name }] of this.#windows) if (name.endsAt <= before) this.#windows.delete(id);
    this.#sweepAtWindows = Math.max(SWEEP_AT_WINDOWS, 2 * this.#windows.size);
  }
}

/** How many a holder gets beyond those that it has not used yet; half of what is left at the most, so that others get some. */
function addedPermits(pool: number, unused: number, reports: readonly PermitReport[]): number {
  if (pool <= 0) return 0;
  const spent = reports.reduce((sum, report) => sum + report.spent, 0);
  const waiting = Math.max(...reports.map((report) => report.waiting));
  const wanted = permitsWanted(pool, spent, waiting);
  // With half of them left there is no need to write.
  if (2 * unused >= wanted) return 0;
  return Math.min(wanted - Math.max(0, unused), Math.ceil(pool / 2));
}
