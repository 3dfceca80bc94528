/**
 * When and how often keys were used, as isolates report it with their leases.
 *
 * Guarantees that the figures never decrease: unwritten uses are written before they are shown. A use is written at once
 * unless the key was written within the last minute, so a key that is used seldom costs one row and no alarm. Hibernation
 * loses no use, since an alarm writes the others before an idle ledger hibernates. A crash or a restart may lose the uses
 * of the last minute. It does not know uses that an isolate has not reported. Pure: no clock, no storage.
 */

/** How often a key in steady use is written. */
export const WRITE_INTERVAL_MS = 60_000;

/**
 * How often `flush` runs while uses are unwritten: before an idle object hibernates (10 s) and loses its memory, and not
 * more often, since each alarm is billed as a row and a call.
 */
export const FLUSH_INTERVAL_MS = 8000;

/** A ledger that has recorded no use for this long is idle: a flush writes all uses. */
const IDLE_AFTER_MS = 6000;

/** Keys that one flush writes, so that leases need not wait for it: about 10 ms. */
export const FLUSH_MAX_KEYS = 1000;

export interface Use {
  readonly lastUsedAt: number;
  /** Since the last write. */
  readonly count: number;
}

interface UsedKey extends Use {
  readonly isWritten: boolean;
  readonly writtenAt: number;
}

export class KeyUsage {
  readonly #write: (keyId: string, use: Use) => void;
  readonly #scheduleFlush: (afterMs: number) => void;
  readonly #keys = new Map<string, UsedKey>();
  #forgottenAt = 0;
  #isScheduled = false;
  #recordedAt = Number.NEGATIVE_INFINITY;

  /** `scheduleFlush`: makes an alarm call `flush` after that time. */
  constructor(write: (keyId: string, use: Use) => void, scheduleFlush: (afterMs: number) => void) {
    this.#write = write;
    this.#scheduleFlush = scheduleFlush;
  }

  recordUse(keyId: string, now: number, count: number): void {
    this.#forgetWritten(now);
    const known = this.#keys.get(keyId);
    const used: UsedKey = {
      lastUsedAt: Math.max(now, known?.lastUsedAt ?? now),
      count: (known?.count ?? 0) + count,
      isWritten: false,
      writtenAt: known?.writtenAt ?? Number.NEGATIVE_INFINITY,
    };
    this.#keys.set(keyId, used);
    this.#recordedAt = now;
    if (isDue(used, now)) this.#writeUse(keyId, used, now);
    else this.#schedule(FLUSH_INTERVAL_MS);
  }

  /** Writes the unwritten uses of a key, so that they can be shown; returns false when there are none. */
  writeKey(keyId: string, now: number): boolean {
    const key = this.#keys.get(keyId);
    if (!key || key.isWritten) return false;
    this.#writeUse(keyId, key, now);
    return true;
  }

  /**
   * Writes the keys that were not written for a minute, or all keys when the ledger has become idle. Schedules another
   * flush only if uses are left.
   */
  flush(now: number): void {
    this.#isScheduled = false;
    const isIdle = Math.abs(now - this.#recordedAt) >= IDLE_AFTER_MS;
    let written = 0;
    let isLeft = false;
    for (const [keyId, key] of this.#keys) {
      if (key.isWritten) continue;
      if (!isIdle && !isDue(key, now)) {
        isLeft = true;
        continue;
      }
      if (written === FLUSH_MAX_KEYS) {
        this.#schedule(0);
        return;
      }
      this.#writeUse(keyId, key, now);
      written += 1;
    }
    if (isLeft) this.#schedule(FLUSH_INTERVAL_MS);
  }

  /** Once a minute: keeps only the keys that were written within the last one. */
  #forgetWritten(now: number): void {
    if (Math.abs(now - this.#forgottenAt) < WRITE_INTERVAL_MS) return;
    this.#forgottenAt = now;
    for (const [keyId, key] of this.#keys) if (key.isWritten && isDue(key, now)) this.#keys.delete(keyId);
  }

  /** To the table first: a write that fails leaves the uses unwritten. */
  #writeUse(keyId: string, { lastUsedAt, count }: Use, now: number): void {
    this.#write(keyId, { lastUsedAt, count });
    this.#keys.set(keyId, { lastUsedAt, count: 0, isWritten: true, writtenAt: now });
  }

  #schedule(afterMs: number): void {
    if (this.#isScheduled) return;
    this.#scheduleFlush(afterMs);
    this.#isScheduled = true;
  }
}

/** A clock that was set back would postpone the write. */
function isDue({ writtenAt }: UsedKey, now: number): boolean {
  return Math.abs(now - writtenAt) >= WRITE_INTERVAL_MS;
}
