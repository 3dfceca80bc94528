// An isolate's permits over a manual clock and scripted grants.

import { beforeEach, describe, expect, test } from "vitest";
import { LeaseClock } from "../../src/leases/lease-clock.ts";
import { Permits } from "../../src/leases/permits.ts";
import type { BucketGrant } from "../../src/leases/protocol.ts";
import type { Allowance } from "../../src/rate-limits.ts";

const MINUTE_MS = 60_000;
const LEASE_MS = 1000;
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

  test("one request is marked as running low, when a call takes longer than the permits last", () => {
    hold({ granted: 40, ceiling: 60, revision: 2 });
    useSteadily(40);
    const askedAt = now;
    now += 250;
    hold({ granted: 48, ceiling: 60, revision: 3, askedAt });
    const low = () => (permits.admit("requests") as { runningLow: boolean }).runningLow;
    // Eight permits are left, and a call takes longer than one request.
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

  test("no request is marked as running low while a call is in progress, or when permits are scarce", () => {
    hold({ granted: 41, ceiling: 60, revision: 2 });
    useSteadily(40);
    permits.report();
    const askedAt = now;
    expect(permits.admit("requests")).toMatchObject({ runningLow: false });
    now += 100;
    hold({ granted: 42, ceiling: 60, revision: 3, askedAt, isScarce: true });
    expect(permits.admit("requests")).toMatchObject({ runningLow: false });
  });

  test("no request is marked as running low when the ledger has no more permits", () => {
    hold({ granted: 2, ceiling: 2, revision: 2 });
    expect(permits.admit("requests")).toMatchObject({ runningLow: false });
    expect(permits.admit("requests")).toMatchObject({ runningLow: false });
  });

  test("permits that other isolates hold unused are promised for when they are back", () => {
    hold({ granted: 3, ceiling: 3, revision: 2, elsewhere: 4, backInMs: 1400 });
    expect([take(), take(), take()]).toEqual([6, 5, 4]);
    expect(permits.admit("requests")).toMatchObject({
      outcome: "returning",
      allowance: { remaining: 4, resetsInSeconds: 30, retryInSeconds: 2 },
    });
    expect(permits.isExhausted).toBe(false);
    hold({ granted: 3, ceiling: 3, revision: 2 });
    expect(permits.admit("requests")).toMatchObject({
      outcome: "exhausted",
      allowance: { remaining: 0, retryInSeconds: 30 },
    });
  });

  test("permits granted for waiting requests are not for others", async () => {
    const stopWaiting = permits.startWaiting("requests");
    hold({ granted: 1, ceiling: 60, revision: 2 });
    expect(permits.admit("requests")).toEqual({ outcome: "none_left" });
    expect(permits.admit("requests", true)).toMatchObject({ outcome: "admitted" });
    stopWaiting();
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
  const SELDOM = { waiting: 0, atEdge: false, ahead: 0 };

  test("names no window before the first grant, and the bucket that a request waits for", async () => {
    const stopWaiting = permits.startWaiting("publish");
    expect(permits.report()).toMatchObject([
      { bucket: "publish", endsAt: 0, revision: 0, granted: 0, unused: 0, ...SELDOM, waiting: 1 },
    ]);
    stopWaiting();
  });

  test("requests permits of the publish bucket once a request needs one", () => {
    hold({ granted: 1, ceiling: 60 });
    permits.admit("publish");
    expect(permits.report().map(({ bucket }) => bucket)).toEqual(["requests", "publish"]);
  });

  test("requests nothing ahead for a key that is used once in a lease, or twice now and then", () => {
    hold({ granted: 10, ceiling: 60 });
    for (let count = 0; count < 5; count++) {
      now += 1010;
      use();
      expect(permits.report()).toMatchObject([SELDOM]);
    }
    now += 5000;
    use();
    use();
    expect(permits.report()).toMatchObject([SELDOM]);
  });

  test("requests ahead what the measured rate uses in half a lease and the round trip, and how much that varies", () => {
    hold({ granted: 500, ceiling: 600, limit: 600 });
    useSteadily(100);
    const [{ ahead, perSecond, idleMs } = {}] = permits.report();
    expect(perSecond).toBeGreaterThan(9);
    expect(perSecond).toBeLessThan(11);
    expect(ahead).toBe(8);
    expect(idleMs).toBeLessThan(550);
  });

  test("returns permits that are not needed soon", () => {
    hold({ granted: 30, ceiling: 30 });
    use();
    expect(permits.report()).toMatchObject([{ granted: 1, unused: 0 }]);
    expect(take()).toBe("none_left");
  });

  test("keeps those of the requests that wait, for either window at its edge only", async () => {
    hold({ granted: 30, ceiling: 30, next: { granted: 3, ceiling: 60 } });
    const stopWaiting = permits.startWaiting("requests");
    expect(permits.report()).toMatchObject([
      { granted: 1, unused: 1, atEdge: false },
      { granted: 0, unused: 0, atEdge: false },
    ]);
    stopWaiting();
    const askedAt = now;
    now += 20;
    hold({
      granted: 30,
      ceiling: 30,
      revision: 2,
      askedAt,
      leftMs: 10,
      next: { granted: 3, ceiling: 60, revision: 2 },
    });
    permits.startWaiting("requests");
    expect(permits.report()).toMatchObject([
      { granted: 1, unused: 1, atEdge: true },
      { granted: 1, unused: 1, atEdge: true },
    ]);
    stopWaiting();
  });

  test("that hands back returns every unused permit, which is not used any more", () => {
    hold({ granted: 30, ceiling: 60 });
    useSteadily(10);
    expect(permits.report(true)).toMatchObject([{ granted: 10, unused: 0, ahead: 0, idleMs: 0 }]);
    expect(take()).toBe("none_left");
  });
});

describe("unused permits", () => {
  test("are handed back after a lease without requests", () => {
    hold({ granted: 2, ceiling: 60 });
    use();
    expect(permits.msUntilIdle()).toBe(1000);
    now += 400;
    expect(permits.msUntilIdle()).toBe(600);
    use();
    expect(permits.msUntilIdle()).toBeNull();
  });

  test("of a key that is used often are handed back sooner", () => {
    hold({ granted: 60, ceiling: 60, revision: 2 });
    useSteadily(40);
    expect(permits.msUntilIdle()).toBeLessThan(700);
    expect(permits.msUntilIdle()).toBeGreaterThanOrEqual(250);
  });

  test("that the ledger expects back are reported as used", () => {
    hold({ granted: 1, ceiling: 60 });
    permits.report();
    hold({ granted: 2, ceiling: 60, revision: 2 });
    use();
    use();
    expect(permits.msUntilIdle()).toBe(1000);
    permits.report(true);
    hold({ granted: 2, ceiling: 60, revision: 2 });
    expect(permits.msUntilIdle()).toBeNull();
  });

  test("may have come with an answer that was lost", () => {
    hold({ granted: 1, ceiling: 60 });
    use();
    permits.report();
    expect(permits.msUntilIdle()).toBe(2000);
  });
});

/** Ten requests a second. */
function useSteadily(count: number): void {
  for (let index = 0; index < count; index++) {
    now += 100;
    use();
  }
}

function use(): void {
  permits.recordRequest("requests");
  permits.admit("requests");
}

type GrantParts = Partial<BucketGrant["current"]>;

function hold({
  askedAt = now,
  leftMs = 30_000 - 1,
  next = null,
  limit = 60,
  ...current
}: GrantParts & { askedAt?: number; leftMs?: number; next?: GrantParts | null; limit?: number }): void {
  const none = { elsewhere: 0, backInMs: 0, isScarce: false };
  const grant = { endsAt: ENDS_AT, revision: 1, granted: 0, ceiling: 0, ...none };
  const grants: BucketGrant[] = [
    {
      bucket: "requests",
      limit,
      windowMs: MINUTE_MS,
      leftMs,
      current: { ...grant, ...current },
      next: next && { ...grant, endsAt: ENDS_AT + MINUTE_MS, ...next },
    },
  ];
  permits.applyGrant(grants, askedAt, clock.epoch, LEASE_MS);
}

/** The advertised remainder after a request, or the outcome if it was not admitted. */
function take(): number | string {
  const taken = permits.admit("requests");
  return taken.outcome === "admitted" && taken.allowance ? taken.allowance.remaining : taken.outcome;
}
