/** The table of permits, in memory: it survives the book that writes to it, as storage survives a restart. */
import type { PermitRecord, PermitStore, WindowId } from "../../src/ledger/permit-book.ts";

export class MemoryPermitStore implements PermitStore {
  readonly rows = new Map<
    string,
    { readonly window: WindowId; readonly records: Map<string, PermitRecord> }
  >();
  writes = 0;
  /** The next writes fail. */
  failing = 0;

  load(window: WindowId): Map<string, PermitRecord> {
    return new Map(this.#row(window).records);
  }

  save(window: WindowId, holder: string, record: PermitRecord): void {
    if (this.failing-- > 0) throw new Error("the disk is full");
    this.writes += 1;
    this.#row(window).records.set(holder, record);
  }

  deleteEndedBefore(moment: number): void {
    for (const [id, { window }] of this.rows) if (window.endsAt < moment) this.rows.delete(id);
  }

  #row(window: WindowId) {
    const id = JSON.stringify([window.endsAt, window.bucket, window.keyId]);
    const row = this.rows.get(id) ?? { window, records: new Map() };
    this.rows.set(id, row);
    return row;
  }
}
