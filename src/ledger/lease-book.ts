/**
 * The ledger's side of leases: whether a key gets one, and until when the latest one can be in use.
 *
 * Pure: no clock, no storage; the simulator runs it too. Times are Unix milliseconds on the ledger's clock.
 */
import type { LeaseVerdict } from "../leases/protocol.ts";

/** What decides about a key's leases. */
export interface KeyState {
  readonly expires_at: number | null;
  /** A scheduled revocation. */
  readonly revokes_at: number | null;
  readonly revoked_at: number | null;
}

/** The end of a key, as its receipt has it. */
export interface EffectiveAt {
  /** From here on no lease on the key is in use. */
  readonly at: number;
  /** No lease on any key of the account had longer to run. */
  readonly boundMs: number;
}

/** A lease of at most `grantMs`, never past a scheduled end of the key. `undefined`: no such key. */
export function decideLease(key: KeyState | undefined, now: number, grantMs: number): LeaseVerdict {
  if (!key) return { granted: false, reason: "not_in_ledger" };
  if (key.revoked_at !== null || hasPassed(key.revokes_at, now)) return { granted: false, reason: "revoked" };
  if (hasPassed(key.expires_at, now)) return { granted: false, reason: "expired" };
  const ends = [key.revokes_at, key.expires_at].filter((end) => end !== null);
  return { granted: true, ttl_ms: Math.min(grantMs, ...ends.map((end) => end - now)) };
}

function hasPassed(moment: number | null, now: number): boolean {
  return moment !== null && moment <= now;
}

/** Ended leases are first swept out when this many keys are noted. */
const SWEEP_AT_KEYS = 10_000;

/**
 * Which leases are out. Held in memory only: a ledger that has just started does not know what it gave
 * before, so it assumes one lease on every key, given the moment before.
 */
export class LeaseBook {
  readonly #assumedEnd: number;
  readonly #ends = new Map<string, number>();
  #sweepAtKeys = SWEEP_AT_KEYS;

  /** `longestMs`: how long any lease given before the start, by whatever version, can last, margin included. */
  constructor(startedAt: number, longestMs: number) {
    this.#assumedEnd = startedAt + longestMs;
  }

  /** Notes a lease decided at `now`; `lastsMs` includes the margin. */
  recordLease(keyId: string, now: number, lastsMs: number): void {
    const end = now + lastsMs;
    if (end > (this.#ends.get(keyId) ?? Number.NEGATIVE_INFINITY)) this.#ends.set(keyId, end);
    if (this.#ends.size >= this.#sweepAtKeys) this.#sweep(now);
  }

  /** From this moment on, no lease on the key is in use, provided that none is given any more. */
  latestExpiry(keyId: string): number {
    return Math.max(this.#assumedEnd, this.#ends.get(keyId) ?? Number.NEGATIVE_INFINITY);
  }

  /** The same for every key at once. */
  latestExpiryOfAny(): number {
    let latest = this.#assumedEnd;
    for (const end of this.#ends.values()) latest = Math.max(latest, end);
    return latest;
  }

  #sweep(now: number): void {
    for (const [keyId, end] of this.#ends) {
      if (end <= now) this.#ends.delete(keyId);
    }
    // Next when as many again have come, so that a sweep costs each key noted a small, fixed share.
    this.#sweepAtKeys = Math.max(SWEEP_AT_KEYS, 2 * this.#ends.size);
  }
}
