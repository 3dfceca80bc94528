/**
 * An isolate's lease on a key: the ledger's promise that the key stays valid for a limited time.
 *
 * Guarantees that a lease never outlasts the time that the ledger allows for it: it is counted from before the call,
 * only its duration crosses the wire, and a clock that steps back voids it. Refusals are remembered as KnownRefusal
 * says. Requests that wait for it share one call. Time and transport are passed in, so the simulator runs this code.
 */
import { isUnavailable } from "../keys/store-error.ts";
import type { Schedule } from "../keys/time-limit.ts";
import type { Bucket } from "../rate-limits.ts";
import type { Refusal } from "../refusals.ts";
import { callUntilValid } from "./call-until-valid.ts";
import { KnownRefusal } from "./known-refusal.ts";
import type { LeaseClock } from "./lease-clock.ts";
import type { LeaseStatus, LeaseUser } from "./lease-user.ts";
import { PermitReturn, type PermitReturnUser } from "./permit-return.ts";
import { Permits } from "./permits.ts";
import {
  checkGrant,
  isSameTerms,
  type LeaseAnswer,
  type LeaseGrant,
  type LeaseReport,
  type Terms,
} from "./protocol.ts";
import {
  type CallUser,
  type LimitedCall,
  SharedCall,
  UNREACHABLE,
  unreachableIfOutage,
  type WaitFor,
} from "./shared-call.ts";

/** Calls the ledger about one key; rejects when it fails or has not answered within `limitMs`. */
export type RequestLease = (report: LeaseReport, limitMs: number, schedule: Schedule) => Promise<LeaseAnswer>;

/** The calls that one request makes while the leases that they bring have expired on arrival. */
const CALLS_MAX = 3;
/** The calls that one request waits for, its own or others', while their leases have expired on arrival. */
const WAITS_MAX = 9;

export class Lease {
  /** Permits are renewed with the lease and may be used only while it is valid. */
  readonly permits: Permits;
  #permitReturn: PermitReturn | null = null;
  readonly #callLedger: RequestLease;
  readonly #clock: LeaseClock;
  readonly #timeLimitMs: number;
  readonly #sharedCall: SharedCall;

  readonly #refused: KnownRefusal;
  #terms: Terms | null = null;
  #unreportedUses = 0;
  #epoch = 0;
  #ttlMs = 0;
  #validUntil = Number.NEGATIVE_INFINITY;
  /** When the lease becomes renewable. A call in progress moves it ahead, for a limited time: the call may be lost. */
  #renewFrom = Number.NEGATIVE_INFINITY;
  /** The same for an exhausted key, whose requests are all refused. */
  #renewExhaustedFrom = Number.NEGATIVE_INFINITY;

  constructor(
    callLedger: RequestLease,
    clock: LeaseClock,
    timeLimitMs: number,
    holder: string = crypto.randomUUID(),
  ) {
    this.permits = new Permits(holder, clock);
    this.#callLedger = callLedger;
    this.#clock = clock;
    this.#timeLimitMs = timeLimitMs;
    this.#refused = new KnownRefusal(clock);
    this.#sharedCall = new SharedCall(() => clock.now());
  }

  /** Why the key is refused, for good or while it is suspended; null: it is not refused. */
  get refusal(): Refusal | null {
    return this.#refused.refusal;
  }

  /** Refuses the key permanently, though its ledger grants leases on it. */
  refuse(reason: "corrupt_record"): void {
    this.#refused.refusePermanently(reason);
  }

