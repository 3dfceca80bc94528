/**
 * When and how often keys were used, as isolates report it with their leases.
 *
 * Approximate: at most one row is written per key and minute, and unwritten uses are lost when the object hibernates.
 * Reads are exact as long as the object is awake. Pure.
 */

export const USE_WRITTEN_EVERY_MS = 60_000;

/** Keys unused for a minute are first written and swept out at this many. */
const SWEEP_AT_KEYS = 10_000;

export interface Use {
  readonly lastUsedAt: number;
  /** Since the last write. */
  readonly count: number;
}

type Write = (keyId: string, use: Use) => void;

export class KeyUsage {
  readonly #write: Write;
  #sweepAtKeys = SWEEP_AT_KEYS;
  readonly #uses = new Map<string, Use & { readonly writtenAt: number }>();

  constructor(write: Write) {
    this.#write = write;
  }

  recordUse(keyId: string, now: number, count: number): void {
    const known = this.#uses.get(keyId);
    const use = { lastUsedAt: now, count: (known?.count ?? 0) + count };
    if (known && now - known.writtenAt < USE_WRITTEN_EVERY_MS) {
      this.#uses.set(keyId, { ...use, writtenAt: known.writtenAt });
      return;
    }
    this.#write(keyId, use);
    this.#uses.set(keyId, { lastUsedAt: now, count: 0, writtenAt: now });
    if (this.#uses.size >= this.#sweepAtKeys) this.#sweep(now);
  }

  /** The uses that are not in the table yet. */
  unwritten(keyId: string): Use | undefined {
    return this.#uses.get(keyId);
  }

  #sweep(now: number): void {
    for (const [keyId, use] of this.#uses) {
      if (now - use.writtenAt < USE_WRITTEN_EVERY_MS) continue;
      if (use.count > 0) this.#write(keyId, use);
      this.#uses.delete(keyId);
    }
    this.#sweepAtKeys = Math.max(SWEEP_AT_KEYS, 2 * this.#uses.size);
  }
}
