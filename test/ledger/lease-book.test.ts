// The ledger's side of leases: which key gets one, and when the latest one expires. Times are milliseconds; the ledger
// starts at 0 unless a test says otherwise.

import { describe, expect, test } from "vitest";
import { CLOCK_STEP_MAX_MS, decideLease, LeaseBook, type LeaseColumns } from "../../src/ledger/lease-book.ts";

const GOOD: LeaseColumns = { expires_at: null, revokes_at: null, revoked_at: null, suspended_at: null };
const NOW = 100_000;
const GRANT_MS = 1000;
/** The grant and the margin. */
const LASTS_MS = 1200;

describe("a lease decision", () => {
  test.each<[what: string, key: LeaseColumns | undefined, reason: string]>([
    ["an unknown key", undefined, "not_in_ledger"],
    ["a revoked key", { ...GOOD, revoked_at: NOW - 1 }, "revoked"],
    ["a key revoked this very moment", { ...GOOD, revoked_at: NOW }, "revoked"],
    ["a key revoked at a later time, as after a clock step", revokedAt(NOW + 1), "revoked"],
    ["a key revoked at time 0", revokedAt(0), "revoked"],
    ["a key whose scheduled revocation has come", { ...GOOD, revokes_at: NOW }, "revoked"],
    ["a key whose scheduled revocation is past", { ...GOOD, revokes_at: NOW - 1 }, "revoked"],
    ["an expired key", { ...GOOD, expires_at: NOW - 1 }, "expired"],
    ["a key that expires this very moment", { ...GOOD, expires_at: NOW }, "expired"],
    ["a suspended key", { ...GOOD, suspended_at: NOW }, "suspended"],
    ["a key suspended at time 0", { ...GOOD, suspended_at: 0 }, "suspended"],
    ["a suspended key that has expired", { ...GOOD, suspended_at: 1, expires_at: NOW }, "expired"],
    ["a suspended key that is revoked", { ...GOOD, suspended_at: 1, revoked_at: NOW }, "revoked"],
    ["a revoked key that has also expired", { ...GOOD, expires_at: NOW, revoked_at: NOW - 1 }, "revoked"],
  ])("refuses %s", (_, key, reason) => {
    expect(decideLease(key, NOW, GRANT_MS)).toMatchObject({ granted: false, reason });
  });

  test("says for how long an isolate remembers a suspension, and nothing else", () => {
    const suspended = decideLease({ ...GOOD, suspended_at: NOW }, NOW, GRANT_MS);
    expect(suspended).toEqual({ granted: false, reason: "suspended", ttl_ms: GRANT_MS });
    const revoked = decideLease({ ...GOOD, suspended_at: NOW, revoked_at: NOW }, NOW, GRANT_MS);
    expect(revoked).toEqual({ granted: false, reason: "revoked" });
  });

  test.each<[what: string, key: LeaseColumns, ttlMs: number]>([
    ["a good key", GOOD, GRANT_MS],
    ["a key that expires just when the lease ends", { ...GOOD, expires_at: NOW + GRANT_MS }, GRANT_MS],
    ["a key that expires long after", { ...GOOD, expires_at: NOW + 1_000_000 }, GRANT_MS],
  ])("grants %s the full length", (_, key, ttlMs) => {
    expect(decideLease(key, NOW, GRANT_MS)).toEqual({ granted: true, ttl_ms: ttlMs });
  });

  test.each<[what: string, key: LeaseColumns, ttlMs: number]>([
    ["an expiry", { ...GOOD, expires_at: NOW + 300 }, 300],
    ["an expiry in the next millisecond", { ...GOOD, expires_at: NOW + 1 }, 1],
    ["a scheduled revocation", { ...GOOD, revokes_at: NOW + 300 }, 300],
    ["the earlier of both, the expiry", { ...GOOD, expires_at: NOW + 200, revokes_at: NOW + 300 }, 200],
    ["the earlier of both, the revocation", { ...GOOD, expires_at: NOW + 300, revokes_at: NOW + 200 }, 200],
  ])("never grants past %s", (_, key, ttlMs) => {
    expect(decideLease(key, NOW, GRANT_MS)).toEqual({ granted: true, ttl_ms: ttlMs });
  });
});

