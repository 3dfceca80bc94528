// The bounded memory for keys. What finds, checks and loads a key is tested from the outside.

import { describe, expect, test } from "vitest";
import { LruCache } from "../../src/keys/lru-cache.ts";
import { ENTRY_CACHE_MAX } from "../../src/leases/key-cache.ts";

test("an isolate remembers at most 10,000 keys", () => {
  expect(ENTRY_CACHE_MAX).toBe(10_000);
});

describe("a bounded memory", () => {
  test("finds what was put in, and nothing else", () => {
    const memory = new LruCache<number>(10);
    memory.set("a", 1);
    expect(memory.get("a")).toBe(1);
    expect(memory.get("b")).toBeUndefined();
    expect(memory.get("toString")).toBeUndefined();
    expect(memory.get("__proto__")).toBeUndefined();
    expect(memory.size).toBe(1);
  });

  test("keeps the latest of two values of one name", () => {
    const memory = new LruCache<number>(10);
    memory.set("a", 1);
    fill(memory, 5);
    memory.set("a", 2);
    expect(memory.get("a")).toBe(2);
  });

  test.each([2, 3, 10, 11, 1000])("of %i never holds more, whatever is put in and asked for", (max) => {
    const memory = new LruCache<number>(max);
    for (let i = 0; i < 5 * max; i++) {
      memory.set(`name ${i}`, i);
      memory.get(`name ${Math.floor(i / 2)}`);
      memory.get(`name ${i - 1}`);
      expect(memory.size).toBeLessThanOrEqual(max);
    }
  });

  test("still knows the half of its bound that was put in last", () => {
    const memory = new LruCache<number>(1000);
    fill(memory, 10_000);
    for (let i = 9_500; i < 10_000; i++) expect(memory.get(`other ${i}`)).toBe(i);
  });

  test("forgets what has not been used for as long as its bound lets others in", () => {
    const memory = new LruCache<number>(10);
    memory.set("idle", 1);
    fill(memory, 10);
    expect(memory.get("idle")).toBeUndefined();
  });

  test("keeps what is used, however many others come and go", () => {
    const memory = new LruCache<number>(10);
    memory.set("busy", 1);
    for (let i = 0; i < 1000; i++) {
      memory.set(`other ${i}`, i);
      expect(memory.get("busy")).toBe(1);
    }
  });

  test("keeps one value for a name that is used all the time: nobody's lease is exchanged", () => {
    const memory = new LruCache<object>(10);
    const lease = {};
    memory.set("busy", lease);
    for (let i = 0; i < 100; i++) {
      memory.set(`other ${i}`, {});
      expect(memory.get("busy")).toBe(lease);
    }
  });
});

function fill(memory: LruCache<number>, count: number): void {
  for (let i = 0; i < count; i++) memory.set(`other ${i}`, i);
}
