// An isolate's permits over a manual clock and scripted grants.

import { beforeEach, describe, expect, test } from "vitest";
import { LeaseClock } from "../../src/leases/lease-clock.ts";
import { Permits } from "../../src/leases/permits.ts";
import { type BucketGrant, permitsWanted } from "../../src/leases/protocol.ts";
import type { Allowance } from "../../src/rate-limits.ts";

const MINUTE_MS = 60_000;
/** The end of a window on the ledger's clock, which is never compared with the isolate's. */
const ENDS_AT = 1_793_534_460_000;

let now: number;
let clock: LeaseClock;
let permits: Permits;

beforeEach(() => {
  now = 1000;
  clock = new LeaseClock(() => now);
  permits = new Permits("holder", clock);
});

test("nothing is admitted before the first grant", () => {
  expect(take()).toEqual("none_left");
});

test("a key without limits is always admitted, without an allowance", () => {
  permits.applyGrant(null, now, clock.epoch);
  expect(permits.admit("requests")).toMatchObject({ outcome: "admitted", allowance: null });
  expect(permits.admit("publish")).toMatchObject({ outcome: "admitted", allowance: null });
});

describe("within a window", () => {
  beforeEach(() => hold({ granted: 3, ceiling: 60 }));

  test("as many requests are admitted as were granted", () => {
    expect([take(), take(), take(), take()]).toEqual([59, 58, 57, "none_left"]);
  });

  test("the allowance states the permits that no other holder can use, and the window's end", () => {
    const { allowance } = permits.admit("requests") as { allowance: Allowance };
    expect(allowance).toEqual({
      bucket: "requests",
      limit: 60,
      remaining: 59,
      windowMs: MINUTE_MS,
      resetsAt: ENDS_AT / 1000,
      resetsInSeconds: 30,
    });
  });

  test("the advertised wait is never longer than the window", () => {
    const askedAt = now;
    now += 400;
    hold({ granted: 0, ceiling: 0, revision: 2, askedAt, leftMs: MINUTE_MS });
    expect(permits.admit("requests")).toMatchObject({
      outcome: "exhausted",
      allowance: { resetsInSeconds: 60 },
    });
    now += 55_000;
    expect(permits.admit("requests")).toMatchObject({ allowance: { resetsInSeconds: 5 } });
  });

  test("the advertised remainder never grows, though other holders have returned permits", () => {
    take();
    hold({ granted: 3, ceiling: 20, revision: 2 });
    expect(take()).toBe(18);
    hold({ granted: 3, ceiling: 60, revision: 3 });
    expect(take()).toBe(18);
  });

  test("a refunded permit can be used again", () => {
    take();
    take();
    const third = permits.admit("requests");
    expect(take()).toBe("none_left");
    if (third.outcome === "admitted") third.refund();
    expect(take()).toBe(57);
    expect(take()).toBe("none_left");
  });

  test("a key without permits left anywhere is exhausted", () => {
    hold({ granted: 3, ceiling: 3, revision: 2 });
    expect([take(), take(), take(), take(), take()]).toEqual([2, 1, 0, "exhausted", "exhausted"]);
    expect(permits.isExhausted).toBe(true);
    hold({ granted: 4, ceiling: 4, revision: 3 });
    expect([take(), permits.isExhausted, take(), permits.isExhausted]).toEqual([0, false, "exhausted", true]);
  });

  test("one request is marked as running low, ahead of need", () => {
    hold({ granted: 8, ceiling: 60, revision: 2 });
    const low = () => (permits.admit("requests") as { runningLow: boolean }).runningLow;
    expect([low(), low(), low(), low(), low(), low(), low(), low()]).toEqual([
      false,
      false,
      false,
      true,
      false,
      false,
      false,
      false,
    ]);
  });

  test("no request is marked as running low when the ledger has no more permits", () => {
    hold({ granted: 2, ceiling: 2, revision: 2 });
    expect(permits.admit("requests")).toMatchObject({ runningLow: false });
    expect(permits.admit("requests")).toMatchObject({ runningLow: false });
  });

  test("a clock that steps back makes the window unknown, and used permits stay used", () => {
    take();
    now -= 10_000;
    clock.checkForStep();
    expect(take()).toBe("none_left");
    hold({ granted: 3, ceiling: 60 });
    expect([take(), take(), take()]).toEqual([58, 57, "none_left"]);
  });
});

