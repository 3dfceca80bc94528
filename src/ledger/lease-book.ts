/**
 * The ledger's side of leases: whether a key gets one, and when the latest one expires.
 *
 * Pure: no clock, no storage; the simulator runs it too. Times are Unix milliseconds on the ledger's clock.
 */
import type { LeaseVerdict } from "../leases/protocol.ts";

/** The columns of a key's row that decide on leases. */
export interface KeyState {
  readonly expires_at: number | null;
  /** A scheduled revocation. */
  readonly revokes_at: number | null;
  readonly revoked_at: number | null;
}

/** When a revocation takes effect, as its receipt says it. */
export interface RevocationTiming {
  /** From then on no lease on the key is in use. */
  readonly effectiveAt: number;
  /** No lease on any key of the account had longer to run. */
  readonly leaseBoundMs: number;
}

/** A scheduled revocation takes effect by itself: from its moment on the key is revoked. */
export function isRevoked({ revoked_at, revokes_at }: KeyState, now: number): boolean {
  return revoked_at !== null || hasPassed(revokes_at, now);
}

export function hasPassed(moment: number | null, now: number): boolean {
  return moment !== null && moment <= now;
}

/** A lease of at most `grantMs` that does not reach past a scheduled end. `undefined`: no such key. */
export function decideLease(key: KeyState | undefined, now: number, grantMs: number): LeaseVerdict {
  if (!key) return { granted: false, reason: "not_in_ledger" };
  if (isRevoked(key, now)) return { granted: false, reason: "revoked" };
  if (hasPassed(key.expires_at, now)) return { granted: false, reason: "expired" };
  const ends = [key.revokes_at, key.expires_at].filter((end) => end !== null);
  return { granted: true, ttl_ms: Math.min(grantMs, ...ends.map((end) => end - now)) };
}

/** Expired leases are first swept out at this many recorded keys. */
const SWEEP_AT_KEYS = 10_000;

/**
 * The leases that are in use, in memory only. A ledger that has just started does not know which leases it granted
 * before, so it assumes one on every key, granted the moment before.
 */
export class LeaseBook {
  readonly #assumedEnd: number;
  readonly #ends = new Map<string, number>();
  #sweepAtKeys = SWEEP_AT_KEYS;

  /** `longestMs`: the longest lease that any version granted before the start, margin included. */
  constructor(startedAt: number, longestMs: number) {
    this.#assumedEnd = startedAt + longestMs;
  }

  /** A lease decided at `now`; `lastsMs` includes the margin. */
  recordLease(keyId: string, now: number, lastsMs: number): void {
    const end = now + lastsMs;
    if (end > (this.#ends.get(keyId) ?? Number.NEGATIVE_INFINITY)) this.#ends.set(keyId, end);
    if (this.#ends.size >= this.#sweepAtKeys) this.#sweep(now);
  }

  /** From this moment on no lease on the key is in use, provided that no further one is granted. */
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
    // The next sweep is at twice the size, so sweeping costs each recorded key a constant share.
    this.#sweepAtKeys = Math.max(SWEEP_AT_KEYS, 2 * this.#ends.size);
  }
}
