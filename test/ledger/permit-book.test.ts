// The ledger's permits, with the clock of the test and a table in memory.

import { beforeEach, describe, expect, test } from "vitest";
import type { PermitReport } from "../../src/leases/protocol.ts";
import { PermitBook } from "../../src/ledger/permit-book.ts";
import type { Limits } from "../../src/rate-limits.ts";
import { WINDOWS_MS } from "../../src/rate-limits.ts";
import { MemoryPermitStore } from "./memory-permit-store.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
/** The beginning of an hour. */
const START = 500_000 * HOUR_MS;
const ENDS_AT = START + MINUTE_MS;
const LEASE_MS = 1000;
const FREE: Limits = { requests: 60, publish: 10 };
const PRO: Limits = { requests: 1000, publish: 300 };
/** The first of a holder. */
const REVISION = 2 ** 20;
const NONE_ELSEWHERE = { limit: 1000, elsewhere: 0 };

let store: MemoryPermitStore;
let book: PermitBook;

beforeEach(() => {
  store = new MemoryPermitStore();
  book = new PermitBook(store, WINDOWS_MS);
});

describe("a new holder", () => {
  test("gets a permit for each waiting request, with the rest as its ceiling", () => {
    expect(ask("a", START + 500, { waiting: 2 })).toEqual({
      bucket: "requests",
      windowMs: MINUTE_MS,
      leftMs: 59_500,
      current: { ...NONE_ELSEWHERE, endsAt: ENDS_AT, revision: REVISION, granted: 2, ceiling: 1000 },
      next: null,
    });
    expect(granted("b", { waiting: 200 })).toMatchObject({ granted: 200, ceiling: 998 });
  });

  test("gets nothing ahead without a rate, and with one at most a quarter of what is left", () => {
    expect(granted("a", {})).toMatchObject({ granted: 0, ceiling: 1000 });
    expect(granted("b", { ahead: 7 })).toMatchObject({ granted: 7 });
    expect(granted("c", { waiting: 1, ahead: 5000 })).toMatchObject({ granted: 1 + 248, ceiling: 993 });
  });

  test("gets the last permit", () => {
    const limits = { requests: 1, publish: 1 };
    expect(granted("a", { waiting: 1 }, limits)).toMatchObject({ granted: 1, ceiling: 1 });
    expect(granted("b", { waiting: 1 }, limits)).toMatchObject({ granted: 0, ceiling: 0 });
  });
});

describe("a known holder", () => {
  test("gets what its unused permits do not cover", () => {
    granted("a", { waiting: 1, ahead: 9 });
    const report = { endsAt: ENDS_AT, revision: REVISION, granted: 10 };
    expect(granted("a", { ...report, unused: 8, waiting: 2, ahead: 6 })).toMatchObject({
      revision: REVISION,
      granted: 10,
    });
    expect(granted("a", { ...report, unused: 1, waiting: 2, ahead: 6 })).toMatchObject({
      revision: REVISION + 1,
      granted: 17,
    });
  });

  test("returns unused permits, which others then get", () => {
    granted("a", { waiting: 500 });
    expect(granted("b", { waiting: 600 })).toMatchObject({ granted: 500, ceiling: 500 });
    granted("a", { endsAt: ENDS_AT, revision: REVISION, granted: 10, unused: 0 });
    expect(granted("c", { waiting: 600 })).toMatchObject({ granted: 490, ceiling: 490 });
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
    const returned = { endsAt: ENDS_AT, revision: REVISION, granted: 0, unused: 0, waiting: 100 };
    expect(granted("a", returned)).toMatchObject({ revision: REVISION + 1, granted: 100 });
    expect(granted("a", returned)).toMatchObject({ revision: REVISION + 1, granted: 100 });
    expect(granted("b", {})).toMatchObject({ ceiling: 900 });
  });

  test("cannot claim more permits than it was granted", () => {
    granted("a", { waiting: 10 });
    expect(granted("a", { endsAt: ENDS_AT, revision: REVISION, granted: 900, unused: 900 })).toMatchObject({
      granted: 10,
    });
    expect(granted("b", {})).toMatchObject({ ceiling: 990 });
  });
});

