/** The table of permits, in memory: it outlives the book that writes to it, as the ledger's storage outlives the ledger. */
import type { PermitRecord, PermitStore, WindowName } from "../../src/ledger/permit-book.ts";

export class StoredPermits implements PermitStore {
  readonly rows = new Map<
    string,
    { readonly window: WindowName; readonly records: Map<string, PermitRecord> }
  >();
  writes = 0;

  load(window: WindowName): Map<string, PermitRecord> {
    return new Map(this.#row(window).records);
  }

  save(window: WindowName, holder: string, record: PermitRecord): void {
    this.writes += 1;
    this.#row(window).records.set(holder, record);
  }

  forgetEndedBefore(moment: number): void {
    for (const [id, { window }] of this.rows) if (window.endsAt < moment) this.rows.delete(id);
  }

  #row(window: WindowName) {
    const id = JSON.stringify([window.endsAt, window.bucket, window.keyId]);
    const row = this.rows.get(id) ?? { window, records: new Map() };
    this.rows.set(id, row);
    return row;
  }
}