describe("the wait of a restriction", () => {
  test("is a whole lease while one may be in use, however little the clock says is left of it", () => {
    const book = new LeaseBook(0, 0);
    book.recordLease("a", NOW, LASTS_MS);
    expect(book.waitMs("a", NOW)).toBe(LASTS_MS);
    expect(book.waitMs("a", NOW + LASTS_MS - 1)).toBe(LASTS_MS);
  });

  test("is a whole lease also when the clock has stepped ahead past the lease's end, up to 5 s", () => {
    const book = new LeaseBook(0, 0);
    book.recordLease("a", NOW, LASTS_MS);
    expect(book.waitMs("a", NOW + LASTS_MS + CLOCK_STEP_MAX_MS - 1)).toBe(LASTS_MS);
    expect(book.waitMs("a", NOW + LASTS_MS + CLOCK_STEP_MAX_MS)).toBe(0);
  });

  test("is no longer than a lease when the clock has stepped back", () => {
    const book = new LeaseBook(0, 0);
    book.recordLease("a", NOW, LASTS_MS);
    expect(book.waitMs("a", NOW - 4000)).toBe(LASTS_MS);
  });

  test("is that of the longest lease in use, also after a shorter one", () => {
    const book = new LeaseBook(0, 0);
    book.recordLease("a", NOW, LASTS_MS);
    book.recordLease("a", NOW + 1, 10);
    expect(book.waitMs("a", NOW + 2)).toBe(LASTS_MS);
  });

  test("forgets the length of a longer lease that has expired", () => {
    const book = new LeaseBook(0, 0);
    book.recordLease("a", NOW, 5200);
    book.recordLease("a", NOW + 5200 + CLOCK_STEP_MAX_MS, LASTS_MS);
    expect(book.waitMs("a", NOW + 5200 + CLOCK_STEP_MAX_MS)).toBe(LASTS_MS);
  });

  test("is nothing for a key that never had a lease, or whose leases have been waited for", () => {
    const book = new LeaseBook(0, 0);
    book.recordLease("a", NOW, LASTS_MS);
    expect(book.waitMs("b", NOW)).toBe(0);
    book.forget("a");
    expect(book.waitMs("a", NOW)).toBe(0);
  });

  test("is, right after a start with leases in use, the longest of them for every key", () => {
    const book = new LeaseBook(NOW, LASTS_MS);
    expect(book.waitMs("a", NOW)).toBe(LASTS_MS);
    book.recordLease("b", NOW, 10);
    expect(book.waitMs("b", NOW + 1)).toBe(LASTS_MS);
    expect(book.waitMs("a", NOW + LASTS_MS + CLOCK_STEP_MAX_MS)).toBe(0);
  });

  test("is, for all keys at once, that of the longest lease on any key", () => {
    const book = new LeaseBook(0, 0);
    expect(book.waitMsForAll(NOW)).toBe(0);
    book.recordLease("a", NOW, LASTS_MS);
    book.recordLease("b", NOW, 5200);
    expect(book.waitMsForAll(NOW)).toBe(5200);
  });
});

describe("a book with many keys", () => {
  const MANY = 10_000;

  test("keeps every lease that may be in use", () => {
    const book = new LeaseBook(0, 0);
    book.recordLease("busy", NOW, LASTS_MS);
    for (let i = 0; i < MANY; i++) book.recordLease(`key ${i}`, NOW + 1, LASTS_MS);
    book.recordLease("last", NOW + LASTS_MS + CLOCK_STEP_MAX_MS - 1, LASTS_MS);
    expect(book.waitMs("busy", NOW + LASTS_MS)).toBe(LASTS_MS);
    for (let i = 0; i < MANY; i++) expect(book.waitMs(`key ${i}`, NOW + LASTS_MS)).toBe(LASTS_MS);
  });

  test("forgets those that have expired, so that it does not grow without bound", () => {
    const book = new LeaseBook(0, 0);
    book.recordLease("idle", NOW, LASTS_MS);
    for (let i = 0; i < MANY; i++) book.recordLease(`key ${i}`, NOW + LASTS_MS + CLOCK_STEP_MAX_MS, LASTS_MS);
    // Only a question about the past shows that the entry is gone.
    expect(book.waitMs("idle", NOW)).toBe(0);
  });
});

function revokedAt(moment: number): LeaseColumns {
  return { ...GOOD, revoked_at: moment };
}
