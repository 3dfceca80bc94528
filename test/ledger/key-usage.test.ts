// Uses of keys on their way to the ledger's table: nothing is lost while the object is awake, and at most one row is
// written per key and minute, however many keys are in use.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { KeyUsage, USE_WRITTEN_EVERY_MS, type Use } from "../../src/ledger/key-usage.ts";

/** More keys than are held at once. */
const MANY_KEYS = 12_000;

interface Written extends Use {
  readonly keyId: string;
  readonly at: number;
}

class Recorder {
  readonly written: Written[] = [];
  #now = 0;
  readonly uses = new KeyUsage((keyId, use) => this.written.push({ ...use, keyId, at: this.#now }));

  report(keyId: string, now: number, count: number): void {
    this.#now = now;
    this.uses.recordUse(keyId, now, count);
  }

  /** What the table and the memory know together. */
  total(keyId: string): number {
    const inTable = this.written
      .filter((each) => each.keyId === keyId)
      .reduce((sum, { count }) => sum + count, 0);
    return inTable + (this.uses.unwritten(keyId)?.count ?? 0);
  }
}

describe("a use", () => {
  test("is written when it is the key's first", () => {
    const recorder = new Recorder();
    recorder.report("key", 1000, 0);
    expect(recorder.written).toEqual([{ keyId: "key", at: 1000, lastUsedAt: 1000, count: 0 }]);
  });

  test("within a minute of the last write is kept, and written with the next one", () => {
    const recorder = new Recorder();
    recorder.report("key", 0, 1);
    recorder.report("key", 1, 2);
    recorder.report("key", USE_WRITTEN_EVERY_MS - 1, 3);
    expect(recorder.written).toHaveLength(1);
    expect(recorder.uses.unwritten("key")).toMatchObject({ lastUsedAt: USE_WRITTEN_EVERY_MS - 1, count: 5 });
    recorder.report("key", USE_WRITTEN_EVERY_MS, 4);
    expect(recorder.written[1]).toEqual({ keyId: "key", at: 60_000, lastUsedAt: 60_000, count: 9 });
    expect(recorder.uses.unwritten("key")).toMatchObject({ lastUsedAt: USE_WRITTEN_EVERY_MS, count: 0 });
  });

  test("of one key says nothing about another", () => {
    const recorder = new Recorder();
    recorder.report("one", 0, 1);
    expect(recorder.uses.unwritten("two")).toBeUndefined();
    recorder.report("two", 1, 1);
    expect(recorder.written.map(({ keyId }) => keyId)).toEqual(["one", "two"]);
  });
});

test("whatever is reported and when, no use is lost and no key is written twice within a minute", () => {
  const report = fc.record({
    key: fc.constantFrom("a", "b", "c"),
    afterMs: fc.integer({ min: 0, max: 40_000 }),
    count: fc.integer({ min: 0, max: 1000 }),
  });
  fc.assert(
    fc.property(fc.array(report, { maxLength: 60 }), (reports) => {
      const recorder = new Recorder();
      const totals = new Map<string, number>();
      let now = 1_700_000_000_000;
      for (const { key, afterMs, count } of reports) {
        now += afterMs;
        recorder.report(key, now, count);
        totals.set(key, (totals.get(key) ?? 0) + count);
        expect(recorder.uses.unwritten(key)?.lastUsedAt).toBe(now);
      }
      for (const [key, total] of totals) expect(recorder.total(key)).toBe(total);
      expectWrittenOnceAMinute(recorder.written);
    }),
  );
});

test(`${MANY_KEYS} keys in use at once are each written at most once a minute, and no use is lost`, () => {
  const recorder = new Recorder();
  let reports = 0;
  // Each key is used every ten seconds, for a little more than a minute.
  for (let now = 0; now <= 70_000; now += 10_000) {
    for (let key = 0; key < MANY_KEYS; key++) recorder.report(`key_${key}`, now, 1);
    reports += 1;
  }
  const counted = new Map<string, number>();
  for (const { keyId, count } of recorder.written) counted.set(keyId, (counted.get(keyId) ?? 0) + count);
  for (const keyId of ["key_0", "key_9999", `key_${MANY_KEYS - 1}`]) {
    expect((counted.get(keyId) ?? 0) + (recorder.uses.unwritten(keyId)?.count ?? 0)).toBe(reports);
  }
  expectWrittenOnceAMinute(recorder.written);
});

test("a use is counted once when the memory is full and its key is due to be written", () => {
  const recorder = new Recorder();
  recorder.report("key", 0, 0);
  recorder.report("key", 1, 5);
  for (let other = 1; other < 10_000; other++) recorder.report(`other_${other}`, 2, 0);
  recorder.report("key", USE_WRITTEN_EVERY_MS, 1);
  expect(recorder.total("key")).toBe(6);
});

function expectWrittenOnceAMinute(written: readonly Written[]): void {
  const last = new Map<string, number>();
  for (const { keyId, at } of written) {
    const sinceMs = at - (last.get(keyId) ?? Number.NEGATIVE_INFINITY);
    if (sinceMs < USE_WRITTEN_EVERY_MS) expect.fail(`${keyId} was written again after ${sinceMs} ms`);
    last.set(keyId, at);
  }
}
