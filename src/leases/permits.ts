/**
 * An isolate's permits on a key: the right, granted with its leases, to admit a number of requests in a window.
 *
 * Guarantees that no more requests are admitted in a window than the ledger has granted, whatever messages are lost,
 * late or reordered, and that no request is admitted outside the window that it counts in: near the edge, where the two
 * clocks may disagree, a request takes a permit of both windows. It asks for what waits and for what its measured rate
 * will use until it calls again, and returns the rest. Taking a permit costs no I/O.
 */
import type { Allowance, Bucket } from "../rate-limits.ts";
import { allowanceOf, type BucketPermits, enterWindow, mayHandBack, permitsOf } from "./bucket-permits.ts";
import { Demand } from "./demand.ts";
import type { LeaseClock } from "./lease-clock.ts";
import { type BucketDemand, reportsOn } from "./permit-reports.ts";
import { applyGrants, type PermitWindow } from "./permit-window.ts";
import type { BucketGrant, PermitReport } from "./protocol.ts";
import { type ReturnWait, ReturnWaits } from "./return-wait.ts";

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
  /** The ledger has none left, but other isolates hold unused permits, which are back soon. */
  | { readonly outcome: "returning"; readonly allowance: Allowance }
  /** No permit is left here; the ledger may grant more. */
  | { readonly outcome: "none_left" };

const ADMITTED_WITHOUT_LIMIT: Admission = {
  outcome: "admitted",
  allowance: null,
  runningLow: false,
  refund: () => {},
};
const NONE_LEFT: Admission = { outcome: "none_left" };

/** A call is taken for lost after this time. */
const CALL_MAX_MS = 2000;

export class Permits {
  /** Identifies this holder to the ledger. Never reused: a holder that has lost its count must not go on. */
  readonly holder: string;
  readonly #clock: LeaseClock;
  readonly #buckets = new Map<Bucket, BucketPermits>();
  readonly #demands = new Map<Bucket, Demand>();
  /** Requests that wait for a permit. */
  readonly #waiting = new Map<Bucket, Set<object>>();
  /** Buckets that have been asked for, but not granted yet. */
  readonly #wanted = new Set<Bucket>();
  readonly #returnWaits: ReturnWaits;
  #unlimited = false;
  #leaseMs = 0;
  #roundTripMs = 0;
  /** The last call that has not been answered yet. */
  #askedAt = Number.NEGATIVE_INFINITY;
  /** When the call was made whose answer was applied last. */
  #lastApplied = { calledAt: Number.NEGATIVE_INFINITY, epoch: 0 };
  /** Whether the last request was refused because the key's limit is used up. */
  isExhausted = false;

  constructor(holder: string, clock: LeaseClock) {
    this.holder = holder;
    this.#clock = clock;
    this.#returnWaits = new ReturnWaits(() => clock.now());
  }

  /** Counts a request towards the measured rate, once, before its first `admit`. */
  recordRequest(bucket: Bucket): void {
    this.#demandIn(bucket).record(this.#clock.now(), this.#leaseMs);
  }

