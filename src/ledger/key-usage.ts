/**
 * When and how often keys were used, as isolates report it with their leases.
 *
 * Guarantees that the figures never go backwards: unwritten uses are written before they are shown. Hibernation loses
 * none, since an alarm writes them before the ledger is idle for long enough. Only a crash or a restart loses uses: those
 * of the last minute, on keys that were not shown meanwhile. Uses that an isolate has not yet reported are not known here.
 * Pure: no clock, no storage.
 */

/** A key in steady use is written once a minute. */
export const WRITE_INTERVAL_MS = 60_000;

/** While uses are unwritten; less than the 10 s after which an idle object hibernates and loses its memory. */
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

  /** `scheduleFlush`: has `flush` called after that time, by an alarm. */
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

  /** Writes the unwritten uses of a key, so that they can be shown; false when there are none. */
  writeKey(keyId: string, now: number): boolean {
    const key = this.#keys.get(keyId);
    if (!key || key.isWritten) return false;
    this.#writeUse(keyId, key, now);
    return true;
  }

  /**
   * Writes keys that were not written for a minute, and all of them when the ledger has become idle. Another flush follows
   * only if uses are left, since an alarm is billed as a row and a call.
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
