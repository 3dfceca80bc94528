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

/** A holder's permits in one window, as they are on disk. */
export interface PermitRecord extends WindowId {
  readonly keyId: string;
  readonly holder: string;
  /** Incremented by the first change after a start of the ledger: revisions are never repeated. */
  readonly generation: number;
  readonly reserved: number;
  /** The book's time. */
  readonly savedAt: number;
}

/** Keeps records across restarts, in numbered rows. */
export interface PermitStore {
  /** All rows, those of ended windows too. */
  load(): Iterable<readonly [row: number, record: PermitRecord]>;
  /** Replaces what was in the row. */
  save(row: number, record: PermitRecord): void;
}

/** Assigns records to rows. The row of an ended window is used again: to delete it would be billed like writing it. */
export class PermitRows {
  readonly #store: PermitStore;
  readonly #free: number[] = [];
  #next = 0;

  constructor(store: PermitStore) {
    this.#store = store;
  }

  load(): (readonly [row: number, record: PermitRecord])[] {
    const rows = [...this.#store.load()];
    this.#next = rows.reduce((next, [row]) => Math.max(next, row + 1), 0);
    return rows;
  }

  /** `row`: of the record before, or null. Returns the row that has the record now. */
  save(row: number | null, record: PermitRecord): number {
    const written = row ?? this.#free.at(-1) ?? this.#next;
    this.#store.save(written, record);
    if (row === null && this.#free.pop() === undefined) this.#next += 1;
    return written;
  }

  release(row: number): void {
    this.#free.push(row);
  }
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
    for (const other of this.holders)
      if (other !== holder && now < other.returnedBy) permits += other.unneeded;
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
  unneeded = 0;
  /** When the holder has returned them at the latest, unless it is gone. */
  returnedBy = 0;
  readonly #shared: readonly SharedPermits[];
  readonly #rows: PermitRows;
  #record: PermitRecord;
  /** null: nothing was saved. */
  #row: number | null;

  constructor(record: PermitRecord, shared: readonly SharedPermits[], rows: PermitRows, row: number | null) {
    this.#record = record;
    this.#shared = shared;
    this.#rows = rows;
    this.#row = row;
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
    const generation = before.generation + (isFirst ? 1 : 0);
    const record = { ...before, generation, reserved, savedAt: at };
    this.#row = this.#rows.save(this.#row, record);
    this.#record = record;
    for (const one of this.#shared) one.reserved += reserved - before.reserved;
  }

  nextRevision(): void {
    this.revision = this.revision === 0 ? this.#record.generation * REVISIONS : this.revision + 1;
  }

  /** The window has ended, and does not open again. */
  releaseRow(): void {
    if (this.#row !== null) this.#rows.release(this.#row);
  }
}

/** The permits of all holders of the account in one window. */
export class AccountWindow {
  readonly #id: WindowId;
  readonly all = new SharedPermits();
  readonly #keys = new Map<string, SharedPermits>();
  readonly #holders = new Map<string, HolderPermits>();
  readonly #rows: PermitRows;

  constructor(id: WindowId, rows: PermitRows) {
    this.#id = id;
    this.#rows = rows;
  }

  get endsAt(): number {
    return this.#id.endsAt;
  }

  ofKey(keyId: string): SharedPermits {
    const known = this.#keys.get(keyId) ?? new SharedPermits();
    this.#keys.set(keyId, known);
    return known;
  }

  holder(keyId: string, holder: string): HolderPermits {
    const known = this.#holders.get(`${keyId} ${holder}`);
    return known ?? this.open({ ...this.#id, keyId, holder, generation: 0, reserved: 0, savedAt: 0 }, null);
  }

  /** A holder as it is on disk. */
  open(record: PermitRecord, row: number | null): HolderPermits {
    const { keyId, holder } = record;
    const opened = new HolderPermits(record, [this.all, this.ofKey(keyId)], this.#rows, row);
    this.#holders.set(`${keyId} ${holder}`, opened);
    return opened;
  }

  /** After its end: other windows may use its rows. */
  releaseRows(): void {
    for (const holder of this.#holders.values()) holder.releaseRow();
  }
}
