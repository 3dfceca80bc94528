/**
 * An isolate's permits on a key: the right, granted with its leases, to admit a number of requests in a window.
 *
 * Guarantees that no more requests are admitted in a window than the ledger has granted, whatever messages are lost,
 * late or reordered, and that no request is admitted outside the window that it counts in: near the edge, where the two
 * clocks may disagree, a request uses a permit of both windows. It requests permits for the requests that wait and for
 * those that its measured rate predicts until the next call, and returns the rest. Using a permit costs no I/O.
 */
import type { Allowance, Bucket } from "../rate-limits.ts";
import {
  allowanceOf,
  type BucketPermits,
  enterWindow,
  mayReturn,
  permitsOf,
  reportsOn,
  runsLow,
} from "./bucket-permits.ts";
import { Demand } from "./demand.ts";
import type { LeaseClock } from "./lease-clock.ts";
import { applyGrants, type PermitWindow } from "./permit-window.ts";
import { type BucketGrant, idleTimeoutMs, type PermitReport } from "./protocol.ts";

export interface Admitted {
  readonly outcome: "admitted";
  /** null: the key has no limits. */
  readonly allowance: Allowance | null;
  /** Few permits are left and the ledger may grant more: the request renews the lease in the background. True once. */
  readonly runningLow: boolean;
  /** Makes the permit unused again, for a request that failed by the gateway's own fault. To be called once at most. */
  readonly refund: () => void;
}

export type Admission =
  | Admitted
  | { readonly outcome: "exhausted"; readonly allowance: Allowance }
  /** The ledger has no permit left, but other isolates have `permits` unused ones, which they return soon. */
  | { readonly outcome: "returning"; readonly allowance: Allowance; readonly permits: number }
  /** The isolate has no permit left; the ledger may grant more. */
  | { readonly outcome: "none_left" };

const ADMITTED_WITHOUT_LIMIT: Admission = {
  outcome: "admitted",
  allowance: null,
  runningLow: false,
  refund: () => {},
};
const NONE_LEFT: Admission = { outcome: "none_left" };

/** A call without an answer after this time is lost. */
const ANSWER_MAX_MS = 2000;

/** A bucket in which a request needed a permit. */
interface BucketState {
  readonly demand: Demand;
  /** null: the ledger has not answered yet. */
  permits: BucketPermits | null;
}

export class Permits {
  /**
   * Identifies this holder to the ledger. Never reused: a holder that has lost its count of used permits must not
   * continue.
   */
  readonly holder: string;
  readonly #clock: LeaseClock;
  readonly #buckets = new Map<Bucket, BucketState>();
  #unlimited = false;
  #leaseMs = 0;
  #roundTripMs = 0;
  /** When the last call began, if it has no answer yet. */
  #calledAt = Number.NEGATIVE_INFINITY;
  /** When the call began whose answer was applied last. */
  #lastApplied = { calledAt: Number.NEGATIVE_INFINITY, epoch: 0 };
  /** Whether the last request was refused because the key's limit is used up. */
  isExhausted = false;

  constructor(holder: string, clock: LeaseClock) {
    this.holder = holder;
    this.#clock = clock;
  }

