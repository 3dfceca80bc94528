// An isolate's lease over a manual clock and a scripted ledger. Times are milliseconds since the start of each test.

import { beforeEach, describe, expect, test } from "vitest";
import { Lease } from "../../src/leases/lease.ts";
import { LeaseClock } from "../../src/leases/lease-clock.ts";
import type { LeaseAnswer } from "../../src/leases/protocol.ts";
import type { CallUser } from "../../src/leases/shared-call.ts";
import { grantAnswer } from "../support/lease-answers.ts";

const TTL_MS = 1000;
const TIME_LIMIT_MS = 2000;
/** An arbitrary time: only differences matter. */
const START = 1_793_534_400_123;

const USER: CallUser = {
  waitUntil: () => {},
  schedule: () => () => {},
  checkClock: () => void clock.checkForStep(),
};

let time: number;
let calls: PromiseWithResolvers<LeaseAnswer>[];
let clock: LeaseClock;
let lease: Lease;

beforeEach(() => {
  time = 0;
  calls = [];
  clock = new LeaseClock(() => START + time);
  lease = new Lease(callLedger, clock, TIME_LIMIT_MS);
});

test("without a lease nothing passes before the ledger is called", () => {
  expect(statusAt(0)).toBe("expired");
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
  ])("after %i ms is %s", (at, status) => {
    expect(statusAt(at)).toBe(status);
    expect(lease.isValid()).toBe(status !== "expired");
  });

  test.each([
    [0, 500],
    [499, 1],
    [500, 500],
    [999, 1],
    [1000, 0],
    [5000, 0],
  ])("after %i ms changes its status in %i ms", (at, ms) => {
    time = at;
    expect(lease.msUntilStatusChange()).toBe(ms);
  });

  test("is not renewed by a second request while the first one's call is in progress", async () => {
    time = 500;
    const call = lease.renew(USER);
    expect(statusAt(500)).toBe("valid");
    expect(statusAt(749)).toBe("valid");
    answer(granted(TTL_MS));
    await call;
    expect(statusAt(999)).toBe("valid");
    expect(statusAt(1000)).toBe("renewable");
  });

  test("is renewable again when a call has had no answer for a quarter of the lease", () => {
    time = 500;
    void lease.renew(USER);
    expect(statusAt(749)).toBe("valid");
    expect(statusAt(750)).toBe("renewable");
    expect(statusAt(1000)).toBe("expired");
  });

  test("is renewable again after a failed call, and stays valid meanwhile", async () => {
    time = 500;
    const call = lease.renew(USER);
    fail();
    await expect(call).rejects.toThrow("ledger is down");
    expect(statusAt(501)).toBe("valid");
    expect(statusAt(750)).toBe("renewable");
    expect(statusAt(1000)).toBe("expired");
  });

  test("is counted from its renewal", async () => {
    await grantedLease(600, TTL_MS);
    expect(statusAt(1599)).toBe("renewable");
    expect(statusAt(1600)).toBe("expired");
  });
});

describe("a lease is counted from before the call", () => {
  test("an answer after 400 ms leaves 600 ms", async () => {
    const call = lease.renew(USER);
    time = 400;
    answer(granted(TTL_MS));
    expect(await call).toBeNull();
    expect(statusAt(499)).toBe("valid");
    expect(statusAt(999)).toBe("renewable");
    expect(statusAt(1000)).toBe("expired");
  });

  test.each([1000, 1001, 60_000])("a lease has expired when its answer takes %i ms", async (tookMs) => {
    const call = lease.renew(USER);
    time = tookMs;
    answer(granted(TTL_MS));
    expect(await call).toBeNull();
    expect(lease.isValid()).toBe(false);
    expect(lease.msUntilStatusChange()).toBe(0);
  });

  test("the time between the answer and its processing counts", async () => {
    const call = lease.renew(USER);
    answer(granted(TTL_MS));
    time = 2000;
    await call;
    expect(lease.isValid()).toBe(false);
  });
});

describe("overtaken answers", () => {
  test("an older answer that arrives last does not shorten the lease", async () => {
    const older = lease.renew(USER);
    time = 300;
    const newer = lease.renew(USER);
    answer(granted(TTL_MS), 1);
    await newer;
    answer(granted(TTL_MS), 0);
    await older;
    expect(statusAt(1299)).toBe("renewable");
    expect(statusAt(1300)).toBe("expired");
  });

  test("a shorter lease does not replace a longer one, which the ledger still honours", async () => {
    await grantedLease(0, TTL_MS);
    await grantedLease(100, 50);
    expect(statusAt(999)).toBe("renewable");
  });

  test("once leases are shorter, a longer one is renewable when half of a new lease is left", async () => {
    await grantedLease(0, 5 * TTL_MS);
    await grantedLease(2500, TTL_MS);
    expect(statusAt(4499)).toBe("valid");
    expect(statusAt(4500)).toBe("renewable");
    await grantedLease(4500, TTL_MS);
    expect(statusAt(4999)).toBe("valid");
    expect(statusAt(5499)).toBe("renewable");
    expect(statusAt(5500)).toBe("expired");
  });

  test("and is renewable again after a quarter of a new lease without an answer", async () => {
    await grantedLease(0, 5 * TTL_MS);
    await grantedLease(2500, TTL_MS);
    time = 4500;
    void lease.renew(USER);
    expect(statusAt(4749)).toBe("valid");
    expect(statusAt(4750)).toBe("renewable");
  });

  test("a refusal stands, in either order of arrival", async () => {
    const first = lease.renew(USER);
    const second = lease.renew(USER);
    answer(refused("revoked"), 1);
    expect(await second).toEqual({ reason: "revoked" });
    answer(granted(TTL_MS), 0);
    await first;
    expect(lease.isValid()).toBe(false);
    expect(lease.refusal).toEqual({ reason: "revoked" });
  });
});

