/**
 * The permits of one window and bucket in the ledger: of each holder, of each key, and of all keys of the account
 * together.
 *
 * Guarantees that at least as many permits are reserved on disk for a holder as it may use: a change within them is
 * made in memory alone, so few grants cost a write. Permits reserved beyond that are reclaimed when others need them.
 * After a restart all reserved permits count as used. Pure: its table is passed in.
 */
import type { Bucket } from "../rate-limits.ts";

/** A window of one bucket; `endsAt`: Unix milliseconds. */
export interface WindowId {
  readonly endsAt: number;
  readonly bucket: Bucket;
}

/** A holder's permits on disk. */
export interface PermitRecord {
  readonly keyId: string;
  readonly holder: string;
  /** Incremented by the first change after a start of the ledger: revisions are never repeated. */
  readonly generation: number;
  readonly reserved: number;
}

/** Keeps records across restarts. */
export interface PermitStore {
  /** The records of all keys. */
  load(window: WindowId): PermitRecord[];
  /** `at`: the book's time. */
  save(window: WindowId, record: PermitRecord, at: number): void;
  /** The book's time when a record was last saved; null: there is none. */
  lastSavedAt(): number | null;
  deleteEndedBefore(moment: number): void;
}

/** The revisions of one generation. */
const REVISIONS = 2 ** 20;

/** Holders that share a limit: those of one key, or of all keys of the account. */
export class SharedPermits {
  readonly holders = new Set<HolderPermits>();
  /** The sums over all holders. */
  bound = 0;
  reserved = 0;

  /** Unused permits of the other holders. A holder that is overdue is gone, and its permits count as used. */
  elsewhere(holder: HolderPermits, now: number): number {
    let permits = 0;
    for (const other of this.holders) if (other !== holder && now < other.backBy) permits += other.idle;
    return permits;
  }

  /** Reclaims `missing` permits that are reserved for other holders and not granted; from those with the most first. */
  reclaim(missing: number, except: HolderPermits, at: number): void {
    if (missing <= 0) return;
    let left = missing;
    for (const one of [...this.holders].sort((a, b) => b.spare - a.spare)) {
      if (left <= 0 || one.spare === 0) return;
      if (one === except) continue;
      left -= one.spare;
      one.reserve(one.bound, at);
    }
  }
}

/** The permits of one holder in one window. */
export class HolderPermits {
  /** The most permits that it may use, whatever answers reach it. */
  bound = 0;
  /** The revision of the last answer; 0: there was no answer since the ledger started. */
  revision = 0;
  /** Permits that are unused by the last report, and that no request waits for. */
  idle = 0;
  /** When the holder has returned them at the latest, unless it is gone. */
  backBy = 0;
  readonly #shared: readonly SharedPermits[];
  readonly #save: (record: PermitRecord, at: number) => void;
  #record: PermitRecord;

  constructor(
    record: PermitRecord,
    shared: readonly SharedPermits[],
    save: (record: PermitRecord, at: number) => void,
  ) {
    this.#record = record;
    this.#shared = shared;
    this.#save = save;
    for (const one of shared) {
      one.holders.add(this);
      one.reserved += record.reserved;
    }
    this.setBound(record.reserved);
  }

  get reserved(): number {
    return this.#record.reserved;
  }

  /** Permits that are reserved on disk and not granted. */
  get spare(): number {
    return this.reserved - this.bound;
  }

  setBound(bound: number): void {
    for (const one of this.#shared) one.bound += bound - this.bound;
    this.bound = bound;
  }

  /**
   * To be called before an answer with a new revision leaves. Writes the table first: memory must not be ahead of it
   * when the write fails.
   */
  reserve(reserved: number, at: number): void {
    const before = this.#record;
    const isFirst = this.revision === 0;
    if (!isFirst && reserved === before.reserved) return;
    const record = { ...before, generation: before.generation + (isFirst ? 1 : 0), reserved };
    this.#save(record, at);
    this.#record = record;
    for (const one of this.#shared) one.reserved += reserved - before.reserved;
  }

  nextRevision(): void {
    this.revision = this.revision === 0 ? this.#record.generation * REVISIONS : this.revision + 1;
  }
}

/** The permits of all holders of the account in one window. */
export class AccountWindow {
  readonly endsAt: number;
  readonly all = new SharedPermits();
  readonly #keys = new Map<string, SharedPermits>();
  readonly #holders = new Map<string, HolderPermits>();
  readonly #save: (record: PermitRecord, at: number) => void;

  constructor(id: WindowId, store: PermitStore) {
    this.endsAt = id.endsAt;
    this.#save = (record, at) => store.save(id, record, at);
    for (const record of store.load(id)) this.#open(record);
  }

  ofKey(keyId: string): SharedPermits {
    const known = this.#keys.get(keyId) ?? new SharedPermits();
    this.#keys.set(keyId, known);
    return known;
  }

  holder(keyId: string, holder: string): HolderPermits {
    const known = this.#holders.get(`${keyId} ${holder}`);
    return known ?? this.#open({ keyId, holder, generation: 0, reserved: 0 });
  }

  #open(record: PermitRecord): HolderPermits {
    const { keyId, holder } = record;
    const opened = new HolderPermits(record, [this.all, this.ofKey(keyId)], this.#save);
    this.#holders.set(`${keyId} ${holder}`, opened);
    return opened;
  }
}
