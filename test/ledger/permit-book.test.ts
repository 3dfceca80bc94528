// The ledger's permits, with the clock of the test and a table in memory.

import { beforeEach, describe, expect, test } from "vitest";
import type { PermitReport } from "../../src/leases/protocol.ts";
import { PermitBook, type PermitCall } from "../../src/ledger/permit-book.ts";
import type { Bucket, Limits } from "../../src/rate-limits.ts";
import { WINDOWS_MS } from "../../src/rate-limits.ts";
import { MemoryPermitStore } from "./memory-permit-store.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
/** The beginning of an hour. */
const START = 500_000 * HOUR_MS;
const ENDS_AT = START + MINUTE_MS;
const LEASE_MS = 1000;
const NOTHING_ELSE = { elsewhere: 0, backInMs: 0, isScarce: false };
const PRO: Limits = { requests: 1000, publish: 300 };

let store: MemoryPermitStore;
let book: PermitBook;

beforeEach(() => {
  store = new MemoryPermitStore();
  book = new PermitBook(store, WINDOWS_MS);
});

describe("a holder", () => {
  test("gets nothing without a request, with the rest of the limit as its ceiling", () => {
    expect(ask("a", START + 500)).toEqual({
      bucket: "requests",
      limit: 1000,
      windowMs: MINUTE_MS,
      leftMs: 59_500,
      current: { endsAt: ENDS_AT, revision: 0, granted: 0, ceiling: 1000, ...NOTHING_ELSE },
      next: null,
    });
    expect(store.writes).toBe(0);
  });

  test("gets one permit per waiting request, and no more than there are", () => {
    expect(granted("a", { waiting: 200 })).toMatchObject({ granted: 200, ceiling: 1000 });
    expect(granted("b", { waiting: 900 })).toMatchObject({ granted: 800, ceiling: 800 });
    expect(granted("c", { waiting: 1 })).toMatchObject({ granted: 0, ceiling: 0 });
  });

  test("gets what its rate will use until its next call", () => {
    expect(granted("a", { waiting: 1, ...often(100) })).toMatchObject({ granted: 51, isScarce: false });
  });

  test("gets nothing more, and costs no write, while what it has is enough", () => {
    granted("a", { waiting: 1, ...often(100) });
    const { writes } = store;
    const report = { endsAt: ENDS_AT, revision: 1, granted: 51, unused: 50, ...often(100) };
    expect(granted("a", report)).toMatchObject({ revision: 1, granted: 51 });
    expect(store.writes).toBe(writes);
  });

  test("gets ahead only what leaves enough until other holders have returned theirs", () => {
    // Each uses 100 a second and returns after 250 ms: 40 requests until that is back.
    expect(granted("a", { waiting: 920, ...often(100) })).toMatchObject({ granted: 960, isScarce: true });
    expect(granted("b", { waiting: 1, ...often(100) })).toMatchObject({ granted: 1, isScarce: true });
  });

  test("returns unused permits, which others then get", () => {
    granted("a", { waiting: 500 });
    expect(granted("b", { waiting: 600 })).toMatchObject({ granted: 500, ceiling: 500 });
    granted("a", { endsAt: ENDS_AT, revision: 1, granted: 10, unused: 0 });
    expect(granted("c", {})).toMatchObject({ ceiling: 1000 - 500 - 10 });
  });

  test("returns nothing while it may not have received its last grant", () => {
    granted("a", { waiting: 500 });
    expect(granted("a", { endsAt: ENDS_AT, revision: 0, granted: 0, unused: 0 })).toMatchObject({
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
      granted: 10,
    });
  });
});

describe("when the limit is used up", () => {
  const FULL: Limits = { requests: 20, publish: 1 };

  test("a holder is told how many permits others have unused, and when the first are back", () => {
    granted("a", { waiting: 1, ...often(10) }, FULL);
    granted("b", { waiting: 100 }, FULL);
    // A lease, the silence before a return, and its way.
    expect(granted("c", { waiting: 1 }, FULL)).toMatchObject({ granted: 0, elsewhere: 5, backInMs: 1750 });
    expect(at("c", START + 800, { waiting: 1 }, FULL)).toMatchObject({ elsewhere: 5, backInMs: 950 });
    const used = { endsAt: ENDS_AT, revision: 1, granted: 6, unused: 0, idleMs: 0 };
    at("a", START + 900, used, FULL);
    expect(at("c", START + 1000, { waiting: 1 }, FULL)).toMatchObject({ elsewhere: 0, backInMs: 0 });
  });

  test("permits of a holder that is gone count as used", () => {
    granted("a", { waiting: 1, ...often(10) }, FULL);
    granted("b", { waiting: 100 }, FULL);
    expect(at("c", START + 1750, { waiting: 1 }, FULL)).toMatchObject({ granted: 0, elsewhere: 0 });
  });

  test("after a restart, permits on record may come back for as long as a holder may keep them", () => {
    granted("a", { waiting: 100 }, FULL);
    book = new PermitBook(store, WINDOWS_MS);
    expect(granted("b", { waiting: 1 }, FULL)).toMatchObject({ elsewhere: 20, backInMs: 2500 });
    expect(at("b", START + 2500, { waiting: 1 }, FULL)).toMatchObject({ elsewhere: 0 });
  });
});

