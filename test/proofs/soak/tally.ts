/**
 * What a soak has seen, judged as it goes along, so that any number of requests fits in memory.
 *
 * Wrong is: a key that is let through after its revocation was answered (403 and 404 let through, too: they are told
 * to good keys alone), and one that is refused though nobody ended it. What the gateway says of its own faults is
 * counted and excused only while a fault is, or was just now, put in.
 */
import type { IssuedKey } from "../../support/control-client.ts";

/** How long after a fault is lifted its effects may still show: a call under way, a lease that lapsed. */
const AFTERMATH_MS = 3000;

export interface SoakKey extends IssuedKey {
  /** When the call that ends it was begun, and when it was answered; `performance.now()`. */
  endingSince?: number;
  deadSince?: number;
}

export interface Exchanged {
  readonly what: string;
  /** The status for a good key. */
  readonly expected: number;
  /** 0: no answer. */
  readonly status: number;
  /** Whether all of the answer arrived. */
  readonly whole: boolean;
  /** Before the request was written. */
  readonly startedAt: number;
}

export class Tally {
  requests = 0;
  accepted = 0;
  refused = 0;
  /** 502, 503, 504 and connections that ended, while a fault was on. */
  excused = 0;
  /** In words. */
  readonly wrong: string[] = [];
  #faultUntil = 0;
  #faultsOn = 0;

  faultBegins(): void {
    this.#faultsOn += 1;
  }

  faultEnds(now: number): void {
    this.#faultsOn -= 1;
    this.#faultUntil = now + AFTERMATH_MS;
  }

  judge(key: SoakKey, { what, expected, status, whole, startedAt }: Exchanged): void {
    this.requests += 1;
    const says = (text: string) => this.wrong.push(`${what}: ${text} (${status}, key ${key.id})`);
    const failed = !whole || status >= 502;
    if (status === 401) {
      this.refused += 1;
      if (expected !== 401 && key.endingSince === undefined) says("refused, though nobody ended the key");
    } else if (key.deadSince !== undefined && startedAt > key.deadSince && status !== 0 && status < 502) {
      says("let through after its revocation was answered");
    } else if (failed && key.endingSince !== undefined) {
      // The key died while its answer was on the way, so the stream was cut.
      this.refused += 1;
    } else if (failed) {
      if (this.#faultsOn === 0 && startedAt > this.#faultUntil) says("failed without a fault");
      else this.excused += 1;
    } else if (status !== expected) {
      says(`not ${expected}`);
    } else {
      this.accepted += 1;
    }
  }
}
