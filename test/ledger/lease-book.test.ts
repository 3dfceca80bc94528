// The ledger's side of leases: which key gets one, and when the latest one expires. Times are milliseconds; the ledger
// starts at 0 unless a test says otherwise.

import { describe, expect, test } from "vitest";
import { decideLease, type KeyState, LeaseBook } from "../../src/ledger/lease-book.ts";

const GOOD: KeyState = { expires_at: null, revokes_at: null, revoked_at: null };
const NOW = 100_000;
const GRANT_MS = 1000;
/** The grant and the margin. */
const LASTS_MS = 1200;

describe("a lease decision", () => {
  test.each<[what: string, key: KeyState | undefined, reason: string]>([
    ["an unknown key", undefined, "not_in_ledger"],
    ["a revoked key", { ...GOOD, revoked_at: NOW - 1 }, "revoked"],
    ["a key revoked this very moment", { ...GOOD, revoked_at: NOW }, "revoked"],
    ["a key revoked at a later time, as after a clock step", revokedAt(NOW + 1), "revoked"],
    ["a key revoked at time 0", revokedAt(0), "revoked"],
    ["a key whose scheduled revocation has come", { ...GOOD, revokes_at: NOW }, "revoked"],
    ["a key whose scheduled revocation is past", { ...GOOD, revokes_at: NOW - 1 }, "revoked"],
    ["an expired key", { ...GOOD, expires_at: NOW - 1 }, "expired"],
    ["a key that expires this very moment", { ...GOOD, expires_at: NOW }, "expired"],
    ["a revoked key that has also expired", { ...GOOD, expires_at: NOW, revoked_at: NOW - 1 }, "revoked"],
  ])("refuses %s", (_, key, reason) => {
    expect(decideLease(key, NOW, GRANT_MS)).toEqual({ granted: false, reason });
  });

  test.each<[what: string, key: KeyState, ttlMs: number]>([
    ["a good key", GOOD, GRANT_MS],
    ["a key that expires just when the lease ends", { ...GOOD, expires_at: NOW + GRANT_MS }, GRANT_MS],
    ["a key that expires long after", { ...GOOD, expires_at: NOW + 1_000_000 }, GRANT_MS],
  ])("grants %s the full length", (_, key, ttlMs) => {
    expect(decideLease(key, NOW, GRANT_MS)).toEqual({ granted: true, ttl_ms: ttlMs });
  });

  test.each<[what: string, key: KeyState, ttlMs: number]>([
    ["an expiry", { ...GOOD, expires_at: NOW + 300 }, 300],
    ["an expiry in the next millisecond", { ...GOOD, expires_at: NOW + 1 }, 1],
    ["a scheduled revocation", { ...GOOD, revokes_at: NOW + 300 }, 300],
    ["the earlier of both, the expiry", { ...GOOD, expires_at: NOW + 200, revokes_at: NOW + 300 }, 200],
    ["the earlier of both, the revocation", { ...GOOD, expires_at: NOW + 300, revokes_at: NOW + 200 }, 200],
  ])("never grants past %s", (_, key, ttlMs) => {
    expect(decideLease(key, NOW, GRANT_MS)).toEqual({ granted: true, ttl_ms: ttlMs });
  });
});

describe("the latest expiry of a lease", () => {
  test("right after a start is that of a lease granted just before, for every key", () => {
    const book = new LeaseBook(NOW, LASTS_MS);
    expect(book.latestExpiry("a")).toBe(NOW + LASTS_MS);
    expect(book.latestExpiry("b")).toBe(NOW + LASTS_MS);
  });

  test("is not moved ahead by a shorter lease", () => {
    const book = new LeaseBook(NOW, LASTS_MS);
    book.recordLease("a", NOW, 10);
    expect(book.latestExpiry("a")).toBe(NOW + LASTS_MS);
  });

  test("is that of the last lease", () => {
    const book = new LeaseBook(0, LASTS_MS);
    book.recordLease("a", 5000, LASTS_MS);
    expect(book.latestExpiry("a")).toBe(6200);
    book.recordLease("a", 5500, LASTS_MS);
    expect(book.latestExpiry("a")).toBe(6700);
  });

  test("is not moved ahead by a shorter lease granted later", () => {
    const book = new LeaseBook(0, LASTS_MS);
    book.recordLease("a", 5000, LASTS_MS);
    book.recordLease("a", 5001, 10);
    expect(book.latestExpiry("a")).toBe(6200);
  });

  test("is not moved ahead by a clock that steps back", () => {
    const book = new LeaseBook(0, LASTS_MS);
    book.recordLease("a", 5000, LASTS_MS);
    book.recordLease("a", 4000, LASTS_MS);
    expect(book.latestExpiry("a")).toBe(6200);
  });

  test("is each key's own", () => {
    const book = new LeaseBook(0, LASTS_MS);
    book.recordLease("a", 5000, LASTS_MS);
    book.recordLease("b", 7000, LASTS_MS);
    expect(book.latestExpiry("a")).toBe(6200);
    expect(book.latestExpiry("b")).toBe(8200);
    expect(book.latestExpiry("c")).toBe(LASTS_MS);
  });
});

describe("a book with many keys", () => {
  const MANY = 10_000;

  test("keeps every lease that is still in use", () => {
    const book = new LeaseBook(0, LASTS_MS);
    book.recordLease("busy", NOW, LASTS_MS);
    for (let i = 0; i < MANY; i++) book.recordLease(`key ${i}`, NOW + 1, LASTS_MS);
    book.recordLease("last", NOW + LASTS_MS - 1, LASTS_MS);
    expect(book.latestExpiry("busy")).toBe(NOW + LASTS_MS);
    for (let i = 0; i < MANY; i++) expect(book.latestExpiry(`key ${i}`)).toBe(NOW + 1 + LASTS_MS);
  });

  test("forgets expired leases, so its size is bounded", () => {
    const book = new LeaseBook(0, LASTS_MS);
    book.recordLease("idle", NOW, LASTS_MS);
    for (let i = 0; i < MANY; i++) book.recordLease(`key ${i}`, NOW + LASTS_MS, LASTS_MS);
    // Only a moment in the past shows the difference.
    expect(book.latestExpiry("idle")).toBe(LASTS_MS);
  });
});

function revokedAt(moment: number): KeyState {
  return { ...GOOD, revoked_at: moment };
}
