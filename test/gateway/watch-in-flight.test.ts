// One request in flight, over a clock and timers that the test moves by hand and a ledger that answers
// when the test says so. The lease is the real one. Times are milliseconds since the start of each test.

import { beforeEach, describe, expect, test } from "vitest";
import { Flight, type Schedule } from "../../src/gateway/watch-in-flight.ts";
import { Lease, type LeaseAnswer, LeaseClock } from "../../src/keys/lease.ts";

const TTL_MS = 1000;
const LEDGER_LIMIT_MS = 2000;
const ORIGIN_TIMEOUT_MS = 30_000;

interface Timer {
  readonly at: number;
  readonly task: () => void;
}

let time: number;
let timers: Timer[];
let calls: PromiseWithResolvers<LeaseAnswer>[];
/** What the ledger answers by itself; null: it answers when the test does. */
let ledger: LeaseAnswer | null;
let clock: LeaseClock;
let lease: Lease;

beforeEach(async () => {
  time = 0;
  timers = [];
  calls = [];
  ledger = granted();
  clock = new LeaseClock(() => time);
  lease = new Lease(askLedger, clock, LEDGER_LIMIT_MS);
  await lease.ask();
  calls = [];
});

describe("while the origin works", () => {
  test("a flight under a good key goes on, and the ledger is asked once per half of a lease", async () => {
    const flight = takeOff();
    await advance(10_250);
    expect(flight.signal.aborted).toBe(false);
    expect(flight.refusal).toBeNull();
    expect(calls).toHaveLength(20);
    expect(lease.isValid()).toBe(true);
  });

  test("it asks nobody before half of the lease is spent", async () => {
    takeOff();
    await advance(499);
    expect(calls).toHaveLength(0);
  });

  test("it asks at once when the lease has run out before it began", async () => {
    time = TTL_MS;
    takeOff();
    await advance(TTL_MS + 1);
    expect(calls).toHaveLength(1);
    expect(lease.isValid()).toBe(true);
  });

  test("it never has more than one timer", async () => {
    takeOff();
    for (let at = 0; at <= 5000; at += 50) {
      await advance(at);
      expect(timers).toHaveLength(1);
    }
  });

  test.each(["revoked", "expired"] as const)("it is ended the moment the key is %s", async (reason) => {
    ledger = null;
    const flight = takeOff();
    await advance(700);
    expect(flight.signal.aborted).toBe(false);
    await answer({ granted: false, reason });
    expect(flight.signal.aborted).toBe(true);
    expect(flight.refusal).toEqual({ reason });
  });

  test("it is ended when another request heard that the key is dead, before the lease would have ended", async () => {
    const flight = takeOff();
    ledger = null;
    await advance(300);
    void lease.ask();
    await answer({ granted: false, reason: "revoked" });
    await advance(999);
    expect(flight.refusal).toEqual({ reason: "revoked" });
    expect(flight.signal.aborted).toBe(true);
  });

  test("it is ended when another request hears that the key is dead, though its own renewal hangs", async () => {
    ledger = null;
    const flight = takeOff();
    await advance(1100);
    expect(calls).toHaveLength(1);
    void lease.ask();
    await answer({ granted: false, reason: "revoked" });
    await advance(1200);
    expect(flight.refusal).toEqual({ reason: "revoked" });
    expect(timers).toHaveLength(0);
  });

  test("it waits for a slow ledger, also past the end of the lease", async () => {
    ledger = null;
    const flight = takeOff();
    await advance(2400);
    expect(flight.signal.aborted).toBe(false);
    expect(calls).toHaveLength(1);
    ledger = granted();
    // The answer is older than the lease it grants, so it is asked for once more.
    await answer(granted());
    expect(flight.signal.aborted).toBe(false);
    expect(calls).toHaveLength(2);
    expect(lease.isValid()).toBe(true);
  });

  test("it is ended as unavailable when the ledger fails and the lease has run out", async () => {
    ledger = null;
    const flight = takeOff();
    await advance(1200);
    await fail();
    expect(flight.signal.aborted).toBe(true);
    expect(flight.refusal).toEqual({ reason: "ledger_unreachable" });
  });

  test("it asks again when the ledger fails and the lease has not run out", async () => {
    ledger = null;
    const flight = takeOff();
    await advance(600);
    await fail();
    expect(flight.signal.aborted).toBe(false);
    await advance(760);
    expect(calls).toHaveLength(2);
    ledger = granted();
    await answer(granted());
    await advance(5000);
    expect(flight.signal.aborted).toBe(false);
  });

  test("a key that is no longer in the ledger ends it when its lease has run out", async () => {
    ledger = { granted: false, reason: "not_in_ledger" };
    const flight = takeOff();
    await advance(999);
    expect(flight.refusal).toBeNull();
    await advance(1001);
    expect(flight.refusal).toEqual({ reason: "not_in_ledger" });
  });

  test("a clock that jumped back voids the lease, and the flight goes on under a new one", async () => {
    const flight = takeOff();
    await advance(400);
    time = -100_000;
    expect(lease.isValid()).toBe(false);
    fire();
    await settled();
    expect(lease.isValid()).toBe(true);
    expect(flight.signal.aborted).toBe(false);
  });
});

