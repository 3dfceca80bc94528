// An isolate's lease over a clock that the test moves by hand, and a ledger that answers when the test
// says so. Times are milliseconds since the start of each test.

import { beforeEach, describe, expect, test } from "vitest";
import { Lease } from "../../src/leases/lease.ts";
import { LeaseClock } from "../../src/leases/lease-clock.ts";
import type { LeaseAnswer } from "../../src/leases/protocol.ts";

const TTL_MS = 1000;
const TIME_LIMIT_MS = 2000;
/** A wall clock at no special moment: only differences may mean anything. */
const START = 1_793_534_400_123;

let time: number;
let calls: PromiseWithResolvers<LeaseAnswer>[];
let lease: Lease;

beforeEach(() => {
  time = 0;
  calls = [];
  lease = new Lease(askLedger, new LeaseClock(() => START + time), TIME_LIMIT_MS);
});

test("no lease has lapsed: nothing passes before the ledger was asked", () => {
  expect(standingAt(0)).toBe("expired");
  expect(lease.isValid()).toBe(false);
  expect(lease.refusal).toBeNull();
  expect(lease.msUntilStatusChange()).toBe(0);
});

describe("a lease of 1000 ms", () => {
  beforeEach(() => grantedLease(0, TTL_MS));

  test.each([
    [0, "valid"],
    [499, "valid"],
    [500, "renewable"],
    [999, "renewable"],
    [1000, "expired"],
    [100_000, "expired"],
  ])("after %i ms is %s", (at, standing) => {
    expect(standingAt(at)).toBe(standing);
    expect(lease.isValid()).toBe(standing !== "expired");
  });

  test.each([
    [0, 500],
    [499, 1],
    [500, 500],
    [999, 1],
    [1000, 0],
    [5000, 0],
  ])("after %i ms changes its standing by itself in %i ms", (at, ms) => {
    time = at;
    expect(lease.msUntilStatusChange()).toBe(ms);
  });

  test("is not to be renewed by a second request while a first one does", async () => {
    time = 500;
    const asking = lease.renew();
    expect(standingAt(500)).toBe("valid");
    expect(standingAt(749)).toBe("valid");
    answer(granted(TTL_MS));
    await asking;
    expect(standingAt(999)).toBe("valid");
    expect(standingAt(1000)).toBe("renewable");
  });

  test("is to be renewed again when whoever asked got no answer for a quarter of it", () => {
    time = 500;
    void lease.renew();
    expect(standingAt(749)).toBe("valid");
    expect(standingAt(750)).toBe("renewable");
    expect(standingAt(1000)).toBe("expired");
  });

  test("is to be renewed again after a failure, and meanwhile stays valid", async () => {
    time = 500;
    const asking = lease.renew();
    fail();
    await expect(asking).rejects.toThrow("ledger is down");
    expect(standingAt(501)).toBe("valid");
    expect(standingAt(750)).toBe("renewable");
    expect(standingAt(1000)).toBe("expired");
  });

  test("renewed, runs from the renewal", async () => {
    await grantedLease(600, TTL_MS);
    expect(standingAt(1599)).toBe("renewable");
    expect(standingAt(1600)).toBe("expired");
  });
});

describe("a lease is counted from before the ledger was asked", () => {
  test("an answer that took 400 ms leaves 600", async () => {
    const asking = lease.renew();
    time = 400;
    answer(granted(TTL_MS));
    expect(await asking).toBeNull();
    expect(standingAt(499)).toBe("valid");
    expect(standingAt(999)).toBe("renewable");
    expect(standingAt(1000)).toBe("expired");
  });

  test.each([1000, 1001, 60_000])("an answer that took %i ms leaves nothing", async (tookMs) => {
    const asking = lease.renew();
    time = tookMs;
    answer(granted(TTL_MS));
    expect(await asking).toBeNull();
    expect(lease.isValid()).toBe(false);
    expect(lease.msUntilStatusChange()).toBe(0);
  });

  test("the time that passes between the answer and its reading counts, too", async () => {
    const asking = lease.renew();
    answer(granted(TTL_MS));
    time = 2000;
    await asking;
    expect(lease.isValid()).toBe(false);
  });
});