test("a lowered limit keeps the permits that were used, also during the call", () => {
  hold({ granted: 10, ceiling: 10 });
  permits.report();
  hold({ granted: 4, ceiling: 4, revision: 2 });
  take();
  take();
  take();
  hold({ granted: 1, ceiling: 1, revision: 2 });
  expect(take()).toBe("exhausted");
  expect(permits.report()).toMatchObject([{ granted: 3, unused: 0 }]);
});

describe("overtaken answers", () => {
  test("an overtaken answer changes nothing", () => {
    hold({ granted: 5, ceiling: 5, revision: 2 });
    hold({ granted: 20, ceiling: 60, revision: 1 });
    expect([take(), take(), take(), take(), take(), take()]).toEqual([4, 3, 2, 1, 0, "exhausted"]);
  });

  test("an answer of the same revision does not restore returned permits", () => {
    hold({ granted: 30, ceiling: 30, revision: 1 });
    expect(permits.report()).toMatchObject([{ granted: 0, unused: 0 }]);
    hold({ granted: 30, ceiling: 30, revision: 1 });
    expect(take()).toBe("none_left");
  });

  test("an answer on a window that has ended here applies to the next window only", () => {
    const askedAt = now;
    now += 10;
    hold({ granted: 5, ceiling: 60, next: { granted: 2, ceiling: 60, revision: 1 } });
    now += MINUTE_MS;
    expect([take(), take(), take()]).toEqual([59, 58, "none_left"]);
    hold({ askedAt, granted: 50, ceiling: 60, revision: 9, next: { granted: 3, ceiling: 60, revision: 2 } });
    expect([take(), take()]).toEqual([57, "none_left"]);
  });

  test("an answer from before a limit was set does not remove it", () => {
    const askedAt = now;
    now += 10;
    hold({ granted: 1, ceiling: 1 });
    permits.applyGrant(null, askedAt, clock.epoch);
    expect([take(), take()]).toEqual([0, "exhausted"]);
  });

  test("a ledger whose clock is behind is followed, and used permits stay used", () => {
    hold({ granted: 5, ceiling: 5, next: { granted: 1, ceiling: 60, revision: 1 } });
    expect([take(), take(), take()]).toEqual([4, 3, 2]);
    now += MINUTE_MS;
    expect([take(), take()]).toEqual([59, "none_left"]);
    // The ledger has restarted elsewhere; on its clock the previous window has not ended.
    now += 1;
    hold({ granted: 5, ceiling: 5, leftMs: 2000, next: { granted: 1, ceiling: 60, revision: 1 } });
    expect([take(), take(), take()]).toEqual([1, 0, "exhausted"]);
    now += 2500;
    expect(take()).toBe("none_left");
  });
});

