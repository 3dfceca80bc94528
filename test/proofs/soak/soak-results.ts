/**
 * Judges the traffic of a soak as it arrives, so that memory stays bounded whatever the number of requests.
 *
 * A violation is: a request accepted after its key's revocation was answered (403 and 404 count as accepted, because only
 * active keys get them), and a refusal of a key that was not ended. The gateway's own errors are excused only during
 * and shortly after an injected fault.
 */
import type { IssuedKey } from "../../support/control-client.ts";

/** How long after a fault its effects may still show: a pending call, an expired lease. */
const RECOVERY_MS = 3000;

export interface SoakKey extends IssuedKey {
  /** When the call that ends the key started, and when it was answered; `performance.now()`. */
  endingSince?: number;
  revokedSince?: number;
}

export interface ResponseSummary {
  readonly what: string;
  /** The status for an active key. */
  readonly expected: number;
  /** 0: no response. */
  readonly status: number;
  /** Whether the complete response arrived. */
  readonly complete: boolean;
  /** Just before the request was written. */
  readonly startedAt: number;
}

export class SoakResults {
  requests = 0;
  accepted = 0;
  refused = 0;
  /** 502, 503, 504 and closed connections during a fault. */
  excused = 0;
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

  judge(key: SoakKey, { what, expected, status, complete, startedAt }: ResponseSummary): void {
    this.requests += 1;
    const violation = (text: string) => this.violations.push(`${what}: ${text} (${status}, key ${key.id})`);
    const failed = !complete || status >= 502;
    if (status === 401) {
      this.refused += 1;
      if (expected !== 401 && key.endingSince === undefined)
        violation("refused, though the key was not ended");
    } else if (
      key.revokedSince !== undefined &&
      startedAt > key.revokedSince &&
      status !== 0 &&
      status < 502
    ) {
      violation("accepted after its revocation was answered");
    } else if (failed && key.endingSince !== undefined) {
      // The key ended while the response was in flight, so the stream was aborted.
      this.refused += 1;
    } else if (failed) {
      if (this.#faultsOn === 0 && startedAt > this.#faultUntil) violation("failed without a fault");
      else this.excused += 1;
    } else if (status !== expected) {
      violation(`not ${expected}`);
    } else {
      this.accepted += 1;
    }
  }
}
