// An isolate's permits over a clock that the test moves by hand, and grants that the test makes up.

import { beforeEach, describe, expect, test } from "vitest";
import { LeaseClock } from "../../src/leases/lease-clock.ts";
import { Permits } from "../../src/leases/permits.ts";
import { type BucketGrant, permitsWanted } from "../../src/leases/protocol.ts";
import type { Allowance } from "../../src/rate-limits.ts";

const MINUTE_MS = 60_000;
/** The end of a window on the ledger's clock; nothing may be compared with it. */
const ENDS_AT = 1_793_534_460_000;

let now: number;
let clock: LeaseClock;
let permits: Permits;

beforeEach(() => {
  now = 1000;
  clock = new LeaseClock(() => now);
  permits = new Permits("holder", clock);
});

test("nothing is admitted before the ledger has spoken", () => {
  expect(take()).toEqual("none_left");
});

test("a key without limits is always admitted, and told of none", () => {
  permits.applyGrant(null, now, clock.epoch);
  expect(permits.admit("requests")).toMatchObject({ outcome: "admitted", allowance: null });
  expect(permits.admit("publish")).toMatchObject({ outcome: "admitted", allowance: null });
});

describe("within a window", () => {
  beforeEach(() => hold({ granted: 3, ceiling: 60 }));

  test("as many are admitted as were granted; for more the ledger is asked", () => {
    expect([take(), take(), take(), take()]).toEqual([59, 58, 57, "none_left"]);
  });

  test("the client is told of what nobody else may use, and when the window ends", () => {
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

  test("the wait that is told is never longer than the window", () => {
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

  test("what is told never grows, though others have given permits back", () => {
    take();
    hold({ granted: 3, ceiling: 20, revision: 2 });
    expect(take()).toBe(18);
    hold({ granted: 3, ceiling: 60, revision: 3 });
    expect(take()).toBe(18);
  });

  test("a permit that is given back can be taken again", () => {
    take();
    take();
    const third = permits.admit("requests");
    expect(take()).toBe("none_left");
    if (third.outcome === "admitted") third.refund();
    expect(take()).toBe(57);
    expect(take()).toBe("none_left");
  });

  test("the last permit of all gone, nothing is asked any more", () => {
    hold({ granted: 3, ceiling: 3, revision: 2 });
    expect([take(), take(), take(), take(), take()]).toEqual([2, 1, 0, "exhausted", "exhausted"]);
    expect(permits.isExhausted).toBe(true);
    hold({ granted: 4, ceiling: 4, revision: 3 });
    expect([take(), permits.isExhausted, take(), permits.isExhausted]).toEqual([0, false, "exhausted", true]);
  });

  test("one request is told, ahead of need, that permits run low", () => {
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

  test("permits that run low where no more can be had are no news", () => {
    hold({ granted: 2, ceiling: 2, revision: 2 });
    expect(permits.admit("requests")).toMatchObject({ runningLow: false });
    expect(permits.admit("requests")).toMatchObject({ runningLow: false });
  });

  test("a clock that jumps back makes the window unknown, and what was used stays used", () => {
    take();
    now -= 10_000;
    expect(take()).toBe("none_left");
    hold({ granted: 3, ceiling: 60 });
    expect([take(), take(), take()]).toEqual([58, 57, "none_left"]);
  });
});

test("a lowered limit ends with what was used, also what was used while the ledger was asked", () => {
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

describe("answers in the wrong order", () => {
  test("one that was overtaken changes nothing", () => {
    hold({ granted: 5, ceiling: 5, revision: 2 });
    hold({ granted: 20, ceiling: 60, revision: 1 });
    expect([take(), take(), take(), take(), take(), take()]).toEqual([4, 3, 2, 1, 0, "exhausted"]);
  });

  test("one that tells nothing new does not bring back what was given up", () => {
    hold({ granted: 30, ceiling: 30, revision: 1 });
    expect(permits.report()).toMatchObject([{ granted: 0, unused: 0 }]);
    hold({ granted: 30, ceiling: 30, revision: 1 });
    expect(take()).toBe("none_left");
  });

  test("one about a window that is over here is passed by, but for its word on the next", () => {
    const askedAt = now;
    now += 10;
    hold({ granted: 5, ceiling: 60, next: { granted: 2, ceiling: 60, revision: 1 } });
    now += MINUTE_MS;
    expect([take(), take(), take()]).toEqual([59, 58, "none_left"]);
    hold({ askedAt, granted: 50, ceiling: 60, revision: 9, next: { granted: 3, ceiling: 60, revision: 2 } });
    expect([take(), take()]).toEqual([57, "none_left"]);
  });

  test("one from before a limit was set does not take it away again", () => {
    const askedAt = now;
    now += 10;
    hold({ granted: 1, ceiling: 1 });
    permits.applyGrant(null, askedAt, clock.epoch);
    expect([take(), take()]).toEqual([0, "exhausted"]);
  });

  test("a ledger whose clock is behind is believed, and what was used stays used", () => {
    hold({ granted: 5, ceiling: 5, next: { granted: 1, ceiling: 60, revision: 1 } });
    expect([take(), take(), take()]).toEqual([4, 3, 2]);
    now += MINUTE_MS;
    expect([take(), take()]).toEqual([59, "none_left"]);
    // It has restarted elsewhere, and says that the window before is not over yet.
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

  /** The answer came 100 ms after it was asked for: the window ends at some moment within 100 ms, and a little. */
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

  test("what was counted in both is used up in the new one", () => {
    const startedAt = now;
    holdAcross({ granted: 3, ceiling: 60 });
    now = startedAt + LEFT_MS;
    expect([take(), take()]).toEqual([4, 3]);
    now = startedAt + LEFT_MS + 200;
    expect([take(), take()]).toEqual([57, "none_left"]);
  });

  test("a permit given back is given back to both", () => {
    const startedAt = now;
    holdAcross({ granted: 1, ceiling: 1 });
    now = startedAt + LEFT_MS;
    const taken = permits.admit("requests");
    if (taken.outcome === "admitted") taken.refund();
    expect(take()).toBe(4);
  });

  test("without permits for the new window the ledger is asked", () => {
    const startedAt = now;
    holdAcross(null);
    now = startedAt + LEFT_MS - UNSURE_MS;
    expect(take()).toBe("none_left");
    now = startedAt + LEFT_MS + 500;
    expect(take()).toBe("none_left");
  });
});

describe("a report", () => {
  test("speaks of no window before the ledger has", () => {
    permits.waiting = 2;
    expect(permits.report()).toEqual([
      { bucket: "requests", endsAt: 0, revision: 0, granted: 0, unused: 0, spent: 0, waiting: 2 },
    ]);
  });

  test("asks for permits to publish once somebody wants to", () => {
    permits.admit("publish");
    expect(permits.report().map(({ bucket }) => bucket)).toEqual(["requests", "publish"]);
  });

  test("says what was spent since the last one", () => {
    hold({ granted: 10, ceiling: 60 });
    take();
    take();
    const about = { bucket: "requests", endsAt: ENDS_AT, revision: 1, granted: 10, waiting: 0 };
    expect(permits.report()).toEqual([{ ...about, unused: 8, spent: 2 }]);
    take();
    expect(permits.report()).toEqual([{ ...about, unused: 7, spent: 1 }]);
  });

  test("gives up, from that moment on, what is not needed when nothing is left for others", () => {
    hold({ granted: 30, ceiling: 30 });
    take();
    // Three for each that was spent, and one for the request that waits.
    permits.waiting = 1;
    expect(permits.report()).toMatchObject([{ granted: 5, unused: 4, spent: 1 }]);
    expect([take(), take(), take(), take(), take()]).toEqual([28, 27, 26, 25, "none_left"]);
  });

  test("keeps more while there is plenty", () => {
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

/** What remains after a request that was admitted, or why it was not. */
function take(): number | string {
  const taken = permits.admit("requests");
  return taken.outcome === "admitted" && taken.allowance ? taken.allowance.remaining : taken.outcome;
}
