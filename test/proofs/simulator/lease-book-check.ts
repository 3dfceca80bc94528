/**
 * Checks the lease book alone, with leases of any length in any order: it never forgets a lease that is still out.
 *
 * In a whole run a later lease never ends before an earlier one, so only this check makes the book keep the longer of
 * two.
 */
import { CLOCK_STEP_MAX_MS, LeaseBook } from "../../../src/ledger/lease-book.ts";
import type { Random } from "./random.ts";

export function checkLeaseBook(random: Random, report: (what: string) => void): void {
  const startedAt = random.whole(0, 1000);
  const book = new LeaseBook(startedAt, 0);
  const granted: { readonly key: string; readonly expiresAt: number; readonly lastsMs: number }[] = [];
  let now = startedAt;
  for (let count = 0; count < 6; count++) {
    now += random.whole(0, random.chance(0.2) ? 8000 : 300);
    const key = random.pick(["a", "b"]);
    const lastsMs = random.whole(1, 2000);
    book.recordLease(key, now, lastsMs);
    granted.push({ key, expiresAt: now + lastsMs, lastsMs });
  }
  now += random.whole(0, 8000);
  for (const key of ["a", "b"]) {
    const inUse = granted.filter((one) => one.key === key && now < one.expiresAt);
    const leastMs = Math.max(0, ...inUse.map(({ lastsMs }) => lastsMs));
    const waitMs = book.waitMs(key, now);
    if (waitMs < leastMs)
      report(`a lease of ${leastMs} ms on ${key} is in use, the book waits for ${waitMs} ms`);
    const isIdle = granted.every((one) => one.key !== key || now >= one.expiresAt + CLOCK_STEP_MAX_MS);
    if (isIdle && waitMs > 0) report(`no lease on ${key} is in use, the book waits for ${waitMs} ms`);
  }
  const waitMs = Math.max(book.waitMs("a", now), book.waitMs("b", now));
  if (book.waitMsForAll(now) !== waitMs)
    report(`the book waits for ${book.waitMsForAll(now)} ms, not ${waitMs}`);
}