  /** A holder without requests for this time returns what it has not used. */
  get idleTimeoutMs(): number {
    return idleTimeoutMs(this.#leaseMs);
  }

  /**
   * Admits one request, or returns why not. Only under a valid lease. `hasWaited`: the request has waited for the
   * ledger's answer; permits that were granted for waiting requests are reserved for them.
   */
  admit(bucket: Bucket, hasWaited = false): Admission {
    if (this.#unlimited) {
      this.isExhausted = false;
      return ADMITTED_WITHOUT_LIMIT;
    }
    const { permits, demand } = this.#state(bucket);
    const now = this.#clock.now();
    if (!permits || permits.epoch !== this.#clock.epoch || !enterWindow(permits, now)) return NONE_LEFT;
    // At the edge a request counts in both windows, so that it is within the limit of either.
    const atEdge = now >= permits.notEndedBefore;
    if (atEdge && !permits.next) return NONE_LEFT;
    const counted = atEdge && permits.next ? [permits.current, permits.next] : [permits.current];
    const empty = counted.find(({ used, granted }) => used >= granted);
    this.isExhausted = empty !== undefined && empty.ceiling <= empty.granted && empty.elsewhere === 0;
    if (empty) return refuse(permits, empty, now, this.idleTimeoutMs);
    const reserved = hasWaited ? 0 : demand.waiting;
    if (counted.some(({ used, granted }) => used + reserved >= granted)) return NONE_LEFT;

    for (const window of counted) window.used += 1;
    demand.record(now, this.idleTimeoutMs);
    const refund = () => {
      for (const window of counted) window.used -= 1;
    };
    return {
      outcome: "admitted",
      allowance: allowanceOf(permits, now, this.idleTimeoutMs),
      runningLow: runsLow(permits),
      refund,
    };
  }

  /** Whether a request has to wait for the ledger's permits. */
  isEmpty(bucket: Bucket): boolean {
    if (this.#unlimited || this.isExhausted) return false;
    const current = this.#buckets.get(bucket)?.permits?.current;
    return !current || current.used >= current.granted;
  }

  /** Counts a request that waits for a permit, until the returned function is called. */
  startWaiting(bucket: Bucket): () => void {
    return this.#state(bucket).demand.startWaiting();
  }

  /** Requests that wait for a permit. */
  waiting(bucket: Bucket): number {
    return this.#state(bucket).demand.waiting;
  }

  /**
   * Milliseconds until unused permits must be returned; null: there are none, and no pending answer may bring any.
   */
  msUntilReturn(): number | null {
    if (this.#unlimited) return null;
    const now = this.#clock.now();
    const answerInMs = this.#calledAt + ANSWER_MAX_MS - now;
    const isCalling = answerInMs > 0 && answerInMs <= ANSWER_MAX_MS;
    let ms: number | null = null;
    for (const { demand, permits } of this.#buckets.values()) {
      if (!permits) continue;
      const isHolding = mayReturn(permits, now);
      if (!isHolding && !isCalling) continue;
      const idleInMs = demand.msUntilIdle(now, this.idleTimeoutMs);
      ms = Math.max(ms ?? 0, idleInMs, isHolding ? 0 : answerInMs);
    }
    return ms;
  }

  /**
   * The report for the next call to the ledger. The permits that it returns cannot be used from now on.
   * `returnsUnused`: returns every unused permit.
   */
  report(returnsUnused = false): PermitReport[] {
    const now = this.#clock.now();
    const reports: PermitReport[] = [];
    this.#calledAt = now;
    for (const [bucket, { demand, permits }] of this.#buckets) {
      const waiting = demand.waiting;
      demand.reportedWaiting = waiting;
      const need = { waiting, ahead: returnsUnused ? 0 : this.#ahead(demand, now) };
      if (permits) reports.push(...reportsOn(permits, need, now + this.#roundTripMs));
      else reports.push({ bucket, endsAt: 0, revision: 0, granted: 0, unused: 0, atEdge: false, ...need });
    }
    return reports;
  }

  /** To be called when the last report was lost: the permits that it returned are reported again. */
  forgetReport(): void {
    for (const { permits } of this.#buckets.values())
      for (const window of permits?.windows ?? []) window.reported = 0;
  }

  /**
   * Applies the answer to a call that began at `calledAt`, with a lease of `leaseMs`. `null`: the key has no limits.
   */
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
      if (calledAt >= this.#calledAt) this.#calledAt = Number.NEGATIVE_INFINITY;
    }
    // Used permits are kept while there is no limit: the limit may return before the window ends.
    for (const grant of grants ?? []) {
      const { bucket } = grant;
      const state = this.#state(bucket);
      const { demand, permits: known } = state;
      // An overtaken answer may still bring permits; when the window ends, the later answer has said.
      if (known && isOvertaken) applyGrants(known.windows, grant, demand.reportedWaiting);
      else {
        const usedInTrip = Math.floor(demand.expected(this.#roundTripMs, now, this.idleTimeoutMs));
        const received = { grant, calledAt, now, epoch };
        state.permits = permitsOf(known?.windows ?? [], received, demand, usedInTrip);
      }
    }
  }

  #state(bucket: Bucket): BucketState {
    const known = this.#buckets.get(bucket);
    if (known) return known;
    const state = { demand: new Demand(), permits: null };
    this.#buckets.set(bucket, state);
    return state;
  }

  /**
   * Permits until the next call, which is made with half of the lease left: the expected number and its standard
   * deviation.
   */
  #ahead(demand: Demand, now: number): number {
    if (this.#leaseMs === 0) return 0;
    const expected = demand.expected(this.#leaseMs / 2 + this.#roundTripMs, now, this.idleTimeoutMs);
    return Math.ceil(expected + Math.sqrt(expected));
  }
}

function refuse(permits: BucketPermits, empty: PermitWindow, now: number, idleTimeoutMs: number): Admission {
  const { ceiling, granted, elsewhere } = empty;
  if (ceiling > granted) return NONE_LEFT;
  const isExhausted = elsewhere === 0;
  if (isExhausted) permits.current.advertisedRemaining = 0;
  const allowance = allowanceOf(permits, now, idleTimeoutMs);
  return isExhausted
    ? { outcome: "exhausted", allowance }
    : { outcome: "returning", allowance, permits: elsewhere };
}