describe("at the window's edge", () => {
  const LEFT_MS = 1000;
  const UNSURE_MS = 21;

  /** The answer arrived 100 ms after the call: the window's end is known within about 100 ms. */
  function holdAcross(next: Partial<BucketGrant["current"]> | null): void {
    const askedAt = now;
    now += 100;
    hold({ granted: 5, ceiling: 5, leftMs: LEFT_MS, askedAt, next });
  }

  test.each([
    [100, "the old window alone", [4, 3]],
    [LEFT_MS - UNSURE_MS - 1, "the old window alone", [4, 3]],
    [LEFT_MS - UNSURE_MS, "both", [4, "exhausted"]],
    [LEFT_MS + 100 + UNSURE_MS - 1, "both", [4, "exhausted"]],
    [LEFT_MS + 100 + UNSURE_MS, "the new window alone", [0, "exhausted"]],
  ])("%i ms after the question, a request counts in %s", (ms, _which, told) => {
    const startedAt = now;
    holdAcross({ granted: 1, ceiling: 1 });
    now = startedAt + ms;
    expect([take(), take()]).toEqual(told);
  });

  test("a request that counted in both windows is used in the new one", () => {
    const startedAt = now;
    holdAcross({ granted: 3, ceiling: 60 });
    now = startedAt + LEFT_MS;
    expect([take(), take()]).toEqual([4, 3]);
    now = startedAt + LEFT_MS + 200;
    expect([take(), take()]).toEqual([57, "none_left"]);
  });

  test("a refund applies to both windows", () => {
    const startedAt = now;
    holdAcross({ granted: 1, ceiling: 1 });
    now = startedAt + LEFT_MS;
    const taken = permits.admit("requests");
    if (taken.outcome === "admitted") taken.refund();
    expect(take()).toBe(4);
  });

  test("without permits for the new window no request is admitted", () => {
    const startedAt = now;
    holdAcross(null);
    now = startedAt + LEFT_MS - UNSURE_MS;
    expect(take()).toBe("none_left");
    now = startedAt + LEFT_MS + 500;
    expect(take()).toBe("none_left");
  });
});

describe("a report", () => {
  test("names no window before the first grant", () => {
    permits.startWaiting();
    permits.startWaiting();
    expect(permits.report()).toEqual([
      { bucket: "requests", endsAt: 0, revision: 0, granted: 0, unused: 0, spent: 0, waiting: 2 },
    ]);
  });

  test("requests permits of the publish bucket once a request needs one", () => {
    permits.admit("publish");
    expect(permits.report().map(({ bucket }) => bucket)).toEqual(["requests", "publish"]);
  });

  test("states the permits used since the last one", () => {
    hold({ granted: 10, ceiling: 60 });
    take();
    take();
    const about = { bucket: "requests", endsAt: ENDS_AT, revision: 1, granted: 10, waiting: 0 };
    expect(permits.report()).toEqual([{ ...about, unused: 8, spent: 2 }]);
    take();
    expect(permits.report()).toEqual([{ ...about, unused: 7, spent: 1 }]);
  });

  test("returns unneeded permits when the ledger has none left", () => {
    hold({ granted: 30, ceiling: 30 });
    take();
    // Three per permit used, and one for the waiting request.
    permits.startWaiting();
    expect(permits.report()).toMatchObject([{ granted: 5, unused: 4, spent: 1 }]);
    expect([take(), take(), take(), take(), take()]).toEqual([28, 27, 26, 25, "none_left"]);
  });

  test("keeps more permits while the ledger has many left", () => {
    hold({ granted: 30, ceiling: 430 });
    expect(permits.report()).toMatchObject([{ granted: 30 }]);
  });
});

test.each([
  [0, 0, 0, 0],
  [1, 0, 0, 1],
  [1000, 0, 0, 63],
  [0, 5, 0, 15],
  [0, 5, 2, 17],
  [1000, 5, 2, 63],
])("with %i left, %i spent and %i waiting, a holder wants %i", (pool, spent, waiting, wanted) => {
  expect(permitsWanted(pool, spent, waiting)).toBe(wanted);
});

type GrantParts = Partial<BucketGrant["current"]>;

function hold({
  askedAt = now,
  leftMs = 30_000 - 1,
  next = null,
  ...current
}: GrantParts & { askedAt?: number; leftMs?: number; next?: GrantParts | null }): void {
  const grant = { endsAt: ENDS_AT, revision: 1, granted: 0, ceiling: 0 };
  const grants: BucketGrant[] = [
    {
      bucket: "requests",
      limit: 60,
      windowMs: MINUTE_MS,
      leftMs,
      current: { ...grant, ...current },
      next: next && { ...grant, endsAt: ENDS_AT + MINUTE_MS, ...next },
    },
  ];
  permits.applyGrant(grants, askedAt, clock.epoch);
}

/** The advertised remainder after a request, or the outcome if it was not admitted. */
function take(): number | string {
  const taken = permits.admit("requests");
  return taken.outcome === "admitted" && taken.allowance ? taken.allowance.remaining : taken.outcome;
}
