// The bounded cache.

import { describe, expect, test } from "vitest";
import { LruCache } from "../../src/keys/lru-cache.ts";
import { ENTRY_CACHE_MAX } from "../../src/leases/key-cache.ts";

test("an isolate caches at most 10,000 keys", () => {
  expect(ENTRY_CACHE_MAX).toBe(10_000);
});

describe("a bounded cache", () => {
  test("finds what was set, and nothing else", () => {
    const cache = new LruCache<number>(10);
    cache.set("a", 1);
    expect(cache.get("a")).toBe(1);
    expect(cache.get("b")).toBeUndefined();
    expect(cache.get("toString")).toBeUndefined();
    expect(cache.get("__proto__")).toBeUndefined();
    expect(cache.size).toBe(1);
  });

  test("keeps the latest of two values of one name", () => {
    const cache = new LruCache<number>(10);
    cache.set("a", 1);
    fill(cache, 5);
    cache.set("a", 2);
    expect(cache.get("a")).toBe(2);
  });

  test.each([2, 3, 10, 11, 1000])("of %i never holds more", (max) => {
    const cache = new LruCache<number>(max);
    for (let i = 0; i < 5 * max; i++) {
      cache.set(`name ${i}`, i);
      cache.get(`name ${Math.floor(i / 2)}`);
      cache.get(`name ${i - 1}`);
      expect(cache.size).toBeLessThanOrEqual(max);
    }
  });

  test("keeps the last half of its bound", () => {
    const cache = new LruCache<number>(1000);
    fill(cache, 10_000);
    for (let i = 9_500; i < 10_000; i++) expect(cache.get(`other ${i}`)).toBe(i);
  });

  test("evicts an unused entry after as many others as its bound", () => {
    const cache = new LruCache<number>(10);
    cache.set("idle", 1);
    fill(cache, 10);
    expect(cache.get("idle")).toBeUndefined();
  });

  test("keeps an entry in use", () => {
    const cache = new LruCache<number>(10);
    cache.set("busy", 1);
    for (let i = 0; i < 1000; i++) {
      cache.set(`other ${i}`, i);
      expect(cache.get("busy")).toBe(1);
    }
  });

  test("keeps the same value for a name in use: a lease is never replaced", () => {
    const cache = new LruCache<object>(10);
    const lease = {};
    cache.set("busy", lease);
    for (let i = 0; i < 100; i++) {
      cache.set(`other ${i}`, {});
      expect(cache.get("busy")).toBe(lease);
    }
  });
});

function fill(cache: LruCache<number>, count: number): void {
  for (let i = 0; i < count; i++) cache.set(`other ${i}`, i);
}