describe("the origin's time limit", () => {
  test("ends the flight when it is up, and not before", async () => {
    const flight = takeOff();
    await advance(ORIGIN_TIMEOUT_MS - 1);
    expect(flight.signal.aborted).toBe(false);
    await advance(ORIGIN_TIMEOUT_MS);
    expect(flight.signal.aborted).toBe(true);
    expect(flight.refusal).toEqual({ reason: "origin_timeout" });
    expect(timers).toHaveLength(0);
  });

  test("does not wait for a ledger that hangs", async () => {
    ledger = null;
    const flight = takeOff(1500);
    await advance(1500);
    expect(flight.refusal).toEqual({ reason: "origin_timeout" });
  });

  test("counts no longer once the origin has answered", async () => {
    const flight = takeOff();
    await advance(10_000);
    flight.originAnswered();
    await advance(10 * ORIGIN_TIMEOUT_MS);
    expect(flight.signal.aborted).toBe(false);
  });

  test("gives way to a key that died: the client hears of the key", async () => {
    ledger = null;
    const flight = takeOff(700);
    await advance(699);
    void lease.ask();
    await answer({ granted: false, reason: "revoked" });
    await advance(700);
    expect(flight.refusal).toEqual({ reason: "revoked" });
  });
});

describe("while a body is sent", () => {
  test("it goes on for hours under a good key", async () => {
    const flight = takeOff();
    flight.originAnswered();
    flight.sendsBody();
    await advance(3_600_000);
    expect(flight.signal.aborted).toBe(false);
    expect(timers).toHaveLength(1);
  });

  test("it is cut the moment the key is revoked", async () => {
    ledger = null;
    const flight = sendingFlight();
    await advance(600);
    await answer({ granted: false, reason: "revoked" });
    expect(flight.signal.aborted).toBe(true);
    expect(flight.refusal).toEqual({ reason: "revoked" });
  });

  test("it is cut when the lease runs out, though the ledger has not answered yet", async () => {
    ledger = null;
    const flight = sendingFlight();
    await advance(999);
    expect(flight.signal.aborted).toBe(false);
    await advance(1000);
    expect(flight.signal.aborted).toBe(true);
    expect(flight.refusal).toEqual({ reason: "ledger_unreachable" });
  });

  test("it is cut when the lease runs out and the ledger fails", async () => {
    ledger = null;
    const flight = sendingFlight();
    await advance(600);
    await fail();
    expect(flight.signal.aborted).toBe(false);
    await advance(1000);
    expect(flight.signal.aborted).toBe(true);
  });

  test("it does not begin under a lease that has run out", async () => {
    ledger = null;
    const flight = takeOff();
    await advance(1200);
    flight.originAnswered();
    expect(flight.signal.aborted).toBe(false);
    flight.sendsBody();
    expect(flight.signal.aborted).toBe(true);
  });

  test("it is cut when the clock jumped back, at the next look", async () => {
    const flight = sendingFlight();
    await advance(400);
    time = -100_000;
    fire();
    expect(flight.signal.aborted).toBe(true);
  });
});

