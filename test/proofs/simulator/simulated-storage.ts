/**
 * A Durable Object's storage: a disk that survives restarts, and the unconfirmed writes of one object.
 *
 * A superseded object is rejected at every access. Unconfirmed writes of an object that ends are lost, or were
 * already on disk without confirmation.
 */
import type { PermitRecord, PermitStore } from "../../../src/ledger/permit-windows.ts";
import type { LeaseRow } from "./ledger-rules.ts";
import type { VirtualTime } from "./virtual-time.ts";

/** Thrown at every access by a superseded object; one instance, because a stack trace costs more than a run. */
export const SUPERSEDED = new Error("superseded");

export class Disk {
  keys: ReadonlyMap<string, LeaseRow>;
  metadata: ReadonlyMap<string, unknown>;
  /** By row. */
  permits: ReadonlyMap<number, PermitRecord> = new Map();

  constructor(keys: ReadonlyMap<string, LeaseRow>, metadata: ReadonlyMap<string, unknown>) {
    this.keys = keys;
    this.metadata = metadata;
  }
}

export class StorageSession {
  readonly #time: VirtualTime;
  readonly #disk: Disk;
  readonly #confirmMs: () => number;
  readonly #keys: Map<string, LeaseRow>;
  readonly #metadata: Map<string, unknown>;
  readonly #permits: Map<number, PermitRecord>;
  #unconfirmed = false;
  #closed = false;
  #waiting: (() => void)[] = [];

  /** `confirmMs`: how long the disk takes to confirm a write. */
  constructor(time: VirtualTime, disk: Disk, confirmMs: () => number) {
    this.#time = time;
    this.#disk = disk;
    this.#confirmMs = confirmMs;
    this.#keys = new Map(disk.keys);
    this.#metadata = new Map(disk.metadata);
    this.#permits = new Map(disk.permits);
  }

  key(keyId: string): LeaseRow | undefined {
    this.#touch();
    return this.#keys.get(keyId);
  }

  changeKey(keyId: string, columns: Partial<LeaseRow>): void {
    const row = this.key(keyId);
    if (!row) throw new Error("no such key");
    this.#keys.set(keyId, { ...row, ...columns });
    this.#confirmLater();
  }

  metadata(name: string): unknown {
    this.#touch();
    return this.#metadata.get(name);
  }

  setMetadata(name: string, value: unknown): void {
    this.#touch();
    this.#metadata.set(name, value);
    this.#confirmLater();
  }

  readonly permits: PermitStore = {
    load: () => {
      this.#touch();
      return [...this.#permits];
    },
    save: (row, record) => {
      this.#touch();
      this.#permits.set(row, record);
      this.#confirmLater();
    },
  };

  /** Runs `task` once all writes so far are on disk, or never if the object ends first. */
  whenConfirmed(task: () => void): void {
    if (this.#unconfirmed) this.#waiting.push(task);
    else task();
  }

  sync(): Promise<void> {
    this.#touch();
    return new Promise((resolve) => this.whenConfirmed(resolve));
  }

  /** The object has ended, or is superseded. */
  close(keepsUnconfirmed: boolean): void {
    if (this.#unconfirmed && keepsUnconfirmed) this.#save();
    this.#waiting = [];
    this.#closed = true;
  }

  #touch(): void {
    if (this.#closed) throw SUPERSEDED;
  }

  #confirmLater(): void {
    if (this.#unconfirmed) return;
    this.#unconfirmed = true;
    this.#time.after(this.#confirmMs(), () => this.#confirm());
  }

  #confirm(): void {
    if (this.#closed) return;
    this.#save();
    this.#unconfirmed = false;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const task of waiting) task();
  }

  #save(): void {
    this.#disk.keys = new Map(this.#keys);
    this.#disk.metadata = new Map(this.#metadata);
    this.#disk.permits = new Map(this.#permits);
  }
}