describe("a limit of all keys of an account", () => {
  const ACCOUNT: Limits = { requests: 100, publish: 5 };

  test("is shared by them, whatever their own limits", () => {
    expect(ofKey("one", "a", { waiting: 70 })).toMatchObject({ granted: 70, ceiling: 100 });
    expect(ofKey("two", "a", { waiting: 70 })).toMatchObject({ granted: 30, ceiling: 30 });
    expect(ofKey("three", "b", { waiting: 1 }, null)).toMatchObject({ granted: 0, ceiling: 0 });
  });

  test("is shown where it is the lower one", () => {
    const [grant] = book.grant({ key: PRO, account: ACCOUNT }, call("key", "a", {}), START) ?? [];
    expect(grant).toMatchObject({ limit: 100 });
    const [own] =
      book.grant({ key: { requests: 7, publish: 1 }, account: ACCOUNT }, call("key", "a", {}), START) ?? [];
    expect(own).toMatchObject({ limit: 7, current: { ceiling: 7 } });
  });

  test("counts permits that were granted before it was set, and survives a restart", () => {
    book.grant({ key: PRO, account: null }, call("one", "a", { waiting: 60 }), START);
    expect(ofKey("two", "a", { waiting: 70 })).toMatchObject({ granted: 40 });
    book = new PermitBook(store, WINDOWS_MS);
    expect(ofKey("three", "a", { waiting: 70 })).toMatchObject({ granted: 0 });
  });

  test("gets back what one key returns, for another", () => {
    ofKey("one", "a", { waiting: 1, ...often(100) });
    ofKey("two", "b", { waiting: 100 });
    expect(ofKey("three", "c", { waiting: 1 })).toMatchObject({ granted: 0, elsewhere: 50 });
    ofKey("one", "a", { endsAt: ENDS_AT, revision: 1, granted: 1, unused: 0, idleMs: 0 });
    expect(ofKey("three", "c", { waiting: 1 })).toMatchObject({ granted: 1, ceiling: 50 });
  });

  function ofKey(keyId: string, holder: string, parts: Partial<PermitReport>, key: Limits | null = PRO) {
    const [grant] = book.grant({ key, account: ACCOUNT }, call(keyId, holder, parts), START) ?? [];
    return grant?.current;
  }
});