  /** The terms of the lease. Throws before the first grant. */
  get terms(): Terms {
    if (this.#terms === null) throw new Error("no lease has been granted");
    return this.#terms;
  }

  status(): LeaseStatus {
    const now = this.#clock.now();
    if (this.refusal || this.#epoch !== this.#clock.epoch || now >= this.#validUntil) return "expired";
    return now >= this.#renewFrom ? "renewable" : "valid";
  }

  isValid(): boolean {
    return this.status() !== "expired";
  }

  /** Whether the lease may expire before a renewal that starts now has completed. */
  isNearExpiry(): boolean {
    return this.#clock.now() >= this.#validUntil - this.#ttlMs / 4;
  }

  /** Milliseconds until the status changes with time alone; 0 when the lease has expired. */
  msUntilStatusChange(): number {
    const now = this.#clock.now();
    const next = now < this.#renewFrom ? Math.min(this.#renewFrom, this.#validUntil) : this.#validUntil;
    return Math.max(0, next - now);
  }

  /** To be called at the end of a request that was not aborted. Returns unused permits once requests have stopped. */
  returnUnused(user: PermitReturnUser): void {
    if (this.permits.msUntilReturn() === null) return;
    this.#permitReturn ??= new PermitReturn(this.permits, this.#clock, (by) =>
      this.renew(by, this.#timeLimitMs, true),
    );
    this.#permitReturn.watch(user);
  }

  /** Counts a request that was let through; reported with the next call to the ledger. */
  countUse(): void {
    this.#unreportedUses += 1;
  }

  /**
   * Waits for the ledger if the lease has expired or no permit is left; renews the lease in the background if it is
   * renewable. Returns null when the lease is valid. `bucket`: of the permit that the request still needs, or null.
   */
  async ensureValid(user: LeaseUser, bucket: Bucket | null = null): Promise<Refusal | null> {
    user.checkClock();
    const refusal = this.refusal;
    if (refusal) return refusal;
    const status = this.status();
    if (status === "valid" || (status === "renewable" && this.#canDeferRenewal())) return null;
    const mustWait = status === "expired" || (bucket && this.permits.isEmpty(bucket));
    // The call requests a permit for this request too, whether it waits for the answer or not.
    const needsPermit = bucket && (mustWait || !this.permits.isExhausted);
    const stopWaiting = needsPermit ? this.permits.startWaiting(bucket) : () => {};
    if (mustWait) return await user.waitForLedger(() => this.renewUntilValid(user)).finally(stopWaiting);
    this.renewInBackground(user);
    stopWaiting();
    return null;
  }

  /**
   * The same for a request whose response headers are about to be sent. With `bodyFollows` a lease near its expiry is
   * renewed first: the body would be aborted when the lease expires.
   */
  async ensureValidForResponse(user: LeaseUser, bodyFollows: boolean): Promise<Refusal | null> {
    user.checkClock();
    if (this.refusal || !bodyFollows || !this.isNearExpiry()) return await this.ensureValid(user);
    return await user.waitForLedger(() => this.renewUntilValid(user));
  }

  /** Requests more permits, whatever the lease's status. Returns null when the lease is valid. */
  requestPermits(user: LeaseUser): Promise<Refusal | null> {
    return user.waitForLedger(() => this.renewUntilValid(user, "answer"));
  }

  /** Calls the ledger without waiting for it. A renewal that fails changes nothing. */
  renewInBackground(user: LeaseUser): void {
    this.#sharedCall.start(user, this.#timeLimitMs, () =>
      this.renew(user).catch((error): Refusal => {
        if (!isUnavailable(error)) user.logException(error);
        return UNREACHABLE;
      }),
    );
  }

  /**
   * Waits until a call to the ledger has made the lease valid; all requests that wait share the call. Returns the key's
   * refusal, `ledger_unreachable` or null. Rejects with an error that is not an outage.
   */
  renewUntilValid(user: CallUser, waitFor: WaitFor = "lease"): Promise<Refusal | null> {
    const renew: LimitedCall = (limitMs) => this.renew(user, limitMs).catch(unreachableIfOutage);
    const call: LimitedCall = (limitMs) => callUntilValid(this, this.#clock, CALLS_MAX, limitMs, renew);
    return callUntilValid(this, this.#clock, WAITS_MAX, this.#timeLimitMs, async (leftMs) => {
      const refusal = await this.#sharedCall.wait(user, leftMs, call, waitFor);
      user.checkClock();
      return refusal;
    });
  }

  /**
   * Calls the ledger once. Returns null when a lease was granted, though it may have expired on arrival. Rejects when
   * the ledger fails or has not answered within `limitMs`. `returnsUnused`: returns every unused permit.
   */
  async renew(
    { schedule }: Pick<CallUser, "schedule">,
    limitMs = this.#timeLimitMs,
    returnsUnused = false,
  ): Promise<Refusal | null> {
    const calledAt = this.#clock.now();
    const epoch = this.#clock.epoch;
    this.#renewFrom = calledAt + this.#ttlMs / 4;

    const uses = this.#unreportedUses;
    this.#unreportedUses = 0;
    let answer: LeaseAnswer;
    try {
      const permits = this.permits.report(returnsUnused);
      answer = await this.#callLedger({ uses, holder: this.permits.holder, permits }, limitMs, schedule);
    } catch (error) {
      this.#unreportedUses += uses;
      throw error;
    }

    if (!answer.granted) {
      if (answer.reason === "suspended") this.#validUntil = Number.NEGATIVE_INFINITY;
      return this.#refused.apply(answer, calledAt, epoch);
    }
    checkGrant(answer);
    this.permits.applyGrant(answer.permits, calledAt, epoch, answer.ttl_ms);
    this.#applyGrant(calledAt, epoch, answer);
    return this.refusal;
  }

  /**
   * All requests of an exhausted key are refused, so its renewal is not urgent. A request in flight does not defer it:
   * it would be aborted if the round trip to the ledger took longer than the last one.
   */
  #canDeferRenewal(): boolean {
    return this.permits.isExhausted && this.#clock.now() < this.#renewExhaustedFrom;
  }

  /** The terms are those of the lease that lasts longest: the ledger honours each lease on its own terms. */
  #applyGrant(calledAt: number, epoch: number, { ttl_ms: ttlMs, terms }: LeaseGrant): void {
    const roundTripMs = this.#clock.now() - calledAt;
    if (epoch !== this.#clock.epoch) return; // The clock stepped back meanwhile: the age of the answer is unknown.
    const validUntil = calledAt + ttlMs;
    // The call was made before the refusal: no call is made while one is remembered.
    if (this.refusal) return;
    // Answers may overtake each other, and leases may get shorter. The ledger honours each, so the longest one counts.
    if (this.#epoch === epoch && validUntil <= this.#validUntil) {
      this.#ttlMs = Math.min(this.#ttlMs, ttlMs);
      this.#renewFrom = this.#validUntil - ttlMs / 2;
      return;
    }
    this.#epoch = epoch;
    this.#ttlMs = ttlMs;
    this.#terms = this.#terms && isSameTerms(this.#terms, terms) ? this.#terms : terms;
    this.#validUntil = validUntil;
    this.#renewFrom = calledAt + ttlMs / 2;
    this.#renewExhaustedFrom = calledAt + Math.max(ttlMs / 2, Math.min(0.9 * ttlMs, ttlMs - 2 * roundTripMs));
  }
}
