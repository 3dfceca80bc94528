/**
 * The ledger's side of rate limits: the permits of each holder, per key and window.
 *
 * Guarantees that the permits granted in a window never exceed the limit, and that a permit which a holder may still
 * use is never granted to another: it is free again only when the holder, having received its last grant, returns it.
 * A permit that is not returned counts as used. A window that has ended never opens again, though the clock steps back.
 * Grants what waits, and ahead of need only while the rest outlasts the return of what others hold. Pure: no clock; its
 * table is passed in, and the simulator runs it too.
 */
import { type BucketGrant, IDLE_MAX_MS, type PermitGrant, type PermitReport } from "../leases/protocol.ts";
import type { Bucket, Limits, WindowsMs } from "../rate-limits.ts";
import { AccountWindows } from "./account-windows.ts";
import { BookTime } from "./book-time.ts";
import { type PermitStore, type Returning, WindowBook, type WindowId } from "./permit-window-book.ts";

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
  /** Of the lease that the permits come with. */
  readonly leaseMs: number;
}

/** Windows are kept after their end, for a restart on a machine whose clock is behind. */
const KEPT_AFTER_END_MS = 60_000;

/** Ended windows are first swept out of memory at this many. */
const SWEEP_AT_WINDOWS = 10_000;

/** For the way of a return to the ledger. */
const RETURN_TRIP_MS = 500;

/** What remains while permits are granted ahead lasts as long as a holder's silence before it returns its own, and this. */
const RESERVE_TRIP_MS = 150;

export class PermitBook {
  readonly #store: PermitStore;
  readonly #windowsMs: WindowsMs;
  readonly #windows = new Map<string, WindowBook>();
  readonly #accounts: AccountWindows;
  #sweepAtWindows = SWEEP_AT_WINDOWS;
  readonly #time: BookTime;
  #deletedUntil = 0;

  constructor(store: PermitStore, windowsMs: WindowsMs) {
    this.#store = store;
    this.#windowsMs = windowsMs;
    this.#accounts = new AccountWindows(store);
    this.#time = new BookTime(() => store.lastSavedAt());
  }

  /** Answers a holder's reports when the clock reads `clockMs`: one grant for each bucket in them. null: no limits. */
  grant(limits: KeyLimits, call: PermitCall, clockMs: number): BucketGrant[] | null {
    if (!limits.key && !limits.account) return null;
    const now = this.#time.at(clockMs);
    const buckets = new Set(call.reports.map(({ bucket }) => bucket));
    return [...buckets].map((bucket) => this.#grantInBucket(limits, bucket, call, now));
  }

  #grantInBucket(limits: KeyLimits, bucket: Bucket, call: PermitCall, now: number): BucketGrant {
    const windowMs = this.#windowsMs[bucket];
    const endsAt = (Math.floor(now / windowMs) + 1) * windowMs;
    const leftMs = endsAt - now;
    const keyLimit = limits.key?.[bucket] ?? Number.POSITIVE_INFINITY;
    const accountLimit = limits.account?.[bucket] ?? Number.POSITIVE_INFINITY;
    const about = call.reports.filter((report) => report.bucket === bucket);
    const inWindow = (end: number, isNext: boolean) => {
      const window = this.#window({ endsAt: end, bucket, keyId: call.keyId }, call.leaseMs, now);
      if (accountLimit < Number.POSITIVE_INFINITY) this.#accounts.open(window);
      const wants = wantsOf(about, isNext);
      return this.#grant(window, { keyLimit, accountLimit }, call, wants, now);
    };
    // The holder's next call is made with half of its lease left.
    const next = leftMs <= call.leaseMs ? inWindow(endsAt + windowMs, true) : null;
    const limit = Math.min(keyLimit, accountLimit);
    return { bucket, limit, windowMs, leftMs, current: inWindow(endsAt, false), next };
  }

