// Uses of keys on their way to the table: figures never go backwards, no use is lost while the object lives, and a key in
// steady use is written once a minute, however many keys are in use.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  FLUSH_INTERVAL_MS,
  FLUSH_MAX_KEYS,
  KeyUsage,
  type Use,
  WRITE_INTERVAL_MS,
} from "../../src/ledger/key-usage.ts";

interface Written extends Use {
  readonly keyId: string;
  readonly at: number;
}

/** A ledger with its table, its alarm and a clock that the test moves. */
class Ledger {
  readonly written: Written[] = [];
  now = 0;
  alarmAt: number | null = null;
  alarms = 0;
  /** The next writes fail. */
  failing = 0;
  readonly usage = new KeyUsage(
    (keyId, use) => {
      if (this.failing-- > 0) throw new Error("the disk is full");
      this.written.push({ ...use, keyId, at: this.now });
    },
    (afterMs) => {
      this.alarmAt = this.now + afterMs;
    },
  );

  use(keyId: string, count: number): void {
    this.usage.recordUse(keyId, this.now, count);
  }

  /** Lets time pass and runs the alarms that are due. */
  pass(ms: number): void {
    const until = this.now + ms;
    while (this.alarmAt !== null && this.alarmAt <= until) {
      this.now = this.alarmAt;
      this.alarmAt = null;
      this.alarms += 1;
      this.usage.flush(this.now);
    }
    this.now = until;
  }

  shown(keyId: string): Use {
    this.usage.writeKey(keyId, this.now);
    const rows = this.written.filter((row) => row.keyId === keyId);
    const count = rows.reduce((sum, row) => sum + row.count, 0);
    return { count, lastUsedAt: Math.max(...rows.map(({ lastUsedAt }) => lastUsedAt)) };
  }
}

test("many uses are written a bounded number at a time", () => {
  const ledger = new Ledger();
  const keys = Array.from({ length: 2 * FLUSH_MAX_KEYS + 1 }, (_, i) => `key ${i}`);
  for (let uses = 0; uses < 2; uses++) for (const key of keys) ledger.use(key, 1);
  expect(ledger.written.length, "the first use of each key").toBe(keys.length);
  ledger.now = FLUSH_INTERVAL_MS;
  const perFlush: number[] = [];
  for (let total = ledger.written.length; total < 2 * keys.length; total = ledger.written.length) {
    expect(ledger.alarmAt).toBe(ledger.now);
    ledger.alarmAt = null;
    ledger.usage.flush(ledger.now);
    perFlush.push(ledger.written.length - total);
  }
  expect(perFlush).toEqual([FLUSH_MAX_KEYS, FLUSH_MAX_KEYS, 1]);
  expect(new Set(ledger.written.map(({ keyId }) => keyId))).toEqual(new Set(keys));
  expect(ledger.alarmAt).toBeNull();
});

test("a key that is used seldom costs one write for each use, and no alarm", () => {
  const ledger = new Ledger();
  for (let use = 0; use < 3; use++) {
    ledger.use("key", 1);
    expect(ledger.alarmAt).toBeNull();
    ledger.pass(WRITE_INTERVAL_MS);
  }
  expect(ledger.written).toHaveLength(3);
});

