/**
 * Checks the lease book alone, with leases of any length in any order: it never forgets a lease that is still out.
 *
 * In a whole run a later lease never ends before an earlier one, so only this check makes the book keep the longer of
 * two.
 */
import { LeaseBook } from "../../../src/ledger/lease-book.ts";
import type { Random } from "./random.ts";

export function checkLeaseBook(random: Random, report: (what: string) => void): void {
  const startedAt = random.whole(0, 1000);
  const book = new LeaseBook(startedAt, 0);
  const ends = new Map<string, number>();
  let now = startedAt;
  for (let count = 0; count < 6; count++) {
    now += random.whole(0, 300);
    const key = random.pick(["a", "b"]);
    const lastsMs = random.whole(1, 2000);
    book.recordLease(key, now, lastsMs);
    ends.set(key, Math.max(ends.get(key) ?? startedAt, now + lastsMs));
  }
  const latest = Math.max(startedAt, ...ends.values());
  for (const [key, end] of ends) {
    if (book.latestExpiry(key) !== end)
      report(`a lease on ${key} lasts until ${end}, the book says ${book.latestExpiry(key)}`);
  }
  if (book.latestExpiryOfAny() !== latest)
    report(`the last lease lasts until ${latest}, the book says ${book.latestExpiryOfAny()}`);
}