describe("windows", () => {
  test.each([
    ["at its first moment", START, 60_000, ENDS_AT],
    ["at its last moment", ENDS_AT - 1, 1, ENDS_AT],
    ["at its end: the next one", ENDS_AT, 60_000, ENDS_AT + MINUTE_MS],
  ])("%s", (_when, now, leftMs, endsAt) => {
    expect(ask("a", now)).toMatchObject({ leftMs, current: { endsAt } });
  });

  test("permits for the next window are granted ahead near its start, and count towards its limit", () => {
    expect(ask("a", ENDS_AT - LEASE_MS - 1, often(100)).next).toBeNull();
    expect(ask("a", ENDS_AT - LEASE_MS, often(100)).next).toMatchObject({
      endsAt: ENDS_AT + MINUTE_MS,
      revision: 1,
      granted: 50,
      ceiling: 1000,
    });
    expect(ask("b", ENDS_AT + 5).current).toMatchObject({ ceiling: 1000 - 50 });
  });

  test("a request that waits gets a permit of the next window only at the edge", () => {
    expect(ask("a", ENDS_AT - 50, { waiting: 1 }).next).toMatchObject({ granted: 0 });
    expect(ask("b", ENDS_AT - 50, { waiting: 1, atEdge: true }).next).toMatchObject({ granted: 1 });
  });

  test.each([
    ["50 ms", 50, 0],
    ["four seconds", 4000, 0],
    ["half an hour", 30 * MINUTE_MS, 300],
  ])("never open again when the clock steps back by %s", (_step, stepMs, laterMs) => {
    expect(at("a", ENDS_AT - 10, { waiting: 1000 })).toMatchObject({ granted: 1000 });
    expect(at("a", ENDS_AT + 10, { waiting: 1000 })).toMatchObject({
      endsAt: ENDS_AT + MINUTE_MS,
      granted: 1000,
    });
    const stepped = at("b", ENDS_AT + 10 - stepMs + laterMs, { waiting: 1 });
    expect(stepped).toMatchObject({ endsAt: ENDS_AT + MINUTE_MS, granted: 0 });
    book = new PermitBook(store, WINDOWS_MS);
    const elsewhere = at("c", ENDS_AT + 10 - stepMs + laterMs, { waiting: 1 });
    expect(elsewhere).toMatchObject({ endsAt: ENDS_AT + MINUTE_MS, granted: 0 });
  });

  test("publishing has a window of its own, of an hour", () => {
    const reports = [report({ waiting: 1 }), report({ bucket: "publish", waiting: 2 })];
    const limits = { key: PRO, account: null };
    const [requests, publish] =
      book.grant(limits, { keyId: "key", holder: "a", reports, leaseMs: LEASE_MS }, START) ?? [];
    expect(requests).toMatchObject({
      bucket: "requests",
      limit: 1000,
      leftMs: MINUTE_MS,
      current: { granted: 1 },
    });
    expect(publish).toMatchObject({
      bucket: "publish",
      limit: 300,
      leftMs: HOUR_MS,
      current: { granted: 2 },
    });
  });

  test("are separate for each key", () => {
    granted("a", { waiting: 5000 });
    const limits = { key: PRO, account: null };
    expect(book.grant(limits, call("other", "a", {}), START)?.[0]?.current).toMatchObject({ ceiling: 1000 });
  });

  test("survive a restart of the ledger", () => {
    granted("a", { waiting: 500 });
    book = new PermitBook(store, WINDOWS_MS);
    expect(granted("b", {})).toMatchObject({ ceiling: 500 });
  });

  test("are kept for a minute after their end, for holders that follow, and then deleted", () => {
    granted("a", { waiting: 500 });
    ask("a", ENDS_AT + MINUTE_MS);
    expect([...store.rows.values()].map(({ window }) => window.endsAt)).toContain(ENDS_AT);
    ask("a", ENDS_AT + 3 * MINUTE_MS);
    expect([...store.rows.values()].map(({ window }) => window.endsAt)).not.toContain(ENDS_AT);
  });
});

describe("a limit that is lowered within a window", () => {
  const LOWER: Limits = { requests: 60, publish: 10 };

  test("stops a holder at the permits it has used, and then holds again", () => {
    granted("a", { waiting: 100 });
    const used = { endsAt: ENDS_AT, revision: 1, granted: 100, unused: 70 };
    expect(granted("a", used, LOWER)).toMatchObject({ revision: 1, granted: 60, ceiling: 60, elsewhere: 0 });
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
    expect(granted("b", { waiting: 60 }, PRO)).toMatchObject({ granted: 60, ceiling: 1000 - 60 });
  });
});

test("permits whose write fails are not granted, and are granted by the next call", () => {
  store.failing = 1;
  expect(() => ask("a", START, { waiting: 400 })).toThrow("the disk is full");
  expect(granted("b", { waiting: 700 })).toMatchObject({ granted: 700, ceiling: 1000 });
  expect(granted("a", { waiting: 400 })).toMatchObject({ revision: 1, granted: 300 });
});

/** A rate that is used ahead for half of a lease, and given up after a quarter of it. */
function often(perSecond: number): Partial<PermitReport> {
  return { perSecond, ahead: perSecond / 2, idleMs: LEASE_MS / 4 };
}

function report(parts: Partial<PermitReport>): PermitReport {
  const bucket: Bucket = "requests";
  const holds = { endsAt: 0, revision: 0, granted: 0, unused: 0 };
  const needs = { waiting: 0, atEdge: false, ahead: 0, perSecond: 0, idleMs: LEASE_MS };
  return { bucket, ...holds, ...needs, ...parts };
}

function call(keyId: string, holder: string, parts: Partial<PermitReport>): PermitCall {
  return { keyId, holder, reports: [report(parts)], leaseMs: LEASE_MS };
}

function ask(holder: string, now: number, parts: Partial<PermitReport> = {}, limits = PRO) {
  const [grant] = book.grant({ key: limits, account: null }, call("key", holder, parts), now) ?? [];
  if (!grant) throw new Error("no grant");
  return grant;
}

function at(holder: string, now: number, parts: Partial<PermitReport>, limits = PRO) {
  return ask(holder, now, parts, limits).current;
}

function granted(holder: string, parts: Partial<PermitReport>, limits = PRO) {
  return at(holder, START, parts, limits);
}
