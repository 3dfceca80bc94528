/**
 * When and how often keys were used, as isolates report it with their leases.
 *
 * Guarantees that the figures never decrease: unwritten uses are written before they are shown. Hibernation loses none,
 * since an alarm writes them before an idle ledger hibernates. A crash or a restart may lose the uses of the last
 * minute. It does not know uses that an isolate has not reported. Pure: no clock, no storage.
 */

/** How often a key in steady use is written. */
export const WRITE_INTERVAL_MS = 60_000;

/** How often `flush` runs while uses are unwritten: before an idle object hibernates (10 s) and loses its memory. */
export const FLUSH_INTERVAL_MS = 5000;

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
  #isScheduled = false;
  /** No use was recorded since the last flush. */
  #isQuiet = true;

  /** `scheduleFlush`: makes an alarm call `flush` after that time. */
  constructor(write: (keyId: string, use: Use) => void, scheduleFlush: (afterMs: number) => void) {
    this.#write = write;
    this.#scheduleFlush = scheduleFlush;
  }

  recordUse(keyId: string, now: number, count: number): void {
    const known = this.#keys.get(keyId);
    this.#keys.set(keyId, {
      lastUsedAt: Math.max(now, known?.lastUsedAt ?? now),
      count: (known?.count ?? 0) + count,
      isWritten: false,
      writtenAt: known?.writtenAt ?? Number.NEGATIVE_INFINITY,
    });
    this.#isQuiet = false;
    this.#schedule(FLUSH_INTERVAL_MS);
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
   * flush only if uses are left, since an alarm is billed as a row and a call.
   */
  flush(now: number): void {
    this.#isScheduled = false;
    let written = 0;
    let isLeft = false;
    for (const [keyId, key] of this.#keys) {
      // A clock that was set back would postpone the write.
      const isDue = Math.abs(now - key.writtenAt) >= WRITE_INTERVAL_MS;
      if (key.isWritten && isDue) this.#keys.delete(keyId);
      if (key.isWritten) continue;
      if (!isDue && !this.#isQuiet) {
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
    if (this.#isQuiet) this.#keys.clear();
    else if (isLeft) this.#schedule(FLUSH_INTERVAL_MS);
    this.#isQuiet = true;
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
