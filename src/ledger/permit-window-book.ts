/**
 * One window of one key's bucket in the ledger: the permits of each holder, and what the ledger has heard of their use.
 *
 * The permits are on disk; the rest is in memory only, and decides on nothing but how many are granted ahead and when a
 * client may try again. Pure: its table is passed in.
 */
import type { Bucket } from "../rate-limits.ts";

/** The permits of one holder in one window. */
export interface PermitRecord {
  /** Counts the changes. */
  readonly revision: number;
  readonly granted: number;
}

/** A window of one key's bucket; `endsAt`: Unix milliseconds. */
export interface WindowId {
  readonly endsAt: number;
  readonly bucket: Bucket;
  readonly keyId: string;
}

/** Keeps records across restarts. */
export interface PermitStore {
  load(window: WindowId): Map<string, PermitRecord>;
  /** `at`: the book's time. */
  save(window: WindowId, holder: string, record: PermitRecord, at: number): void;
  /** The sum over all keys and holders. */
  totalGranted(endsAt: number, bucket: Bucket): number;
  /** The book's time when a record was last saved; null: there is none. */
  lastSavedAt(): number | null;
  deleteEndedBefore(moment: number): void;
}

/** Permits that a holder has and no request waits for. */
interface IdlePermits {
  readonly permits: number;
  /** When they are back at the latest, unless the holder is gone. */
  readonly backBy: number;
}

/** A holder's measured rate, which holds until a moment. */
interface Rate {
  readonly perMs: number;
  readonly until: number;
}

/** Permits elsewhere, and when the first of them are back. */
export interface Returning {
  readonly permits: number;
  readonly backInMs: number;
}

const NOTHING_RETURNING: Returning = { permits: 0, backInMs: 0 };

export class WindowBook {
  readonly id: WindowId;
  readonly records: Map<string, PermitRecord>;
  readonly #store: PermitStore;
  readonly #idle = new Map<string, IdlePermits>();
  readonly #rates = new Map<string, Rate>();
  #granted: number;

  /** `unknownUntil`: until then permits on record from before a restart may be handed back. */
  constructor(id: WindowId, store: PermitStore, unknownUntil: number) {
    this.id = id;
    this.#store = store;
    this.records = store.load(id);
    this.#granted = 0;
    for (const [holder, { granted }] of this.records) {
      this.#granted += granted;
      this.recordIdle(holder, { permits: granted, backBy: unknownUntil });
    }
  }

  /** The sum over all holders. */
  get granted(): number {
    return this.#granted;
  }

  /** To the table first: memory must not be ahead of it when the write fails. Returns the change. */
  save(holder: string, record: PermitRecord, at: number): number {
    this.#store.save(this.id, holder, record, at);
    const change = record.granted - (this.records.get(holder)?.granted ?? 0);
    this.#granted += change;
    this.records.set(holder, record);
    return change;
  }

  recordIdle(holder: string, idle: IdlePermits): void {
    if (idle.permits > 0) this.#idle.set(holder, idle);
    else this.#idle.delete(holder);
  }

  recordRate(holder: string, rate: Rate): void {
    if (rate.perMs > 0) this.#rates.set(holder, rate);
    else this.#rates.delete(holder);
  }

  /** Requests per millisecond of all holders. */
  perMs(now: number): number {
    let sum = 0;
    for (const { perMs, until } of this.#rates.values()) if (now < until) sum += perMs;
    return sum;
  }

  /** Unused permits of all holders but one. A holder that is overdue is gone, and its permits count as used. */
  returning(except: string | null, now: number): Returning {
    let permits = 0;
    let backBy = Number.POSITIVE_INFINITY;
    for (const [holder, idle] of this.#idle) {
      if (holder === except || now >= idle.backBy) continue;
      permits += idle.permits;
      backBy = Math.min(backBy, idle.backBy);
    }
    return permits === 0 ? NOTHING_RETURNING : { permits, backInMs: backBy - now };
  }
}
