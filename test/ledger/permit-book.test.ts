// The ledger's permits, with the clock of the test and a table in memory.

import { beforeEach, describe, expect, test } from "vitest";
import type { PermitReport } from "../../src/leases/protocol.ts";
import { PermitBook } from "../../src/ledger/permit-book.ts";
import type { Bucket, Limits } from "../../src/rate-limits.ts";
import { WINDOWS_MS } from "../../src/rate-limits.ts";
import { MemoryPermitStore } from "./memory-permit-store.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
/** The beginning of an hour. */
const START = 500_000 * HOUR_MS;
const ENDS_AT = START + MINUTE_MS;
const AHEAD_MS = 2000;
const PRO: Limits = { requests: 1000, publish: 300 };

let store: MemoryPermitStore;
let book: PermitBook;

beforeEach(() => {
  store = new MemoryPermitStore();
  book = new PermitBook(store, WINDOWS_MS);
});

describe("a new holder", () => {
  test("gets a sixteenth of the limit, with the rest as its ceiling", () => {
    expect(ask("a", START + 500)).toEqual({
      bucket: "requests",
      limit: 1000,
      windowMs: MINUTE_MS,
      leftMs: 59_500,
      current: { endsAt: ENDS_AT, revision: 1, granted: 63, ceiling: 1000 },
      next: null,
    });
  });

  test("gets one permit per waiting request", () => {
    expect(granted("a", { waiting: 200 })).toMatchObject({ granted: 200 });
  });

  test("gets at most half of the rest", () => {
    expect(granted("a", { waiting: 5000 })).toMatchObject({ granted: 500, ceiling: 1000 });
    expect(granted("b", { waiting: 5000 })).toMatchObject({ granted: 250, ceiling: 500 });
  });

  test("gets the last permit", () => {
    expect(granted("a", { waiting: 1 }, { requests: 1, publish: 1 })).toMatchObject({
      granted: 1,
      ceiling: 1,
    });
    expect(granted("b", { waiting: 1 }, { requests: 1, publish: 1 })).toMatchObject({
      granted: 0,
      ceiling: 0,
    });
  });
});

describe("a known holder", () => {
  test("gets nothing and costs no write with half of its permits left", () => {
    ask("a", START);
    const { writes } = store;
    expect(granted("a", { endsAt: ENDS_AT, revision: 1, granted: 63, unused: 40, spent: 3 })).toMatchObject({
      revision: 1,
      granted: 63,
    });
    expect(store.writes).toBe(writes);
  });

  test("gets three times the permits it has spent since its last report", () => {
    ask("a", START);
    expect(granted("a", { endsAt: ENDS_AT, revision: 1, granted: 63, unused: 3, spent: 60 })).toMatchObject({
      revision: 2,
      granted: 63 + 177,
      ceiling: 1000,
    });
  });

  test("returns unused permits, which others then get", () => {
    granted("a", { waiting: 500 });
    expect(granted("b", { waiting: 500 })).toMatchObject({ granted: 250, ceiling: 500 });
    granted("a", { endsAt: ENDS_AT, revision: 1, granted: 10, unused: 0, spent: 0 });
    expect(granted("c", {})).toMatchObject({ ceiling: 1000 - 250 - 10 - 47 });
  });

  test("returns nothing while it may not have received its last grant", () => {
    granted("a", { waiting: 500 });
    expect(granted("a", { endsAt: ENDS_AT, revision: 0, granted: 0, unused: 0, spent: 0 })).toMatchObject({
      granted: 500,
    });
    expect(granted("b", {})).toMatchObject({ ceiling: 500 });
  });

  test("returns permits once", () => {
    granted("a", { waiting: 500 });
    const returned = { endsAt: ENDS_AT, revision: 1, granted: 0, unused: 0, waiting: 100 };
    expect(granted("a", returned)).toMatchObject({ revision: 2, granted: 100 });
    expect(granted("a", returned)).toMatchObject({ revision: 2, granted: 100 });
  });

  test("cannot claim more permits than are on record", () => {
    granted("a", { waiting: 10 });
    expect(granted("a", { endsAt: ENDS_AT, revision: 1, granted: 900, unused: 900 })).toMatchObject({
      revision: 1,
      granted: 63,
    });
  });
});