describe("writes", () => {
  /** Uses one permit after another. */
  function use(holder: string, count: number): void {
    let last = { endsAt: 0, revision: 0, granted: 0, unused: 0 };
    for (let used = 0; used < count; used++) {
      const { endsAt, revision, granted: permits } = granted(holder, { ...last, waiting: 1 }, FREE);
      expect(permits).toBe(used + 1);
      last = { endsAt, revision, granted: permits, unused: 0 };
    }
  }

  test("cover several grants, though a holder gets one permit at a time", () => {
    use("a", 20);
    expect(store.writes).toBeLessThanOrEqual(5);
  });

  test("reserve nothing that another holder then lacks", () => {
    use("a", 10);
    use("b", 10);
    use("c", 40);
    expect(granted("d", { waiting: 1 }, FREE)).toMatchObject({ granted: 0, ceiling: 0 });
    expect([...store.rows.values()].reduce((sum, { reserved }) => sum + reserved, 0)).toBe(60);
  });

  test("cover no more than was granted in a window of an hour, which the ledger's memory does not outlast", () => {
    ask("a", START, { bucket: "publish", waiting: 2 });
    expect([...store.rows.values()]).toMatchObject([
      { bucket: "publish", keyId: "key", holder: "a", generation: 1, reserved: 2 },
    ]);
  });
});

test("a key that is used on and on needs three rows, also when the ledger restarts or a write fails", () => {
  for (let minute = 0; minute < 20; minute++) {
    const at = START + minute * MINUTE_MS;
    if (minute % 3 === 0) book = new PermitBook(store, WINDOWS_MS);
    if (minute % 5 === 0) {
      store.failing = 1;
      expect(() => ask("a", at, { waiting: 1 })).toThrow("the disk is full");
    }
    ask("a", at, { waiting: 1 });
  }
  expect(store.writes).toBe(20);
  expect([...store.rows.keys()]).toEqual([0, 1, 2]);
});

describe("permits that other holders have not used", () => {
  test("are reported until they are overdue", () => {
    granted("a", { ahead: 20 }, FREE);
    granted("b", { waiting: 45 }, FREE);
    const wait = (now: number) => ask("c", now, { waiting: 1 }, FREE).current;
    expect(wait(START + 100)).toMatchObject({ granted: 0, ceiling: 0, elsewhere: 15 });
    expect(wait(START + 2499)).toMatchObject({ elsewhere: 15 });
    expect(wait(START + 2500)).toMatchObject({ elsewhere: 0 });
  });

  test("are not those that a request waits for", () => {
    granted("a", { waiting: 60 }, FREE);
    expect(granted("b", { waiting: 1 }, FREE)).toMatchObject({ ceiling: 0, elsewhere: 0 });
  });
});

