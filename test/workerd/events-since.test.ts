// Events from a time on, of an account with very many: which they are, and how many rows it takes to find them.

import { reset } from "cloudflare:test";
import { afterEach, beforeEach, expect, test } from "vitest";
import { CLOCK_STEP_MAX_MS } from "../../src/ledger/lease-book.ts";
import { TestLedger } from "./test-ledger.ts";

const EVENTS = 3000;
const START = Date.parse("2026-11-01T00:00:00Z");
const MINUTE_MS = 60_000;
/** A page of five, their keys, and the search. */
const ROWS_READ_MAX = 50;

let ledger: TestLedger;

beforeEach(() => {
  ledger = new TestLedger();
});
afterEach(async () => {
  await reset();
});

/** Event n at minute n; `stepsBack`: the clock steps back by so much before these. */
async function addEvents(stepsBack: Readonly<Record<number, number>> = {}): Promise<void> {
  let steppedMs = 0;
  const times = Array.from({ length: EVENTS }, (_, i) => {
    steppedMs += stepsBack[i + 1] ?? 0;
    return START + (i + 1) * MINUTE_MS - steppedMs;
  });
  await ledger.run((_, { storage }) => {
    storage.sql.exec(
      "INSERT INTO events (at, actor, action, details) SELECT value, 'a test', 'kv_rebuilt', '{}' FROM json_each(?)",
      JSON.stringify(times),
    );
  });
}

/** The numbers of a page of five, and the rows that were read for it. */
async function page(
  sinceMs: number,
  after: number | null = null,
): Promise<[numbers: number[], rowsRead: number]> {
  return await ledger.run((it, { storage }) => {
    const { sql } = storage;
    const cursors: SqlStorageCursor<Record<string, SqlStorageValue>>[] = [];
    const exec = sql.exec.bind(sql);
    sql.exec = ((...args: Parameters<typeof exec>) => {
      const cursor = exec(...args);
      cursors.push(cursor);
      return cursor;
    }) as typeof sql.exec;
    const events = it.listEvents(5, after, { since: START + sinceMs });
    sql.exec = exec;
    if ("reason" in events) throw new Error(events.reason);
    const rowsRead = cursors.reduce((sum, cursor) => sum + cursor.rowsRead, 0);
    return [events.map(({ number }) => number), rowsRead] as [number[], number];
  });
}

test("are found without reading those before", async () => {
  await addEvents();
  for (const minute of [1, 2, 1500, 2995, 2996]) {
    const [numbers, rowsRead] = await page(minute * MINUTE_MS);
    expect(numbers).toEqual([0, 1, 2, 3, 4].map((i) => minute + i));
    expect(rowsRead).toBeLessThanOrEqual(ROWS_READ_MAX);
  }
  expect((await page(2999.5 * MINUTE_MS))[0]).toEqual([3000]);
  expect(await page((EVENTS + 1) * MINUTE_MS)).toEqual([[], expect.any(Number)]);
  expect((await page(0))[0]).toEqual([1, 2, 3, 4, 5]);
});

test("are those after a number as well, if both are given", async () => {
  await addEvents();
  expect((await page(1500 * MINUTE_MS, 1502))[0]).toEqual([1503, 1504, 1505, 1506, 1507]);
  expect((await page(1500 * MINUTE_MS, 7))[0]).toEqual([1500, 1501, 1502, 1503, 1504]);
});

test("are all of them when the clock has stepped back", async () => {
  // Event 1500 is at minute 1500; the next is at the same time, less a moment.
  await addEvents({ 1501: MINUTE_MS + CLOCK_STEP_MAX_MS - 1 });
  expect((await page(1500 * MINUTE_MS))[0]).toEqual([1500, 1502, 1503, 1504, 1505]);
  expect((await page(1500 * MINUTE_MS - CLOCK_STEP_MAX_MS + 1))[0]).toEqual([1500, 1501, 1502, 1503, 1504]);
});