describe("answers that overtake each other", () => {
  test("the older one, arriving last, does not shorten the lease", async () => {
    const older = lease.renew();
    time = 300;
    const newer = lease.renew();
    answer(granted(TTL_MS), 1);
    await newer;
    answer(granted(TTL_MS), 0);
    await older;
    expect(standingAt(1299)).toBe("renewable");
    expect(standingAt(1300)).toBe("expired");
  });

  test("a shorter promise does not take back a longer one: the ledger stands by each", async () => {
    await grantedLease(0, TTL_MS);
    await grantedLease(100, 50);
    expect(standingAt(999)).toBe("renewable");
  });

  test("once leases have got shorter, a longer one is renewed when half as much is left as a new one would last", async () => {
    await grantedLease(0, 5 * TTL_MS);
    await grantedLease(2500, TTL_MS);
    expect(standingAt(4499)).toBe("valid");
    expect(standingAt(4500)).toBe("renewable");
    await grantedLease(4500, TTL_MS);
    expect(standingAt(4999)).toBe("valid");
    expect(standingAt(5499)).toBe("renewable");
    expect(standingAt(5500)).toBe("expired");
  });

  test("and whoever renews it then leaves it to others after a quarter of a new one, not of the longer one", async () => {
    await grantedLease(0, 5 * TTL_MS);
    await grantedLease(2500, TTL_MS);
    time = 4500;
    void lease.renew();
    expect(standingAt(4749)).toBe("valid");
    expect(standingAt(4750)).toBe("renewable");
  });

  test("a refusal stands, whichever arrives first", async () => {
    const first = lease.renew();
    const second = lease.renew();
    answer(refused("revoked"), 1);
    expect(await second).toEqual({ reason: "revoked" });
    answer(granted(TTL_MS), 0);
    await first;
    expect(lease.isValid()).toBe(false);
    expect(lease.refusal).toEqual({ reason: "revoked" });
  });
});

describe.each(["revoked", "expired"] as const)("a key that is %s", (reason) => {
  test("is dead at once, however much of its lease is left", async () => {
    await grantedLease(0, TTL_MS);
    time = 100;
    const asking = lease.renew();
    answer(refused(reason));
    expect(await asking).toEqual({ reason });
    expect(lease.refusal).toEqual({ reason });
    expect(standingAt(100)).toBe("expired");
  });

  test("stays dead, whatever the ledger grants later", async () => {
    const asking = lease.renew();
    answer(refused(reason));
    await asking;
    await grantedLease(10, 60_000);
    expect(standingAt(20)).toBe("expired");
    expect(lease.refusal).toEqual({ reason });
  });

  test("is never secured again, even by a ledger that grants", async () => {
    const asking = lease.renew();
    answer(refused(reason));
    await asking;
    const securing = lease.renewUntilValid();
    for (let i = 0; i < 3; i++) {
      answer(granted(TTL_MS));
      await settled();
    }
    expect(await securing).toEqual({ reason });
  });
});

describe("a key that is not in the ledger", () => {
  test("is refused, but not for good: the ledger is asked anew", async () => {
    const asking = lease.renew();
    answer(refused("not_in_ledger"));
    expect(await asking).toEqual({ reason: "not_in_ledger" });
    expect(lease.refusal).toBeNull();
    expect(lease.isValid()).toBe(false);
    await grantedLease(10, TTL_MS);
    expect(standingAt(20)).toBe("valid");
  });
});

describe("when the clock", () => {
  beforeEach(() => grantedLease(0, TTL_MS));

  test.each([21, 1000, 3_600_000])("jumps back by %i ms, the lease is void", (jumpMs) => {
    time = 400;
    expect(lease.isValid()).toBe(true);
    expect(standingAt(400 - jumpMs)).toBe("expired");
  });

  test("has jumped back and comes forward again, the lease stays void", () => {
    time = 400;
    lease.status();
    expect(standingAt(100)).toBe("expired");
    expect(standingAt(400)).toBe("expired");
  });

  test("has jumped back, the ledger's next grant counts on the new time", async () => {
    time = 400;
    lease.status();
    await grantedLease(-10_000, TTL_MS);
    expect(standingAt(-9_501)).toBe("valid");
    expect(standingAt(-9_001)).toBe("renewable");
    expect(standingAt(-9_000)).toBe("expired");
  });

  test("jumps back while the ledger is asked, the answer is worth nothing", async () => {
    time = 600;
    const asking = lease.renew();
    time = 100;
    answer(granted(TTL_MS));
    expect(await asking).toBeNull();
    expect(lease.isValid()).toBe(false);
  });

  test("jumps back and forth while the ledger is asked, seen by somebody, the answer is worth nothing", async () => {
    time = 600;
    const asking = lease.renew();
    time = 100;
    lease.status();
    time = 700;
    answer(granted(TTL_MS));
    await asking;
    expect(lease.isValid()).toBe(false);
  });

  test("jumps back while the ledger is asked, the answer does not spoil a lease given since", async () => {
    time = 600;
    const asking = lease.renew();
    await grantedLease(-10_000, TTL_MS);
    answer(granted(TTL_MS), calls.length - 2);
    await asking;
    expect(standingAt(-9_501)).toBe("valid");
    expect(standingAt(-9_000)).toBe("expired");
  });

  test.each([1, 20])("steps back by %i ms, the lease stays", (stepMs) => {
    expect(standingAt(400)).toBe("valid");
    expect(standingAt(400 - stepMs)).toBe("valid");
    expect(standingAt(500)).toBe("renewable");
  });

  test("steps back again and again, it stands still for the lease and never runs backwards", () => {
    const clock = new LeaseClock(() => START + time);
    time = 1000;
    expect(clock.now()).toBe(START + 1000);
    for (const at of [995, 985, 999, 980]) {
      time = at;
      expect(clock.now()).toBe(START + 1000);
    }
    expect(clock.epoch).toBe(0);
    time = 979;
    expect(clock.now()).toBe(START + 979);
    expect(clock.epoch).toBe(1);
  });

  test("jumps ahead, the lease has lapsed", () => {
    expect(standingAt(3_600_000)).toBe("expired");
  });
});

