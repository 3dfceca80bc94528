/**
 * The permits that each holder has been granted in each window and has not returned, derived from the messages alone:
 * the ledger's last answer. After a lost answer the number on disk may be higher, never lower than what the holder knows.
 */
import type { BucketGrant, PermitGrant, PermitReport } from "../../../src/leases/protocol.ts";
import type { Bucket } from "../../../src/rate-limits.ts";

export class GrantedPermits {
  readonly #known = new Map<string, PermitGrant>();
  readonly #numbers = new Map<string, number>();
  readonly #report: (what: string) => void;

  constructor(report: (what: string) => void) {
    this.#report = report;
  }

  /** A holder sends its reports. It never goes back to a grant that a later one has replaced. */
  recordReport(holder: string, reports: readonly PermitReport[]): void {
    for (const { bucket, endsAt, revision: number } of reports) {
      const window = id(holder, bucket, endsAt);
      const known = this.#numbers.get(window) ?? 0;
      if (number < known) this.#report(`${holder} uses grant ${number} after grant ${known}`);
      this.#numbers.set(window, Math.max(known, number));
    }
  }

  /** The ledger answers a holder's reports. */
  recordGrant(holder: string, reports: readonly PermitReport[], grants: readonly BucketGrant[]): void {
    for (const { bucket, endsAt, revision, granted, unused } of reports) {
      const known = this.#known.get(id(holder, bucket, endsAt));
      // A report that was overtaken may list permits that have been returned since.
      if (known?.revision === revision && granted - unused > known.granted)
        this.#report(`${holder} reports ${granted - unused} used, of ${known.granted} granted`);
    }
    for (const { bucket, current, next } of grants) {
      for (const grant of [current, next])
        if (grant) this.#known.set(id(holder, bucket, grant.endsAt), grant);
    }
  }

  grantedTo(holder: string, bucket: Bucket, endsAt: number): number {
    return this.#known.get(id(holder, bucket, endsAt))?.granted ?? 0;
  }
}

function id(holder: string, bucket: Bucket, endsAt: number): string {
  return `${holder} ${bucket} ${endsAt}`;
}