describe.each(["revoked", "expired"] as const)("a key that is %s", (reason) => {
  test("is refused at once, though its lease has not expired", async () => {
    await grantedLease(0, TTL_MS);
    time = 100;
    const call = lease.renew(USER);
    answer(refused(reason));
    expect(await call).toEqual({ reason });
    expect(lease.refusal).toEqual({ reason });
    expect(statusAt(100)).toBe("expired");
  });

  test("stays refused when the ledger grants a lease later", async () => {
    const call = lease.renew(USER);
    answer(refused(reason));
    await call;
    await grantedLease(10, 60_000);
    expect(statusAt(20)).toBe("expired");
    expect(lease.refusal).toEqual({ reason });
  });

  test("stays refused in renewUntilValid when the ledger grants a lease", async () => {
    const call = lease.renew(USER);
    answer(refused(reason));
    await call;
    const renewal = lease.renewUntilValid(USER);
    for (let i = 0; i < 3; i++) {
      answer(granted(TTL_MS));
      await settled();
    }
    expect(await renewal).toEqual({ reason });
  });
});

describe("a key that is not in the ledger", () => {
  test("is refused, but not for good: the ledger is called again", async () => {
    const call = lease.renew(USER);
    answer(refused("not_in_ledger"));
    expect(await call).toEqual({ reason: "not_in_ledger" });
    expect(lease.refusal).toBeNull();
    expect(lease.isValid()).toBe(false);
    await grantedLease(10, TTL_MS);
    expect(statusAt(20)).toBe("valid");
  });
});

describe("a refusal that this version does not know", () => {
  test("refuses the key, but not for good: the ledger is called again", async () => {
    const call = lease.renew(USER);
    answer({ granted: false, reason: "paused" as "revoked" });
    expect(await call).toEqual({ reason: "refused_by_ledger" });
    expect(lease.refusal).toBeNull();
    expect(lease.isValid()).toBe(false);
    await grantedLease(10, TTL_MS);
    expect(statusAt(20)).toBe("valid");
  });

  test("leaves a lease that has not expired, which the ledger still honours", async () => {
    await grantedLease(0, TTL_MS);
    time = 500;
    const call = lease.renew(USER);
    answer({ granted: false, reason: "paused" as "revoked" });
    await call;
    expect(lease.isValid()).toBe(true);
  });
});

describe("an answer without a lease time", () => {
  test.each([undefined, null, "1000", Number.NaN, Number.POSITIVE_INFINITY])(
    "%s is a fault, and grants nothing",
    async (ttlMs) => {
      const call = lease.renew(USER);
      answer(granted(ttlMs as number));
      await expect(call).rejects.toThrow(TypeError);
      expect(lease.isValid()).toBe(false);
    },
  );
});

describe("when the clock", () => {
  beforeEach(() => grantedLease(0, TTL_MS));

  test.each([21, 1000, 3_600_000])("steps back by %i ms, the lease is void", (jumpMs) => {
    time = 400;
    expect(lease.isValid()).toBe(true);
    expect(statusAt(400 - jumpMs)).toBe("expired");
  });

  test("has stepped back and catches up again, the lease stays void", () => {
    time = 400;
    lease.status();
    expect(statusAt(100)).toBe("expired");
    expect(statusAt(400)).toBe("expired");
  });

  test("has stepped back, the next lease is counted on the new time", async () => {
    expect(statusAt(400)).toBe("valid");
    expect(statusAt(-10_000)).toBe("expired");
    await grantedLease(-10_000, TTL_MS);
    expect(statusAt(-9_501)).toBe("valid");
    expect(statusAt(-9_001)).toBe("renewable");
    expect(statusAt(-9_000)).toBe("expired");
  });

  test("steps back during a call, the answer grants no lease", async () => {
    time = 600;
    const call = lease.renew(USER);
    time = 100;
    answer(granted(TTL_MS));
    expect(await call).toBeNull();
    expect(statusAt(100)).toBe("expired");
  });

  test("steps back and forth during a call and is read meanwhile, the answer grants no lease", async () => {
    time = 600;
    const call = lease.renew(USER);
    time = 100;
    clock.checkForStep();
    time = 700;
    answer(granted(TTL_MS));
    await call;
    expect(lease.isValid()).toBe(false);
  });

  test("steps back during a call, its answer does not void a lease granted since", async () => {
    time = 600;
    const call = lease.renew(USER);
    time = -10_000;
    clock.checkForStep();
    await grantedLease(-10_000, TTL_MS);
    answer(granted(TTL_MS), calls.length - 2);
    await call;
    expect(statusAt(-9_501)).toBe("valid");
    expect(statusAt(-9_000)).toBe("expired");
  });

  test.each([1, 20])("steps back by %i ms, the lease stays valid", (stepMs) => {
    expect(statusAt(400)).toBe("valid");
    expect(statusAt(400 - stepMs)).toBe("valid");
    expect(statusAt(500)).toBe("renewable");
  });

  test("jumps ahead, the lease has expired", () => {
    expect(statusAt(3_600_000)).toBe("expired");
  });
});

