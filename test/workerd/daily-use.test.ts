// Requests per day, for the chart on a key's page: by UTC day, for 30 days, at one row a day and key.

import { beforeEach, expect, test } from "vitest";
import { DailyUseTable } from "../../src/ledger/daily-use-table.ts";
import { TestLedger } from "./test-ledger.ts";

const DAY_MS = 86_400_000;
const NOON = Date.parse("2026-11-01T12:00:00Z");

let ledger: TestLedger;
beforeEach(() => {
  ledger = new TestLedger();
});

/** Writes uses of the key, as the ledger does: first the day, then the uses. Returns how many rows the day cost. */
function use(id: string, at: number, requests: number): Promise<number> {
  return ledger.run((_, { storage: { sql } }) => {
    const written = () => sql.exec<{ count: number }>("SELECT total_changes() AS count").one().count;
    const before = written();
    new DailyUseTable(sql).beginDay(id, at);
    const rows = written() - before;
    sql.exec("UPDATE keys SET use_count = use_count + ? WHERE id = ?", requests, id);
    return rows;
  });
}

/** The days with requests, and the first and the last day of all. */
function usage(id: string, now: number) {
  return ledger.run((_, { storage: { sql } }) => {
    const { use_count } = sql
      .exec<{ use_count: number }>("SELECT use_count FROM keys WHERE id = ?", id)
      .one();
    const days = new DailyUseTable(sql).requestsPerDay(id, use_count, now);
    const used = days.filter(({ requests }) => requests > 0).map(({ date, requests }) => [date, requests]);
    return { length: days.length, from: days[0]?.date, to: days.at(-1)?.date, used };
  });
}

test("uses count for the day of the use, and days without a use are zero", async () => {
  const { id } = await ledger.create();
  await use(id, NOON, 3);
  await use(id, NOON + 1000, 4);
  await use(id, NOON + 2 * DAY_MS, 5);
  await use(id, Date.parse("2026-11-03T23:59:59.999Z"), 6);
  await use(id, Date.parse("2026-11-04T00:00:00Z"), 7);
  expect(await usage(id, NOON + 3 * DAY_MS)).toEqual({
    length: 30,
    from: "2026-10-06",
    to: "2026-11-04",
    used: [
      ["2026-11-01", 7],
      ["2026-11-03", 11],
      ["2026-11-04", 7],
    ],
  });
});

test("a day costs one row, and a key never has more than 30", async () => {
  const { id } = await ledger.create();
  for (let day = 0; day < 65; day++) {
    const rows = [
      await use(id, NOON + day * DAY_MS, 1),
      await use(id, NOON + day * DAY_MS + 60_000, 2),
      await use(id, NOON + day * DAY_MS + 120_000, 2),
    ];
    expect(rows, `day ${day}`).toEqual([1, 0, 0]);
  }
  expect(await ledger.rows("SELECT COUNT(*) AS count FROM daily_use")).toEqual([{ count: 30 }]);
  const { used, from } = await usage(id, NOON + 64 * DAY_MS);
  expect([used.length, from, used[0]]).toEqual([30, "2026-12-06", ["2026-12-06", 5]]);
});

test("a key that was not used for 30 days has no requests, however often it was used before", async () => {
  const { id } = await ledger.create();
  await use(id, NOON, 1000);
  expect((await usage(id, NOON + 29 * DAY_MS)).used).toEqual([["2026-11-01", 1000]]);
  expect((await usage(id, NOON + 30 * DAY_MS)).used).toEqual([]);
});

test("keys are counted apart, and a clock that is a day behind adds to the day before", async () => {
  const [one, two] = [await ledger.create(), await ledger.create()];
  await use(one.id, NOON + DAY_MS, 3);
  await use(two.id, NOON + DAY_MS, 8);
  expect(await use(one.id, NOON, 2)).toBe(1);
  // Never negative, and every use is counted once.
  const { used } = await usage(one.id, NOON + DAY_MS);
  const counts = used.map(([, requests]) => Number(requests));
  expect(counts.every((count) => count > 0)).toBe(true);
  expect((await usage(two.id, NOON + DAY_MS)).used).toEqual([["2026-11-02", 8]]);
});

test("the usage of an unknown key is not found", async () => {
  await ledger.create();
  expect(await ledger.run((it) => it.keyUsage("key_0000000000000000000000"))).toEqual({
    reason: "not_found",
  });
});