  #grant(
    window: WindowBook,
    { keyLimit, accountLimit }: { readonly keyLimit: number; readonly accountLimit: number },
    { holder, reports, leaseMs }: PermitCall,
    wants: Wants,
    now: number,
  ): PermitGrant {
    const { endsAt, bucket } = window.id;
    const report = reports.find((one) => one.endsAt === endsAt && one.bucket === bucket);
    const known = window.records.get(holder) ?? { revision: 0, granted: 0 };
    // A holder that has not received its last grant returns nothing: it may be using that grant.
    const returns = report?.revision === known.revision && report.granted < known.granted;
    const kept = returns ? report.granted : known.granted;
    const used = report ? report.granted - report.unused : 0;
    const leftFor = (held: number) =>
      Math.min(
        keyLimit - window.granted + known.granted - held,
        accountLimit - this.#accounts.granted(window) + known.granted - held,
      );

    const forWaiting = clamp(wants.waiting - (kept - used), 0, leftFor(kept));
    const wantedAhead = Math.max(0, wants.waiting + wants.ahead - (kept - used) - forWaiting);
    const { perMs, idleMs } = wants;
    window.recordRate(holder, { perMs, until: now + 2 * leaseMs });
    const perMsOfAll = Math.max(window.perMs(now), this.#accounts.perMs(window, now));
    const reserve = Math.ceil(perMsOfAll * (idleMs + RESERVE_TRIP_MS));
    const forAhead = clamp(wantedAhead, 0, leftFor(kept + forWaiting) - reserve);
    const granted = kept + forWaiting + forAhead;
    const revision = granted === known.granted && !returns ? known.revision : known.revision + 1;
    const left = leftFor(granted);
    if (revision !== known.revision) {
      const change = window.save(holder, { revision, granted }, now);
      this.#accounts.add(window, change);
    }
    // After the limit was lowered more permits may be granted than it allows: the holder stops at those it has used.
    const usable = left < 0 ? Math.min(granted, Math.max(used, granted + left)) : granted;
    const idle = usable - used - wants.waiting;
    window.recordIdle(holder, { permits: idle, backBy: now + leaseMs + idleMs + RETURN_TRIP_MS });
    const returning = this.#returning(window, holder, keyLimit, now);
    return {
      endsAt,
      revision,
      granted: usable,
      ceiling: usable + Math.max(0, left),
      elsewhere: returning.permits,
      backInMs: returning.backInMs,
      isScarce: forAhead < wantedAhead,
    };
  }

  /** Where the limit of the account is the one that is reached, permits of its other keys come back too. */
  #returning(window: WindowBook, holder: string, keyLimit: number, now: number): Returning {
    return window.granted < keyLimit && this.#accounts.has(window)
      ? this.#accounts.returning(window, holder, now)
      : window.returning(holder, now);
  }

  #window(id: WindowId, leaseMs: number, now: number): WindowBook {
    const name = `${id.endsAt} ${id.bucket} ${id.keyId}`;
    const known = this.#windows.get(name);
    if (known) return known;
    this.#deleteOld(now);
    const unknownUntil = now + leaseMs + Math.min(leaseMs, IDLE_MAX_MS) + RETURN_TRIP_MS;
    const window = new WindowBook(id, this.#store, unknownUntil);
    this.#windows.set(name, window);
    return window;
  }

  #deleteOld(now: number): void {
    const before = now - KEPT_AFTER_END_MS;
    if (before - this.#deletedUntil >= KEPT_AFTER_END_MS) {
      this.#store.deleteEndedBefore(before);
      this.#accounts.deleteEndedBefore(before);
      this.#deletedUntil = before;
    }
    if (this.#windows.size < this.#sweepAtWindows) return;
    for (const [name, { id }] of this.#windows) if (id.endsAt <= before) this.#windows.delete(name);
    this.#sweepAtWindows = Math.max(SWEEP_AT_WINDOWS, 2 * this.#windows.size);
  }
}

/** What a holder wants in one window of a bucket. */
interface Wants {
  readonly waiting: number;
  readonly ahead: number;
  readonly perMs: number;
  readonly idleMs: number;
}

/** `about`: a holder's reports on one bucket, which say the same about its demand. */
function wantsOf(about: readonly PermitReport[], isNext: boolean): Wants {
  const { waiting, ahead, perSecond, idleMs } = about[0] as PermitReport;
  const counts = !isNext || about.some(({ atEdge }) => atEdge);
  return { waiting: counts ? waiting : 0, ahead, perMs: perSecond / 1000, idleMs };
}

function clamp(value: number, least: number, most: number): number {
  return Math.max(least, Math.min(value, most));
}
