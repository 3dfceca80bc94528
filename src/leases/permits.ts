/**
 * An isolate's permits on a key: the right, granted with its leases, to admit a number of requests in a window.
 *
 * Guarantees that no more requests are admitted in a window than the ledger has granted, whatever messages are lost,
 * late or reordered, and that no request is admitted outside the window that it counts in: near the edge, where the two
 * clocks may disagree, a request takes a permit of both windows. Taking a permit costs no I/O. Only durations cross
 * the wire; times of the ledger's clock are shown to the client and never compared.
 */
import type { Allowance, Bucket } from "../rate-limits.ts";
import type { LeaseClock } from "./lease-clock.ts";
import { applyGrants, type PermitWindow } from "./permit-window.ts";
import { type BucketGrant, type PermitReport, permitsWanted } from "./protocol.ts";

export interface Admitted {
  readonly outcome: "admitted";
  /** null: the key has no limits. */
  readonly allowance: Allowance | null;
  /** Few permits are left and the ledger may grant more: renew the lease in the background. Set for one request only. */
  readonly runningLow: boolean;
  /** Returns the permit, once, of a request that failed through the gateway's own fault. */
  readonly refund: () => void;
}

export type Admission =
  | Admitted
  | { readonly outcome: "exhausted"; readonly allowance: Allowance }
  /** No permit is left here; the ledger may grant more. */
  | { readonly outcome: "none_left" };

const ADMITTED_WITHOUT_LIMIT: Admission = {
  outcome: "admitted",
  allowance: null,
  runningLow: false,
  refund: () => {},
};
const NONE_LEFT: Admission = { outcome: "none_left" };

/** Two clocks may differ by 2 % in rate, which limits how well the rest of a window is known. */
const DRIFT_SHARE = 1 / 50;

interface BucketPermits {
  readonly bucket: Bucket;
  /** Every window whose used permits the ledger may still count. */
  readonly windows: readonly PermitWindow[];
  limit: number;
  windowMs: number;
  current: PermitWindow;
  next: PermitWindow | null;
  /** On the isolate's clock: before this moment the current window has certainly not ended. */
  notEndedBefore: number;
  /** On the isolate's clock: from this moment the current window has certainly ended. */
  endedFrom: number;
  /** The best estimate of its end, for the client. */
  estimatedEnd: number;
  epoch: number;
  /** The number of unused permits at which more are requested ahead of need. */
  lowAt: number;
}

export class Permits {
  /** Identifies this holder to the ledger. Never reused: a holder that has lost its count must not go on. */
  readonly holder: string;
  readonly #clock: LeaseClock;
  readonly #buckets = new Map<Bucket, BucketPermits>();
  readonly #wanted = new Set<Bucket>(["requests"]);
  #unlimited = false;
  /** When the call was made whose answer was applied last. */
  #lastApplied = { calledAt: Number.NEGATIVE_INFINITY, epoch: 0 };
  /** Whether the last request was refused because the key's limit is used up. */
  isExhausted = false;
  readonly #waiting = new Set<object>();

  constructor(holder: string, clock: LeaseClock) {
    this.holder = holder;
    this.#clock = clock;
  }

  /** Admits one request, or says why not. Only under a valid lease. */
  admit(bucket: Bucket): Admission {
    if (this.#unlimited) {
      this.isExhausted = false;
      return ADMITTED_WITHOUT_LIMIT;
    }
    const permits = this.#buckets.get(bucket);
    const now = this.#clock.now();
    if (!permits || permits.epoch !== this.#clock.epoch || !enterWindow(permits, now)) {
      this.#wanted.add(bucket);
      return NONE_LEFT;
    }
    // At the edge a request counts in both windows, so that it is within the limit of either.
    const atEdge = now >= permits.notEndedBefore;
    if (atEdge && !permits.next) return NONE_LEFT;
    const counted = atEdge && permits.next ? [permits.current, permits.next] : [permits.current];
    const empty = counted.find(({ used, granted }) => used >= granted);
    this.isExhausted = empty !== undefined && empty.ceiling <= empty.granted;
    if (empty) {
      return this.isExhausted
        ? { outcome: "exhausted", allowance: exhaustedAllowance(permits, now) }
        : NONE_LEFT;
    }

    for (const window of counted) window.used += 1;
    const refund = () => {
      for (const window of counted) window.used -= 1;
    };
    return {
      outcome: "admitted",
      allowance: allowanceOf(permits, now),
      runningLow: runsLow(permits),
      refund,
    };
  }

  /** Counts a request that waits for a permit, until the returned function is called. */
  startWaiting(): () => void {
    const request = {};
    this.#waiting.add(request);
    return () => void this.#waiting.delete(request);
  }