describe("the limit of an account", () => {
  const limits = { key: FREE, account: { requests: 100, publish: 12 } };
  const of = (keyId: string, parts: Partial<PermitReport>) =>
    book.grant(limits, { keyId, holder: "a", reports: [report(parts)], leaseMs: LEASE_MS }, START)?.[0]
      ?.current;

  test("holds for all of its keys together, the key's limit for each", () => {
    expect(of("one", { waiting: 70 })).toMatchObject({ granted: 60, ceiling: 60, limit: 60 });
    expect(of("other", { waiting: 70 })).toMatchObject({ granted: 40, ceiling: 40, limit: 100 });
    expect(of("third", { waiting: 1 })).toMatchObject({ granted: 0, ceiling: 0, limit: 100 });
  });

  test("counts what was granted before it was set, also before a restart", () => {
    granted("a", { waiting: 60 }, FREE);
    book = new PermitBook(store, WINDOWS_MS);
    expect(of("other", { waiting: 70 })).toMatchObject({ granted: 40 });
  });

  test("counts unused permits of other keys as coming back", () => {
    of("one", { ahead: 10 });
    of("other", { waiting: 60 });
    of("third", { waiting: 30 });
    expect(of("fourth", { waiting: 1 })).toMatchObject({ granted: 0, elsewhere: 10, limit: 100 });
  });

  test("reclaims what is reserved for other keys", () => {
    for (let key = 0; key < 100; key++)
      expect(of(`key ${key}`, { waiting: 1 })).toMatchObject({ granted: 1 });
    expect(of("key 100", { waiting: 1 })).toMatchObject({ granted: 0 });
  });

  test("applies to a key that has none of its own", () => {
    const call = { keyId: "key", holder: "a", reports: [report({ waiting: 120 })], leaseMs: LEASE_MS };
    const [grant] = book.grant({ ...limits, key: null }, call, START) ?? [];
    expect(grant?.current).toMatchObject({ granted: 100, ceiling: 100, limit: 100 });
    expect(book.grant({ key: null, account: null }, call, START)).toBeNull();
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
    expect(ask("a", ENDS_AT - 2 * LEASE_MS - 1, { ahead: 9 }).next).toBeNull();
    expect(ask("a", ENDS_AT - 2 * LEASE_MS, { ahead: 9 }).next).toEqual({
      ...NONE_ELSEWHERE,
      endsAt: ENDS_AT + MINUTE_MS,
      revision: REVISION,
      granted: 9,
      ceiling: 1000,
    });
    expect(ask("b", ENDS_AT + 5).current).toMatchObject({ ceiling: 1000 - 9 });
  });

  test("a waiting request gets a permit of the next one too only at the edge of the current one", () => {
    const early = { endsAt: ENDS_AT, waiting: 1 };
    expect(ask("a", ENDS_AT - 500, early).next).toMatchObject({ granted: 0 });
    expect(ask("b", ENDS_AT - 500, { ...early, atEdge: true }).next).toMatchObject({ granted: 1 });
    // The holder has not heard of the current window yet.
    expect(
      ask("c", ENDS_AT - 500, { ...early, endsAt: ENDS_AT - MINUTE_MS, atEdge: true }).next,
    ).toMatchObject({ granted: 0 });
  });

  test.each([50, 5000])("that have ended do not open again when the clock steps back by %i ms", (ms) => {
    granted("a", { waiting: 60 }, FREE);
    expect(ask("a", ENDS_AT, { waiting: 60 }, FREE).current).toMatchObject({ granted: 60 });
    for (const restarted of [book, new PermitBook(store, WINDOWS_MS)]) {
      book = restarted;
      expect(ask("b", ENDS_AT - ms, { waiting: 60 }, FREE)).toMatchObject({
        leftMs: MINUTE_MS,
        current: { endsAt: ENDS_AT + MINUTE_MS, granted: 0, ceiling: 0 },
      });
    }
  });

  test("follow a clock that steps back further, and count what was granted in them", () => {
    granted("a", { waiting: 60 }, FREE);
    ask("a", ENDS_AT + 1000, {}, FREE);
    expect(ask("b", ENDS_AT - 5000, { waiting: 60 }, FREE).current).toMatchObject({
      endsAt: ENDS_AT,
      granted: 0,
    });
  });

  test("publishing has a window of its own, of an hour", () => {
    const reports = [report({ waiting: 2 }), report({ bucket: "publish", waiting: 3 })];
    const call = { keyId: "key", holder: "a", reports, leaseMs: LEASE_MS };
    const [requests, publish] = book.grant({ key: PRO, account: null }, call, START) ?? [];
    expect(requests).toMatchObject({ leftMs: MINUTE_MS, current: { limit: 1000, granted: 2 } });
    expect(publish).toMatchObject({ leftMs: HOUR_MS, current: { limit: 300, granted: 3 } });
  });

  test("are separate for each key", () => {
    granted("a", { waiting: 5000 });
    const call = { keyId: "other", holder: "a", reports: [report({})], leaseMs: LEASE_MS };
    expect(book.grant({ key: PRO, account: null }, call, START)?.[0]?.current).toMatchObject({
      ceiling: 1000,
    });
  });

  test("survive a restart of the ledger", () => {
    granted("a", { waiting: 1000 });
    book = new PermitBook(store, WINDOWS_MS);
    expect(granted("b", {})).toMatchObject({ ceiling: 0 });
  });

  test("after a restart return permits once their holder has had an answer", () => {
    granted("a", { waiting: 1000 });
    book = new PermitBook(store, WINDOWS_MS);
    const returned = { endsAt: ENDS_AT, revision: REVISION, granted: 400, unused: 0 };
    const answer = granted("a", returned);
    expect(answer).toMatchObject({ revision: 2 * REVISION, granted: 1000 });
    expect(granted("a", { ...returned, revision: answer.revision })).toMatchObject({ granted: 400 });
    expect(granted("b", {})).toMatchObject({ ceiling: 600 });
  });

  test("are kept for a minute after their end, for a clock that is set back, and then overwritten", () => {
    granted("a", { waiting: 1000 });
    ask("a", ENDS_AT + MINUTE_MS);
    expect(ask("b", START).current).toMatchObject({ ceiling: 0 });
    ask("a", ENDS_AT + 3 * MINUTE_MS);
    ask("b", ENDS_AT + 3 * MINUTE_MS, { waiting: 1 });
    expect([...store.rows.values()].map(({ endsAt }) => endsAt)).not.toContain(ENDS_AT);
  });
});

