// An isolate's permits over a manual clock and scripted grants.

import { beforeEach, describe, expect, test } from "vitest";
import { LeaseClock } from "../../src/leases/lease-clock.ts";
import { Permits } from "../../src/leases/permits.ts";
import type { BucketGrant } from "../../src/leases/protocol.ts";
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
      retryInSeconds: 30,
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

  test("one request is marked as running low, when what is left is used while the ledger is called", () => {
    const low = () => {
      now += 50;
      return (permits.admit("requests") as { runningLow: boolean }).runningLow;
    };
    hold({ granted: 100, ceiling: 600, revision: 2, leftMs: 50_000 });
    for (let count = 0; count < 40; count++) low();
    now += 100;
    // 20 requests a second, 100 ms.
    hold({ granted: 48, ceiling: 600, revision: 3, leftMs: 40_000, askedAt: now - 100 });
    expect([low(), low(), low(), low(), low(), low(), low(), low()]).toEqual([
      false,
      false,
      false,
      false,
      false,
      false,
      true,
      false,
    ]);
  });

  test("no request of a key without a rate is marked as running low", () => {
    expect([take(), permits.admit("requests")]).toMatchObject([59, { runningLow: false }]);
    expect(permits.admit("requests")).toMatchObject({ runningLow: false });
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

  test("used permits of a whole minute stay used when the ledger's clock steps back over its edge", () => {
    hold({ granted: 60, ceiling: 60, leftMs: 100, next: { granted: 1, ceiling: 60, revision: 1 } });
    for (let used = 0; used < 60; used++) take();
    now += 200;
    hold({ endsAt: ENDS_AT + MINUTE_MS, granted: 1, ceiling: 60, leftMs: MINUTE_MS });
    expect(take()).toBe(59);
    now += 1;
    hold({ granted: 60, ceiling: 60, leftMs: 50, next: { granted: 1, ceiling: 60, revision: 1 } });
    expect(take()).toBe("exhausted");
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
  const about = { bucket: "requests", endsAt: ENDS_AT, revision: 1, granted: 10, atEdge: false, ahead: 0 };

  test("names no bucket before a request needs one", () => {
    expect(permits.report()).toEqual([]);
    permits.startWaiting("publish");
    expect(permits.report().map(({ bucket }) => bucket)).toEqual(["publish"]);
  });

  test("names no window before the first grant", () => {
    permits.startWaiting("requests");
    permits.startWaiting("requests");
    permits.startWaiting("publish");
    const none = { endsAt: 0, revision: 0, granted: 0, unused: 0, atEdge: false, ahead: 0 };
    expect(permits.report()).toEqual([
      { bucket: "requests", ...none, waiting: 2 },
      { bucket: "publish", ...none, waiting: 1 },
    ]);
  });

  test("states what is used, and what waits in each bucket", () => {
    const stopWaiting = permits.startWaiting("requests");
    hold({ granted: 10, ceiling: 60, leftMs: 29_000 });
    permits.startWaiting("publish");
    for (let used = 0; used < 9; used++) permits.admit("requests", true);
    expect(permits.report()).toMatchObject([{ ...about, unused: 1, waiting: 1 }, { waiting: 1 }]);
    stopWaiting();
    expect(permits.report()[0]).toMatchObject({ ...about, granted: 9, unused: 0, waiting: 0 });
  });

  test("wants nothing ahead for one request, whenever the last one was", () => {
    hold({ granted: 10, ceiling: 60 });
    for (const pauseMs of [0, 1500, 30_000]) {
      now += pauseMs;
      hold({ granted: 10, ceiling: 60, revision: now, leftMs: 29_000 });
      take();
      expect(permits.report()).toMatchObject([{ ahead: 0, unused: 0 }]);
    }
  });

  test("wants ahead what a steady rate uses until the next call, and returns the rest", () => {
    hold({ granted: 500, ceiling: 1000, leftMs: 50_000 });
    for (let used = 0; used < 40; used++) {
      now += 50;
      take();
    }
    // Ten in half a lease, and their square root.
    expect(permits.report()).toMatchObject([{ ahead: 14, granted: 54, unused: 14 }]);
    now += 3000;
    expect(permits.report()).toMatchObject([{ ahead: 0, granted: 40, unused: 0 }]);
  });

  test("expects no longer use than there has been, at first", () => {
    hold({ granted: 500, ceiling: 1000, leftMs: 50_000 });
    take();
    now += 200;
    take();
    // Two in the next 200 ms, and their square root.
    expect(permits.report()).toMatchObject([{ ahead: 4 }]);
  });

  test("wants nothing ahead for many requests at once", () => {
    hold({ granted: 500, ceiling: 1000, leftMs: 50_000 });
    for (let used = 0; used < 40; used++) take();
    expect(permits.report()).toMatchObject([{ ahead: 0 }]);
  });

  test("keeps up to twice of what is wanted while the ledger has more, and no more than that without", () => {
    permits.startWaiting("requests");
    permits.startWaiting("requests");
    hold({ granted: 4, ceiling: 60 });
    expect(permits.report()).toMatchObject([{ granted: 4 }]);
    hold({ granted: 4, ceiling: 4, revision: 2 });
    expect(permits.report()).toMatchObject([{ granted: 2 }]);
  });

  test("says from when waiting requests count in the next window too", () => {
    hold({ granted: 1, ceiling: 60, leftMs: 1000 });
    expect(permits.report()).toMatchObject([{ atEdge: false }]);
    now += 979;
    expect(permits.report()).toMatchObject([{ atEdge: true }]);
  });
});

describe("permits that other holders have not used", () => {
  beforeEach(() => hold({ granted: 1, ceiling: 1, elsewhere: 3 }));

  test("count as remaining, and a request that finds none here is told when they are back", () => {
    expect(take()).toBe(3);
    expect(permits.admit("requests")).toMatchObject({
      outcome: "returning",
      permits: 3,
      allowance: { remaining: 3, retryInSeconds: 2, resetsInSeconds: 30 },
    });
    expect(permits.isExhausted).toBe(false);
  });

  test("are awaited no longer than the window lasts", () => {
    hold({ granted: 1, ceiling: 1, elsewhere: 3, leftMs: 500, revision: 2 });
    take();
    expect(permits.admit("requests")).toMatchObject({ allowance: { retryInSeconds: 1 } });
  });
});

test("a permit that a request waits for is not for another request", () => {
  const stopWaiting = permits.startWaiting("requests");
  hold({ granted: 1, ceiling: 60 });
  expect(take()).toBe("none_left");
  expect(permits.admit("requests", true)).toMatchObject({ outcome: "admitted" });
  stopWaiting();
});

describe("handing back", () => {
  test("waits until there has been no request for a lease, and a second at most", () => {
    expect(permits.msUntilReturn()).toBeNull();
    hold({ granted: 3, ceiling: 60, leaseMs: 400 });
    take();
    expect(permits.msUntilReturn()).toBe(400);
    now += 300;
    take();
    expect(permits.msUntilReturn()).toBe(400);
    hold({ granted: 3, ceiling: 60, leaseMs: 60_000 });
    expect(permits.msUntilReturn()).toBe(1000);
    now += 2000;
    expect(permits.msUntilReturn()).toBeLessThanOrEqual(0);
    expect(permits.report(true)).toMatchObject([{ granted: 2, unused: 0, ahead: 0 }]);
  });

  test("is not needed when all is used, as the ledger knows", () => {
    hold({ granted: 1, ceiling: 60 });
    take();
    expect(permits.msUntilReturn()).toBe(1000);
    permits.report();
    hold({ granted: 1, ceiling: 60 });
    expect(permits.msUntilReturn()).toBeNull();
  });

  test("waits for an answer that may bring permits, for two seconds", () => {
    hold({ granted: 1, ceiling: 60 });
    take();
    now += 1500;
    permits.report();
    expect(permits.msUntilReturn()).toBe(2000);
    now += 2000;
    expect(permits.msUntilReturn()).toBeNull();
  });

  test("ends with the window, and without a limit", () => {
    hold({ granted: 3, ceiling: 60, leftMs: 500 });
    expect(permits.msUntilReturn()).not.toBeNull();
    now += 600;
    expect(permits.msUntilReturn()).toBeNull();
    hold({ granted: 3, ceiling: 60 });
    permits.applyGrant(null, now, clock.epoch);
    expect(permits.msUntilReturn()).toBeNull();
  });
});

type GrantParts = Partial<BucketGrant["current"]>;

function hold({
  askedAt = now,
  leftMs = 30_000 - 1,
  next = null,
  leaseMs = 1000,
  ...current
}: GrantParts & { askedAt?: number; leftMs?: number; leaseMs?: number; next?: GrantParts | null }): void {
  const grant = {
    endsAt: ENDS_AT,
    revision: 1,
    granted: 0,
    ceiling: 0,
    limit: 60,
    elsewhere: 0,
  };
  const grants: BucketGrant[] = [
    {
      bucket: "requests",
      windowMs: MINUTE_MS,
      leftMs,
      current: { ...grant, ...current },
      next: next && { ...grant, endsAt: ENDS_AT + MINUTE_MS, ...next },
    },
  ];
  // As the request did that made the call.
  permits.startWaiting("requests")();
  permits.applyGrant(grants, askedAt, clock.epoch, leaseMs);
}

/** The advertised remainder after a request, or the outcome if it was not admitted. */
function take(): number | string {
  const taken = permits.admit("requests");
  return taken.outcome === "admitted" && taken.allowance ? taken.allowance.remaining : taken.outcome;
}
