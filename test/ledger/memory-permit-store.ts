/** The table of permits, in memory: it survives the book that writes to it, as storage survives a restart. */
import type { PermitRecord, PermitStore, WindowId } from "../../src/ledger/permit-windows.ts";

export class MemoryPermitStore implements PermitStore {
  readonly rows = new Map<string, { readonly window: WindowId; readonly record: PermitRecord }>();
  writes = 0;
  #lastSavedAt: number | null = null;
  /** The next writes fail. */
  failing = 0;

  load({ endsAt, bucket }: WindowId): PermitRecord[] {
    return [...this.rows.values()]
      .filter(({ window }) => window.endsAt === endsAt && window.bucket === bucket)
      .map(({ record }) => record);
  }

  save(window: WindowId, record: PermitRecord, at: number): void {
    if (this.failing-- > 0) throw new Error("the disk is full");
    this.writes += 1;
    this.#lastSavedAt = at;
    const { endsAt, bucket } = window;
    this.rows.set(JSON.stringify([endsAt, bucket, record.keyId, record.holder]), { window, record });
  }

  lastSavedAt(): number | null {
    return this.#lastSavedAt;
  }

  deleteEndedBefore(moment: number): void {
    for (const [id, { window }] of this.rows) if (window.endsAt < moment) this.rows.delete(id);
  }
}