describe("a limit that is lowered within a window", () => {
  test("stops a holder at the permits it has used, and then holds again", () => {
    granted("a", { waiting: 100 });
    const used = { endsAt: ENDS_AT, revision: REVISION, granted: 100, unused: 70 };
    expect(granted("a", used, FREE)).toMatchObject({ endsAt: ENDS_AT, granted: 60, ceiling: 60 });
    expect(granted("a", { ...used, granted: 60, unused: 30 }, FREE)).toMatchObject({
      granted: 60,
      ceiling: 60,
    });
  });

  test("stops a holder at once that has used more than the new limit", () => {
    granted("a", { waiting: 100 });
    const used = { endsAt: ENDS_AT, revision: REVISION, granted: 100, unused: 10 };
    expect(granted("a", used, FREE)).toMatchObject({ granted: 90, ceiling: 90 });
  });

  test("grants others nothing until then", () => {
    granted("a", { waiting: 100 });
    expect(granted("b", { waiting: 1 }, FREE)).toMatchObject({ granted: 0, ceiling: 0 });
  });

  test("takes effect at once when it is raised again", () => {
    granted("a", { waiting: 30 }, FREE);
    granted("b", { waiting: 60 }, FREE);
    expect(granted("b", { waiting: 60 }, PRO)).toMatchObject({ ceiling: 1000 - 30 });
  });
});

test("permits whose write fails are not granted, and are granted by the next call", () => {
  store.failing = 1;
  expect(() => ask("a", START, { waiting: 400 })).toThrow("the disk is full");
  expect(granted("b", { waiting: 400 })).toMatchObject({ granted: 400, ceiling: 1000 });
  expect(granted("a", { waiting: 400 })).toMatchObject({ revision: REVISION, granted: 400 });
});

function report(parts: Partial<PermitReport>): PermitReport {
  const none = { endsAt: 0, revision: 0, granted: 0, unused: 0, waiting: 0, atEdge: false, ahead: 0 };
  return { bucket: "requests", ...none, ...parts };
}

function ask(holder: string, now: number, parts: Partial<PermitReport> = {}, limits = PRO) {
  const call = { keyId: "key", holder, reports: [report(parts)], leaseMs: LEASE_MS };
  const [grant] = book.grant({ key: limits, account: null }, call, now) ?? [];
  if (!grant) throw new Error("no grant");
  return grant;
}

function granted(holder: string, parts: Partial<PermitReport>, limits = PRO) {
  return ask(holder, START, parts, limits).current;
}
