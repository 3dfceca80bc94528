/**
 * Judges the traffic of a soak as it arrives, so that memory stays bounded whatever the number of requests.
 *
 * A violation is every response that the policy does not allow for the key's terms at that time (key-terms.ts), so also a
 * request that is accepted after the answer to a restriction. The gateway's own errors are excused only during and shortly
 * after an injected fault; a response that breaks off also while the terms change. A failed request that took longer than a
 * lease is counted apart: on a busy machine a lease can expire before its call is answered.
 */

/** Of the gateways. Longer than in production, because gateways, clients and origins share one machine. */
export const LEASE_MS = 3000;

/** How long after a fault its effects may still show: a pending call, an expired lease. */
const RECOVERY_MS = 3000;

export interface ResponseSummary {
  readonly what: string;
  /** The statuses that the policy allows. */
  readonly allowed: ReadonlySet<number>;
  /** 0: no response. */
  readonly status: number;
  /** Whether the complete response arrived. */
  readonly complete: boolean;
  /** Just before the request was written. */
  readonly startedAt: number;
  /** When the response ended. */
  readonly endedAt: number;
}

export class SoakResults {
  requests = 0;
  accepted = 0;
  refused = 0;
  /** 502, 503, 504 and closed connections during a fault. */
  excused = 0;
  /** Failed requests that took longer than a lease. */
  late = 0;
  /** In words. */
  readonly violations: string[] = [];
  #faultUntil = 0;
  #faultsOn = 0;

  faultStarted(): void {
    this.#faultsOn += 1;
  }

  faultEnded(now: number): void {
    this.#faultsOn -= 1;
    this.#faultUntil = now + RECOVERY_MS;
  }

  /** Whether a failure since that moment may be the effect of a fault. */
  hadFaultSince(startedAt: number): boolean {
    return this.#faultsOn > 0 || startedAt <= this.#faultUntil;
  }

  judge({ what, allowed, status, complete, startedAt, endedAt }: ResponseSummary): void {
    this.requests += 1;
    const violation = (text: string) => this.violations.push(`${what}: ${text} (${status})`);
    if (complete && allowed.has(status)) {
      if (status === 200) this.accepted += 1;
      else this.refused += 1;
      return;
    }
    const failed = !complete || status >= 502;
    if (!failed) violation(`not ${[...allowed].join(" or ")}`);
    // The terms changed while the response was in flight, so the stream was aborted.
    else if (!complete && allowed.size > 1) this.refused += 1;
    else if (this.hadFaultSince(startedAt)) this.excused += 1;
    else if (endedAt - startedAt >= LEASE_MS) this.late += 1;
    else violation("failed without a fault");
  }
}