  /** For the next call to the ledger. Permits that are not needed soon are returned now, before another holder gets them. */
  report(): PermitReport[] {
    const reports: PermitReport[] = [];
    for (const { bucket, current, next } of this.#buckets.values()) {
      reports.push(this.#reportOn(bucket, current));
      if (next) reports.push(this.#reportOn(bucket, next));
      this.#wanted.delete(bucket);
    }
    for (const bucket of this.#wanted) {
      const none = { endsAt: 0, revision: 0, granted: 0, unused: 0, spent: 0 };
      reports.push({ bucket, ...none, waiting: this.#waiting.size });
    }
    return reports;
  }

  /** Applies the answer to a call made at `calledAt`. `null`: the key has no limits. */
  applyGrant(grants: readonly BucketGrant[] | null, calledAt: number, epoch: number): void {
    const last = this.#lastApplied;
    const isOvertaken = epoch === last.epoch ? calledAt < last.calledAt : epoch < last.epoch;
    if (!isOvertaken) {
      this.#lastApplied = { calledAt, epoch };
      this.#unlimited = grants === null;
    }
    // Used permits stay known without a limit: the limit may return before the window ends.
    for (const grant of grants ?? []) {
      const known = this.#buckets.get(grant.bucket);
      // An overtaken answer may still carry permits; the limit and the time are those of the later answer.
      if (known && isOvertaken) applyGrants(known.windows, grant);
      else this.#applyBucketGrant(known, grant, calledAt, epoch);
    }
  }

  #reportOn(bucket: Bucket, window: PermitWindow): PermitReport {
    const spent = Math.max(0, window.used - window.reported);
    window.reported = window.used;
    const wanted = permitsWanted(Math.max(0, window.ceiling - window.granted), spent, this.#waiting.size);
    const unused = window.granted - window.used;
    // Hysteresis: a permit that is returned is seldom requested again.
    if (unused > (window.ceiling > window.granted ? 2 * wanted : wanted))
      window.granted = window.used + wanted;
    const { endsAt, revision, granted } = window;
    return {
      bucket,
      endsAt,
      revision,
      granted,
      unused: granted - window.used,
      spent,
      waiting: this.#waiting.size,
    };
  }

  #applyBucketGrant(
    known: BucketPermits | undefined,
    grant: BucketGrant,
    calledAt: number,
    epoch: number,
  ): void {
    const { bucket, limit, windowMs, leftMs } = grant;
    const endsAt = grant.current.endsAt;
    const windows = applyGrants(known?.windows ?? [], grant);
    const windowEndingAt = (end: number) => windows.find((window) => window.endsAt === end) ?? null;
    const current = windowEndingAt(endsAt) as PermitWindow;
    const uncertaintyMs = leftMs * DRIFT_SHARE + 1;
    this.#buckets.set(bucket, {
      bucket,
      windows,
      limit,
      windowMs,
      current,
      next: windowEndingAt(endsAt + windowMs),
      notEndedBefore: calledAt + leftMs - uncertaintyMs,
      endedFrom: this.#clock.now() + leftMs + uncertaintyMs,
      estimatedEnd: this.#clock.now() + leftMs,
      epoch,
      lowAt: lowThreshold(current),
    });
  }
}

/** Enters the next window when the current one has ended. false: it has no permits yet. */
function enterWindow(permits: BucketPermits, now: number): boolean {
  if (now < permits.endedFrom) return true;
  if (!permits.next) return false;
  permits.current = permits.next;
  permits.next = null;
  permits.notEndedBefore += permits.windowMs * (1 - DRIFT_SHARE);
  permits.endedFrom += permits.windowMs * (1 + DRIFT_SHARE);
  permits.estimatedEnd += permits.windowMs;
  permits.lowAt = lowThreshold(permits.current);
  return true;
}

/** Half of the unused permits. The one of the request that made the call does not count as demand. */
function lowThreshold({ granted, used }: PermitWindow): number {
  return granted - used - Math.max(2, (granted - used) / 2);
}

function runsLow(permits: BucketPermits): boolean {
  const { used, granted, ceiling } = permits.current;
  if (granted - used > permits.lowAt || ceiling <= granted) return false;
  permits.lowAt = Number.NEGATIVE_INFINITY;
  return true;
}

function exhaustedAllowance(permits: BucketPermits, now: number): Allowance {
  permits.current.advertisedRemaining = 0;
  return allowanceOf(permits, now);
}

/** Within a window `remaining` never grows, though the ledger may grant more permits. */
function allowanceOf(permits: BucketPermits, now: number): Allowance {
  const { bucket, limit, windowMs, current, estimatedEnd } = permits;
  current.advertisedRemaining = Math.max(
    0,
    Math.min(current.advertisedRemaining, limit, current.ceiling - current.used),
  );
  return {
    bucket,
    limit,
    remaining: current.advertisedRemaining,
    windowMs,
    resetsAt: Math.ceil(current.endsAt / 1000),
    resetsInSeconds: Math.max(1, Math.ceil(Math.min(windowMs, estimatedEnd - now) / 1000)),
  };
}
