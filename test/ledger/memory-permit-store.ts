/** The table of permits, in memory: it survives the book that writes to it, as storage survives a restart. */
import type { PermitRecord, PermitStore } from "../../src/ledger/permit-windows.ts";

export class MemoryPermitStore implements PermitStore {
  readonly rows = new Map<number, PermitRecord>();
  writes = 0;
  /** The next writes fail. */
  failing = 0;

  load(): Iterable<readonly [row: number, record: PermitRecord]> {
    return this.rows;
  }

  save(row: number, record: PermitRecord): void {
    if (this.failing-- > 0) throw new Error("the disk is full");
    this.writes += 1;
    this.rows.set(row, record);
  }
}