describe("windows", () => {
  test.each([
    ["at its first moment", START, 60_000, ENDS_AT],
    ["at its last moment", ENDS_AT - 1, 1, ENDS_AT],
    ["at its end: the next one", ENDS_AT, 60_000, ENDS_AT + MINUTE_MS],
  ])("%s", (_when, now, leftMs, endsAt) => {
    expect(ask("a", now)).toMatchObject({ leftMs, current: { endsAt } });
  });

  test("permits for the next window are granted near its start, and count towards its limit", () => {
    expect(ask("a", ENDS_AT - AHEAD_MS - 1).next).toBeNull();
    expect(ask("a", ENDS_AT - AHEAD_MS).next).toEqual({
      endsAt: ENDS_AT + MINUTE_MS,
      revision: 1,
      granted: 63,
      ceiling: 1000,
    });
    expect(ask("b", ENDS_AT + 5).current).toMatchObject({ ceiling: 1000 - 63 });
  });

  test("publishing has a window of its own, of an hour", () => {
    const [requests, publish] = book.grant(
      "key",
      PRO,
      "a",
      [report({}), report({ bucket: "publish" })],
      START,
      AHEAD_MS,
    );
    expect(requests).toMatchObject({
      bucket: "requests",
      limit: 1000,
      leftMs: MINUTE_MS,
      current: { granted: 63 },
    });
    expect(publish).toMatchObject({
      bucket: "publish",
      limit: 300,
      leftMs: HOUR_MS,
      current: { granted: 19 },
    });
  });

  test("are separate for each key", () => {
    granted("a", { waiting: 5000 });
    expect(book.grant("other", PRO, "a", [report({})], START, AHEAD_MS)[0]?.current).toMatchObject({
      ceiling: 1000,
    });
  });

  test("survive a restart of the ledger", () => {
    granted("a", { waiting: 500 });
    book = new PermitBook(store, WINDOWS_MS);
    expect(granted("b", {})).toMatchObject({ ceiling: 500 });
  });

  test("are kept for a minute after their end, for a clock that is set back, and then deleted", () => {
    granted("a", { waiting: 500 });
    ask("a", ENDS_AT + MINUTE_MS);
    expect(ask("b", START).current).toMatchObject({ ceiling: 500 });
    ask("a", ENDS_AT + 3 * MINUTE_MS);
    expect([...store.rows.values()].map(({ window }) => window.endsAt)).not.toContain(ENDS_AT);
  });
});

describe("a limit that is lowered within a window", () => {
  const LOWER: Limits = { requests: 60, publish: 10 };

  test("stops a holder at the permits it has used, and then holds again", () => {
    granted("a", { waiting: 100 });
    const used = { endsAt: ENDS_AT, revision: 1, granted: 100, unused: 70 };
    expect(granted("a", used, LOWER)).toEqual({ endsAt: ENDS_AT, revision: 1, granted: 60, ceiling: 60 });
    expect(granted("a", { ...used, granted: 60, unused: 30 }, LOWER)).toMatchObject({
      granted: 60,
      ceiling: 60,
    });
  });

  test("stops a holder at once that has used more than the new limit", () => {
    granted("a", { waiting: 100 });
    expect(granted("a", { endsAt: ENDS_AT, revision: 1, granted: 100, unused: 10 }, LOWER)).toMatchObject({
      granted: 90,
      ceiling: 90,
    });
  });

  test("grants others nothing until then", () => {
    granted("a", { waiting: 100 });
    expect(granted("b", { waiting: 1 }, LOWER)).toMatchObject({ granted: 0, ceiling: 0 });
  });

  test("takes effect at once when it is raised again", () => {
    granted("a", { waiting: 60 }, LOWER);
    granted("b", { waiting: 60 }, LOWER);
    expect(granted("b", { waiting: 60 }, PRO)).toMatchObject({ ceiling: 1000 - 30 });
  });
});

test("permits whose write fails are not granted, and are granted by the next call", () => {
  store.failing = 1;
  expect(() => ask("a", START, { waiting: 400 })).toThrow("the disk is full");
  expect(granted("b", { waiting: 400 })).toMatchObject({ granted: 400, ceiling: 1000 });
  expect(granted("a", { waiting: 400 })).toMatchObject({ revision: 1, granted: 300 });
});

function report(parts: Partial<PermitReport>): PermitReport {
  const bucket: Bucket = "requests";
  return { bucket, endsAt: 0, revision: 0, granted: 0, unused: 0, spent: 0, waiting: 0, ...parts };
}

function ask(holder: string, now: number, parts: Partial<PermitReport> = {}, limits = PRO) {
  const [grant] = book.grant("key", limits, holder, [report(parts)], now, AHEAD_MS);
  if (!grant) throw new Error("no grant");
  return grant;
}

function granted(holder: string, parts: Partial<PermitReport>, limits = PRO) {
  return ask(holder, START, parts, limits).current;
}