  /**
   * Admits one request, or says why not. Only under a valid lease. `hasWaited`: for the ledger's answer; permits that were
   * granted for waiting requests are not for others.
   */
  admit(bucket: Bucket, hasWaited = false): Admission {
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
    this.isExhausted = empty !== undefined && empty.ceiling <= empty.granted && empty.elsewhere === 0;
    if (empty) return this.#refuse(permits, empty, now);
    const reserved = hasWaited ? 0 : (this.#waiting.get(bucket)?.size ?? 0);
    if (counted.some(({ used, granted }) => used + reserved >= granted)) return NONE_LEFT;

    for (const window of counted) window.used += 1;
    this.#demandIn(bucket).recordAdmission(now);
    const refund = () => {
      for (const window of counted) window.used -= 1;
    };
    return {
      outcome: "admitted",
      allowance: allowanceOf(permits, now),
      runningLow: this.#runsLow(permits, now),
      refund,
    };
  }

  /** Whether a request would have to wait for the ledger. */
  isEmpty(bucket: Bucket): boolean {
    const permits = this.#buckets.get(bucket);
    return !this.#unlimited && (!permits || permits.current.used >= permits.current.granted);
  }

  /** Counts a request that waits for a permit, until the returned function is called. */
  startWaiting(bucket: Bucket): () => void {
    const request = {};
    const waiting = this.#waiting.get(bucket) ?? new Set();
    this.#waiting.set(bucket, waiting.add(request));
    if (!this.#buckets.has(bucket)) this.#wanted.add(bucket);
    return () => void waiting.delete(request);
  }

  /** For a request that waits until permits of other isolates are back; null: another one does already. */
  startReturnWait(): ReturnWait | null {
    return this.#returnWaits.start(this.#leaseMs);
  }

  /**
   * Milliseconds until requests have stopped for so long that unused permits are handed back; null: there are none, and
   * the ledger expects none. An answer that is overdue may have brought some.
   */
  msUntilIdle(): number | null {
    const now = this.#clock.now();
    const overdueInMs = this.#askedAt + CALL_MAX_MS - now;
    let untilIdleMs: number | null = null;
    for (const permits of this.#buckets.values()) {
      const idleInMs = this.#demandIn(permits.bucket).msUntilIdle(now, this.#leaseMs);
      const isAsking = this.#askedAt !== Number.NEGATIVE_INFINITY;
      if (!mayHandBack(permits) && !isAsking) continue;
      const leftMs = mayHandBack(permits) ? idleInMs : Math.max(idleInMs, overdueInMs);
      untilIdleMs = Math.max(untilIdleMs ?? 0, leftMs);
    }
    return untilIdleMs;
  }

  /**
   * For the next call to the ledger. Permits that are not needed soon are returned now, before another holder gets them;
   * `handsBack`: all of them.
   */
  report(handsBack = false): PermitReport[] {
    const now = this.#clock.now();
    const reports: PermitReport[] = [];
    for (const permits of this.#buckets.values()) {
      const demand = this.#demandOn(permits.bucket, now);
      reports.push(...reportsOn(permits, demand, now + this.#roundTripMs, handsBack));
      this.#wanted.delete(permits.bucket);
    }
    const none = { endsAt: 0, revision: 0, granted: 0, unused: 0, atEdge: false };
    if (!handsBack)
      for (const bucket of this.#wanted) reports.push({ bucket, ...none, ...this.#demandOn(bucket, now) });
    this.#askedAt = now;
    return reports;
  }

  /** Applies the answer to a call made at `calledAt`, with a lease of `leaseMs`. `null`: the key has no limits. */
  applyGrant(
    grants: readonly BucketGrant[] | null,
    calledAt: number,
    epoch: number,
    leaseMs = this.#leaseMs,
  ): void {
    const now = this.#clock.now();
    const last = this.#lastApplied;
    const isOvertaken = epoch === last.epoch ? calledAt < last.calledAt : epoch < last.epoch;
    if (!isOvertaken) {
      this.#lastApplied = { calledAt, epoch };
      this.#unlimited = grants === null;
      this.#leaseMs = leaseMs;
      this.#roundTripMs = Math.max(0, now - calledAt);
      if (calledAt >= this.#askedAt) this.#askedAt = Number.NEGATIVE_INFINITY;
    }
    // Used permits stay known without a limit: the limit may return before the window ends.
    for (const grant of grants ?? []) {
      const known = this.#buckets.get(grant.bucket);
      // An overtaken answer may still carry permits; the limit and the time are those of the later answer.
      if (known && isOvertaken) applyGrants(known.windows, grant, now);
      else {
        const lowAt = this.#lowAt(grant, now);
        const times = { calledAt, now, epoch };
        this.#buckets.set(grant.bucket, permitsOf(known?.windows ?? [], grant, times, lowAt));
      }
    }
  }

  #refuse(permits: BucketPermits, empty: PermitWindow, now: number): Admission {
    if (empty.ceiling > empty.granted) return NONE_LEFT;
    if (empty.elsewhere === 0) permits.current.advertisedRemaining = 0;
    const allowance = allowanceOf(permits, now);
    return { outcome: empty.elsewhere === 0 ? "exhausted" : "returning", allowance };
  }

  #demandOn(bucket: Bucket, now: number): BucketDemand {
    const demand = this.#demandIn(bucket);
    const waiting = this.#waiting.get(bucket)?.size ?? 0;
    // The next call is made with half of the lease left. Requests come at random: their number varies by its square root.
    const soon = demand.steadyPerMs(now, this.#leaseMs) * (this.#leaseMs / 2 + this.#roundTripMs);
    return {
      waiting,
      ahead: Math.ceil(soon + Math.sqrt(soon)),
      perSecond: 1000 * demand.perMs(now, this.#leaseMs, waiting),
      idleMs: demand.idleMs(now, this.#leaseMs),
    };
  }

  /** The permits that are used while the ledger is called. */
  #lowAt({ bucket, current }: BucketGrant, now: number): number {
    const perMs = this.#demandIn(bucket).steadyPerMs(now, this.#leaseMs);
    return perMs === 0 || current.isScarce ? Number.NEGATIVE_INFINITY : Math.floor(perMs * this.#roundTripMs);
  }

  #runsLow(permits: BucketPermits, now: number): boolean {
    const { used, granted, ceiling } = permits.current;
    if (granted - used > permits.lowAt || ceiling <= granted || now - this.#askedAt < CALL_MAX_MS)
      return false;
    permits.lowAt = Number.NEGATIVE_INFINITY;
    return true;
  }

  #demandIn(bucket: Bucket): Demand {
    const known = this.#demands.get(bucket);
    if (known) return known;
    const demand = new Demand();
    this.#demands.set(bucket, demand);
    return demand;
  }
}