describe("who waits for work in a flight", () => {
  test("gets what the work brings", async () => {
    expect(await takeOff().unlessEnded(Promise.resolve("answer"))).toBe("answer");
    await expect(takeOff().unlessEnded(Promise.reject(new Error("reset")))).rejects.toThrow("reset");
  });

  test("waits no longer than the flight lasts", async () => {
    const flight = takeOff();
    const waiting = flight.unlessEnded(new Promise(() => {}));
    flight.end({ reason: "client_gone" });
    expect(await waiting).toBeNull();
  });

  test("does not wait when the flight has ended before", async () => {
    const flight = takeOff();
    flight.end({ reason: "client_gone" });
    expect(await flight.unlessEnded(new Promise(() => {}))).toBeNull();
  });
});

describe("a flight that is over", () => {
  test("has left no timer behind, landed or ended", async () => {
    takeOff().land();
    expect(timers).toHaveLength(0);
    takeOff().end({ reason: "client_gone" });
    expect(timers).toHaveLength(0);
  });

  test("is not ended any more once it has landed", async () => {
    const flight = takeOff();
    flight.land();
    flight.end({ reason: "client_gone" });
    expect(flight.signal.aborted).toBe(false);
    expect(flight.refusal).toBeNull();
  });

  test("shows a signal that is asked for later as aborted", () => {
    const flight = takeOff();
    flight.end({ reason: "client_gone" });
    expect(flight.signal.aborted).toBe(true);
  });

  test("keeps the first reason for which it was ended", async () => {
    const flight = takeOff();
    flight.end({ reason: "client_gone" });
    flight.end({ reason: "origin_timeout" });
    expect(flight.refusal).toEqual({ reason: "client_gone" });
    expect(flight.signal.aborted).toBe(true);
  });

  test("pays no attention to an answer of the ledger that comes later", async () => {
    ledger = null;
    const flight = takeOff();
    await advance(600);
    flight.land();
    await answer({ granted: false, reason: "revoked" });
    expect(flight.refusal).toBeNull();
    expect(flight.signal.aborted).toBe(false);
    expect(timers).toHaveLength(0);
  });

  test("asks the ledger nothing more", async () => {
    const flight = takeOff();
    await advance(600);
    flight.land();
    const asked = calls.length;
    await advance(60_000);
    expect(calls).toHaveLength(asked);
  });
});

test("each flight watches by itself: the end of one does not end another", async () => {
  const [first, second] = [takeOff(), takeOff()];
  first.end({ reason: "client_gone" });
  await advance(5000);
  expect(second.signal.aborted).toBe(false);
  expect(calls.length).toBeGreaterThan(0);
  ledger = { granted: false, reason: "revoked" };
  await advance(6000);
  expect(second.refusal).toEqual({ reason: "revoked" });
});

test("two flights under one lease ask the ledger no more often than one", async () => {
  takeOff();
  takeOff();
  await advance(10_250);
  expect(calls).toHaveLength(20);
});

function takeOff(originTimeoutMs = ORIGIN_TIMEOUT_MS): Flight {
  return new Flight(lease, { clock, schedule }, originTimeoutMs);
}

function sendingFlight(): Flight {
  const flight = takeOff();
  flight.originAnswered();
  flight.sendsBody();
  return flight;
}

const schedule: Schedule = (ms, task) => {
  const timer = { at: time + ms, task };
  timers.push(timer);
  return () => {
    timers = timers.filter((other) => other !== timer);
  };
};

/** Lets time pass until that moment, and every timer run when it is up. */
async function advance(to: number): Promise<void> {
  for (;;) {
    const next = timers.toSorted((a, b) => a.at - b.at).find(({ at }) => at <= to);
    if (next === undefined) break;
    time = next.at;
    timers = timers.filter((timer) => timer !== next);
    next.task();
    await settled();
  }
  time = to;
}

/** Runs the one timer there is, whatever the clock says: timers do not go by the clock. */
function fire(): void {
  timers.shift()?.task();
}

function askLedger(): Promise<LeaseAnswer> {
  const call = Promise.withResolvers<LeaseAnswer>();
  calls.push(call);
  if (ledger !== null) call.resolve(ledger);
  return call.promise;
}

async function answer(content: LeaseAnswer): Promise<void> {
  calls.at(-1)?.resolve(content);
  await settled();
}

async function fail(): Promise<void> {
  calls.at(-1)?.reject(new Error("the ledger is down"));
  await settled();
}

function granted(): LeaseAnswer {
  return { granted: true, ttl_ms: TTL_MS };
}

/** Lets everything run that waits for nothing but its turn. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