describe("renewUntilValid", () => {
  test("makes one call when the answer arrives in time", async () => {
    const renewal = lease.renewUntilValid(USER);
    answer(granted(TTL_MS));
    expect(await renewal).toBeNull();
    expect(calls).toHaveLength(1);
  });

  test.each(["revoked", "expired", "not_in_ledger"] as const)(
    "makes one call when the key is %s",
    async (reason) => {
      const renewal = lease.renewUntilValid(USER);
      answer(refused(reason));
      expect(await renewal).toEqual({ reason });
      expect(calls).toHaveLength(1);
    },
  );

  test("returns ledger_unreachable after one failed call", async () => {
    const renewal = lease.renewUntilValid(USER);
    fail();
    expect(await renewal).toEqual({ reason: "ledger_unreachable" });
    expect(calls).toHaveLength(1);
  });

  test("rejects with a fault, after one call", async () => {
    const renewal = lease.renewUntilValid(USER);
    calls.at(-1)?.reject(new TypeError("a fault"));
    await expect(renewal).rejects.toThrow("a fault");
    expect(calls).toHaveLength(1);
  });

  test("calls again when the lease has expired on arrival", async () => {
    const renewal = lease.renewUntilValid(USER);
    time = 1200;
    answer(granted(TTL_MS));
    await settled();
    expect(calls).toHaveLength(2);
    answer(granted(TTL_MS));
    expect(await renewal).toBeNull();
  });

  test("makes three calls at most", async () => {
    const renewal = lease.renewUntilValid(USER);
    for (let i = 1; i <= 3; i++) {
      expect(calls).toHaveLength(i);
      time += 100;
      answer(granted(50));
      await settled();
    }
    expect(await renewal).toEqual({ reason: "ledger_unreachable" });
    expect(calls).toHaveLength(3);
  });

  test("makes no call after its time limit", async () => {
    const renewal = lease.renewUntilValid(USER);
    time = TIME_LIMIT_MS;
    answer(granted(TTL_MS));
    expect(await renewal).toEqual({ reason: "ledger_unreachable" });
    expect(calls).toHaveLength(1);
  });

  test("calls again when the clock stepped back meanwhile, and counts on the new time", async () => {
    const renewal = lease.renewUntilValid(USER);
    time = -10_000;
    answer(granted(TTL_MS));
    await settled();
    expect(calls).toHaveLength(2);
    answer(granted(TTL_MS));
    expect(await renewal).toBeNull();
    expect(statusAt(-9_000)).toBe("expired");
  });

  test("completes when another request's answer has made the lease valid", async () => {
    const renewal = lease.renewUntilValid(USER);
    time = 1200;
    const other = lease.renew(USER);
    answer(granted(TTL_MS), 1);
    await other;
    answer(granted(TTL_MS), 0);
    expect(await renewal).toBeNull();
    expect(calls).toHaveLength(2);
  });
});

function callLedger(): Promise<LeaseAnswer> {
  const call = Promise.withResolvers<LeaseAnswer>();
  calls.push(call);
  return call.promise;
}

/** Answers a call to the ledger, by default the latest one. */
function answer(content: LeaseAnswer, call = calls.length - 1): void {
  calls[call]?.resolve(content);
}

function fail(): void {
  calls.at(-1)?.reject(new Error("the ledger is down"));
}

function granted(ttlMs: number): LeaseAnswer {
  return grantAnswer(ttlMs);
}

function refused(reason: "revoked" | "expired" | "not_in_ledger"): LeaseAnswer {
  return { granted: false, reason };
}

/** Requests a lease that is granted at the same moment. */
async function grantedLease(at: number, ttlMs: number): Promise<void> {
  time = at;
  const call = lease.renew(USER);
  answer(granted(ttlMs));
  await call;
}

function statusAt(at: number): string {
  time = at;
  clock.checkForStep();
  return lease.status();
}

/** Resolves after all pending microtasks. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