describe("securing a lease", () => {
  test("asks once when the answer comes in time", async () => {
    const securing = lease.renewUntilValid();
    answer(granted(TTL_MS));
    expect(await securing).toBeNull();
    expect(calls).toHaveLength(1);
  });

  test.each(["revoked", "expired", "not_in_ledger"] as const)(
    "asks once when the key is %s",
    async (reason) => {
      const securing = lease.renewUntilValid();
      answer(refused(reason));
      expect(await securing).toEqual({ reason });
      expect(calls).toHaveLength(1);
    },
  );

  test("says so when the ledger cannot be reached, and does not ask again", async () => {
    const securing = lease.renewUntilValid();
    fail();
    expect(await securing).toEqual({ reason: "ledger_unreachable" });
    expect(calls).toHaveLength(1);
  });

  test("asks again when the answer had run out on arrival", async () => {
    const securing = lease.renewUntilValid();
    time = 1200;
    answer(granted(TTL_MS));
    await settled();
    expect(calls).toHaveLength(2);
    answer(granted(TTL_MS));
    expect(await securing).toBeNull();
  });

  test("asks three times at most", async () => {
    const securing = lease.renewUntilValid();
    for (let i = 1; i <= 3; i++) {
      expect(calls).toHaveLength(i);
      time += 100;
      answer(granted(50));
      await settled();
    }
    expect(await securing).toEqual({ reason: "ledger_unreachable" });
    expect(calls).toHaveLength(3);
  });

  test("does not ask again once its time limit is up", async () => {
    const securing = lease.renewUntilValid();
    time = TIME_LIMIT_MS;
    answer(granted(TTL_MS));
    expect(await securing).toEqual({ reason: "ledger_unreachable" });
    expect(calls).toHaveLength(1);
  });

  test("asks again when the clock jumped back meanwhile, and counts on the new time", async () => {
    const securing = lease.renewUntilValid();
    time = -10_000;
    answer(granted(TTL_MS));
    await settled();
    expect(calls).toHaveLength(2);
    answer(granted(TTL_MS));
    expect(await securing).toBeNull();
    expect(standingAt(-9_000)).toBe("expired");
  });

  test("is done when another request's answer made the lease valid", async () => {
    const securing = lease.renewUntilValid();
    time = 1200;
    const other = lease.renew();
    answer(granted(TTL_MS), 1);
    await other;
    answer(granted(TTL_MS), 0);
    expect(await securing).toBeNull();
    expect(calls).toHaveLength(2);
  });
});

function askLedger(): Promise<LeaseAnswer> {
  const call = Promise.withResolvers<LeaseAnswer>();
  calls.push(call);
  return call.promise;
}

/** Answers a call to the ledger; the latest one, unless told otherwise. */
function answer(content: LeaseAnswer, call = calls.length - 1): void {
  calls[call]?.resolve(content);
}

function fail(): void {
  calls.at(-1)?.reject(new Error("the ledger is down"));
}

function granted(ttlMs: number): LeaseAnswer {
  return { granted: true, ttl_ms: ttlMs };
}

function refused(reason: "revoked" | "expired" | "not_in_ledger"): LeaseAnswer {
  return { granted: false, reason };
}

/** A lease that was asked for and granted at that moment. */
async function grantedLease(at: number, ttlMs: number): Promise<void> {
  time = at;
  const asking = lease.renew();
  answer(granted(ttlMs));
  await asking;
}

function standingAt(at: number): string {
  time = at;
  return lease.status();
}

/** Lets everything run that waits for nothing but its turn. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