describe("a use", () => {
  test("is written at once when the key was not written for a minute", () => {
    const ledger = new Ledger();
    ledger.now = 1000;
    ledger.use("key", 3);
    expect(ledger.written).toEqual([{ keyId: "key", at: 1000, lastUsedAt: 1000, count: 3 }]);
    ledger.now += WRITE_INTERVAL_MS - 1;
    ledger.use("key", 1);
    expect(ledger.written).toHaveLength(1);
    ledger.now += 1;
    ledger.use("key", 2);
    expect(ledger.written.at(-1)).toEqual({ keyId: "key", at: 61_000, lastUsedAt: 61_000, count: 3 });
  });

  test("soon after another is written before the ledger can hibernate", () => {
    const ledger = new Ledger();
    ledger.use("key", 1);
    ledger.now = 1000;
    ledger.use("key", 1);
    ledger.pass(FLUSH_INTERVAL_MS);
    expect(ledger.written.at(-1)).toEqual({ keyId: "key", at: 9000, lastUsedAt: 1000, count: 1 });
    expect(ledger.alarmAt).toBeNull();
  });

  test("after the last write is written when the key is no longer used", () => {
    const ledger = new Ledger();
    for (let use = 0; use < 5; use++) {
      ledger.use("key", 1);
      ledger.pass(FLUSH_INTERVAL_MS - 1);
    }
    ledger.pass(FLUSH_INTERVAL_MS);
    expect(ledger.shown("key")).toEqual({ count: 5, lastUsedAt: 4 * (FLUSH_INTERVAL_MS - 1) });
    expect(ledger.alarms, "less than ten seconds apart, so the ledger does not hibernate").toBe(4);
    expect(ledger.alarmAt, "an idle ledger has no alarm").toBeNull();
  });

  test("is written before it is shown", () => {
    const ledger = new Ledger();
    for (let use = 0; use < 2; use++) ledger.use("key", 1);
    expect(ledger.usage.writeKey("key", 0)).toBe(true);
    expect(ledger.written).toHaveLength(2);
    expect(ledger.usage.writeKey("key", 0)).toBe(false);
    expect(ledger.usage.writeKey("unused", 0)).toBe(false);
    expect(ledger.written).toHaveLength(2);
  });

  test("is not lost when its write fails", () => {
    const ledger = new Ledger();
    ledger.failing = 2;
    expect(() => ledger.use("key", 7)).toThrow("the disk is full");
    expect(() => ledger.usage.writeKey("key", 0)).toThrow("the disk is full");
    expect(ledger.shown("key").count).toBe(7);
    expect(ledger.shown("key").count).toBe(7);
  });

  test("is the last one although the clock was set back", () => {
    const ledger = new Ledger();
    ledger.now = 10_000;
    ledger.use("key", 1);
    ledger.now = 9000;
    ledger.use("key", 1);
    expect(ledger.shown("key")).toEqual({ count: 2, lastUsedAt: 10_000 });
  });
});

test("a key in steady use is written once a minute", () => {
  const ledger = new Ledger();
  for (let second = 0; second < 600; second++) {
    ledger.use("key", 1);
    ledger.pass(1000);
  }
  expect(ledger.written.length).toBeLessThanOrEqual(11);
  expect(ledger.shown("key").count).toBe(600);
});

test("no use is lost, and no figure goes backwards, in any order of uses, views and pauses", () => {
  const step = fc.record({
    key: fc.constantFrom("a", "b", "c"),
    afterMs: fc.oneof(fc.integer({ min: 0, max: 3000 }), fc.integer({ min: 0, max: 90_000 })),
    count: fc.integer({ min: 0, max: 1000 }),
    isShown: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const ledger = new Ledger();
      const totals = new Map<string, number>();
      for (const { key, afterMs, count, isShown } of steps) {
        ledger.pass(afterMs);
        ledger.use(key, count);
        totals.set(key, (totals.get(key) ?? 0) + count);
        if (isShown) expect(ledger.shown(key)).toEqual({ count: totals.get(key), lastUsedAt: ledger.now });
      }
      // The memory is gone after the last alarm; the table has it all.
      ledger.pass(3 * FLUSH_INTERVAL_MS);
      expect(ledger.alarmAt).toBeNull();
      const rows = ledger.written.length;
      for (const [key, total] of totals) expect(ledger.shown(key).count).toBe(total);
      expect(ledger.written).toHaveLength(rows);
    }),
  );
});

test("12,000 keys in use at once are each written once a minute", () => {
  const ledger = new Ledger();
  const rounds = 20;
  for (let round = 0; round < rounds; round++) {
    for (let key = 0; key < 12_000; key++) ledger.use(`key_${key}`, 1);
    ledger.pass(4000);
  }
  const writtenAt = new Map<string, number>();
  for (const { keyId, at } of ledger.written) {
    const sinceMs = at - (writtenAt.get(keyId) ?? Number.NEGATIVE_INFINITY);
    if (sinceMs < WRITE_INTERVAL_MS) expect.fail(`${keyId} was written again after ${sinceMs} ms`);
    writtenAt.set(keyId, at);
  }
  expect(ledger.shown("key_11999").count).toBe(rounds);
});
