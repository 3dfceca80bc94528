/**
 * The ledger's side of leases: whether a key gets one, and how long a restriction waits for those that are in use.
 *
 * Guarantees that a restriction which waits for `waitMs` is answered after the last lease on the key has expired, also
 * when the ledger's clock has stepped by up to `CLOCK_STEP_MAX_MS` since that lease was granted: it waits for the
 * duration of a whole lease, not for what the clock says is left of one. Pure: no clock, no storage; the simulator runs
 * it too. Times are Unix milliseconds on the ledger's clock.
 */
import { hasPassed } from "../keys/key-state.ts";
import type { LeaseVerdict } from "../leases/protocol.ts";

/** The columns of a key's row that decide on leases. */
export interface LeaseColumns {
  readonly expires_at: number | null;
  /** A scheduled revocation. */
  readonly revokes_at: number | null;
  readonly revoked_at: number | null;
  readonly suspended_at: number | null;
}

/** When a revocation takes effect. */
export interface RevocationTiming {
  /** From then on no lease on the key is in use. */
  readonly effectiveAt: number;
  /** The longest that the revocation could have to wait: no lease of the account lasts longer, margin included. */
  readonly leaseBoundMs: number;
}

/** A scheduled revocation takes effect by itself: from its moment on the key is revoked. */
export function isRevoked({ revoked_at, revokes_at }: LeaseColumns, now: number): boolean {
  return revoked_at !== null || hasPassed(revokes_at, now);
}

/** A lease of at most `grantMs` that does not reach past a scheduled end. `undefined`: no such key. */
export function decideLease(key: LeaseColumns | undefined, now: number, grantMs: number): LeaseVerdict {
  if (!key) return { granted: false, reason: "not_in_ledger" };
  if (isRevoked(key, now)) return { granted: false, reason: "revoked" };
  if (hasPassed(key.expires_at, now)) return { granted: false, reason: "expired" };
  if (key.suspended_at !== null) return { granted: false, reason: "suspended", ttl_ms: grantMs };
  const ends = [key.revokes_at, key.expires_at].filter((end) => end !== null);
  return { granted: true, ttl_ms: Math.min(grantMs, ...ends.map((end) => end - now)) };
}

/** How far the ledger's clock may step, either way, between a lease and a restriction, or differ on another machine. */
export const CLOCK_STEP_MAX_MS = 5000;

/** Expired leases are first swept out at this many recorded keys. */
const SWEEP_AT_KEYS = 10_000;

/** The leases on one key that may be in use. */
interface LeasesInUse {
  /** When the last of them expires. */
  readonly expireAt: number;
  /** The duration of the longest of them, margin included. */
  readonly longestMs: number;
}

const NO_LEASES: LeasesInUse = { expireAt: Number.NEGATIVE_INFINITY, longestMs: 0 };

/** The leases that may be in use, in memory only. For those of a previous start, one assumption holds for all keys. */
export class LeaseBook {
  readonly #leases = new Map<string, LeasesInUse>();
  readonly #inherited: LeasesInUse;
  #sweepAtKeys = SWEEP_AT_KEYS;

  /** `inheritedMs`: the longest lease that may be in use at the start, margin included; 0: no lease is. */
  constructor(startedAt: number, inheritedMs: number) {
    this.#inherited =
      inheritedMs === 0 ? NO_LEASES : { expireAt: startedAt + inheritedMs, longestMs: inheritedMs };
  }

  /** A lease decided at `now`; `lastsMs` includes the margin. */
  recordLease(keyId: string, now: number, lastsMs: number): void {
    const known = this.#leases.get(keyId) ?? NO_LEASES;
    this.#leases.set(keyId, {
      expireAt: Math.max(now + lastsMs, known.expireAt),
      longestMs: Math.max(lastsMs, waitMsFor(known, now)),
    });
    if (this.#leases.size >= this.#sweepAtKeys) this.#sweep(now);
  }

  /**
   * How long a restriction of the key that is written at `now` waits, if no further lease is granted on the old terms.
   */
  waitMs(keyId: string, now: number): number {
    return Math.max(waitMsFor(this.#inherited, now), waitMsFor(this.#leases.get(keyId) ?? NO_LEASES, now));
  }

  /** The same for a restriction of every key at once. */
  waitMsForAll(now: number): number {
    let longestMs = waitMsFor(this.#inherited, now);
    for (const leases of this.#leases.values()) longestMs = Math.max(longestMs, waitMsFor(leases, now));
    return longestMs;
  }

  /** To be called when all leases on the key have expired and it gets no more: a repeated call need not wait again. */
  forget(keyId: string): void {
    this.#leases.delete(keyId);
  }

  #sweep(now: number): void {
    for (const [keyId, leases] of this.#leases) {
      if (waitMsFor(leases, now) === 0) this.#leases.delete(keyId);
    }
    // Doubling keeps the cost of sweeping small for each recorded key.
    this.#sweepAtKeys = Math.max(SWEEP_AT_KEYS, 2 * this.#leases.size);
  }
}

/** The duration of a whole lease while one may be in use: after a clock step the rest of it is unknown. */
function waitMsFor({ expireAt, longestMs }: LeasesInUse, now: number): number {
  return now < expireAt + CLOCK_STEP_MAX_MS ? longestMs : 0;
}
