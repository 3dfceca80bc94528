// One request in flight, over a clock and timers that the test moves by hand and a ledger that answers
// when the test says so. The lease is the real one. Times are milliseconds since the start of each test.

import { beforeEach, describe, expect, test } from "vitest";
import { InFlightRequest, type Schedule } from "../../src/gateway/in-flight-request.ts";
import { Lease } from "../../src/leases/lease.ts";
import { LeaseClock } from "../../src/leases/lease-clock.ts";
import type { LeaseAnswer } from "../../src/leases/protocol.ts";

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
  await lease.renew();
  calls = [];
});

describe("while the origin works", () => {
  test("a inFlight under a good key goes on, and the ledger is asked once per half of a lease", async () => {
    const inFlight = takeOff();
    await advance(10_250);
    expect(inFlight.signal.aborted).toBe(false);
    expect(inFlight.refusal).toBeNull();
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
    const inFlight = takeOff();
    await advance(700);
    expect(inFlight.signal.aborted).toBe(false);
    await answer({ granted: false, reason });
    expect(inFlight.signal.aborted).toBe(true);
    expect(inFlight.refusal).toEqual({ reason });
  });

  test("it is ended when another request heard that the key is dead, before the lease would have ended", async () => {
    const inFlight = takeOff();
    ledger = null;
    await advance(300);
    void lease.renew();
    await answer({ granted: false, reason: "revoked" });
    await advance(999);
    expect(inFlight.refusal).toEqual({ reason: "revoked" });
    expect(inFlight.signal.aborted).toBe(true);
  });

  test("it is ended when another request hears that the key is dead, though its own renewal hangs", async () => {
    ledger = null;
    const inFlight = takeOff();
    await advance(1100);
    expect(calls).toHaveLength(1);
    void lease.renew();
    await answer({ granted: false, reason: "revoked" });
    await advance(1200);
    expect(inFlight.refusal).toEqual({ reason: "revoked" });
    expect(timers).toHaveLength(0);
  });

  test("it waits for a slow ledger, also past the end of the lease", async () => {
    ledger = null;
    const inFlight = takeOff();
    await advance(2400);
    expect(inFlight.signal.aborted).toBe(false);
    expect(calls).toHaveLength(1);
    ledger = granted();
    // The answer is older than the lease it grants, so it is asked for once more.
    await answer(granted());
    expect(inFlight.signal.aborted).toBe(false);
    expect(calls).toHaveLength(2);
    expect(lease.isValid()).toBe(true);
  });

  test("it is ended as unavailable when the ledger fails and the lease has run out", async () => {
    ledger = null;
    const inFlight = takeOff();
    await advance(1200);
    await fail();
    expect(inFlight.signal.aborted).toBe(true);
    expect(inFlight.refusal).toEqual({ reason: "ledger_unreachable" });
  });

  test("it asks again when the ledger fails and the lease has not run out", async () => {
    ledger = null;
    const inFlight = takeOff();
    await advance(600);
    await fail();
    expect(inFlight.signal.aborted).toBe(false);
    await advance(760);
    expect(calls).toHaveLength(2);
    ledger = granted();
    await answer(granted());
    await advance(5000);
    expect(inFlight.signal.aborted).toBe(false);
  });

  test("a key that is no longer in the ledger ends it when its lease has run out", async () => {
    ledger = { granted: false, reason: "not_in_ledger" };
    const inFlight = takeOff();
    await advance(999);
    expect(inFlight.refusal).toBeNull();
    await advance(1001);
    expect(inFlight.refusal).toEqual({ reason: "not_in_ledger" });
  });

  test("a clock that jumped back voids the lease, and the inFlight goes on under a new one", async () => {
    const inFlight = takeOff();
    await advance(400);
    time = -100_000;
    expect(lease.isValid()).toBe(false);
    fire();
    await settled();
    expect(lease.isValid()).toBe(true);
    expect(inFlight.signal.aborted).toBe(false);
  });
});

describe("the origin's time limit", () => {
  test("ends the inFlight when it is up, and not before", async () => {
    const inFlight = takeOff();
    await advance(ORIGIN_TIMEOUT_MS - 1);
    expect(inFlight.signal.aborted).toBe(false);
    await advance(ORIGIN_TIMEOUT_MS);
    expect(inFlight.signal.aborted).toBe(true);
    expect(inFlight.refusal).toEqual({ reason: "origin_timeout" });
    expect(timers).toHaveLength(0);
  });

  test("does not wait for a ledger that hangs", async () => {
    ledger = null;
    const inFlight = takeOff(1500);
    await advance(1500);
    expect(inFlight.refusal).toEqual({ reason: "origin_timeout" });
  });

  test("counts no longer once the origin has answered", async () => {
    const inFlight = takeOff();
    await advance(10_000);
    inFlight.headersReceived();
    await advance(10 * ORIGIN_TIMEOUT_MS);
    expect(inFlight.signal.aborted).toBe(false);
  });

  test("gives way to a key that died: the client hears of the key", async () => {
    ledger = null;
    const inFlight = takeOff(700);
    await advance(699);
    void lease.renew();
    await answer({ granted: false, reason: "revoked" });
    await advance(700);
    expect(inFlight.refusal).toEqual({ reason: "revoked" });
  });
});

describe("while a body is sent", () => {
  test("it goes on for hours under a good key", async () => {
    const inFlight = takeOff();
    inFlight.headersReceived();
    inFlight.bodyStarted();
    await advance(3_600_000);
    expect(inFlight.signal.aborted).toBe(false);
    expect(timers).toHaveLength(1);
  });

  test("it is cut the moment the key is revoked", async () => {
    ledger = null;
    const inFlight = sendingFlight();
    await advance(600);
    await answer({ granted: false, reason: "revoked" });
    expect(inFlight.signal.aborted).toBe(true);
    expect(inFlight.refusal).toEqual({ reason: "revoked" });
  });

  test("it is cut when the lease runs out, though the ledger has not answered yet", async () => {
    ledger = null;
    const inFlight = sendingFlight();
    await advance(999);
    expect(inFlight.signal.aborted).toBe(false);
    await advance(1000);
    expect(inFlight.signal.aborted).toBe(true);
    expect(inFlight.refusal).toEqual({ reason: "ledger_unreachable" });
  });

  test("it is cut when the lease runs out and the ledger fails", async () => {
    ledger = null;
    const inFlight = sendingFlight();
    await advance(600);
    await fail();
    expect(inFlight.signal.aborted).toBe(false);
    await advance(1000);
    expect(inFlight.signal.aborted).toBe(true);
  });

  test("it does not begin under a lease that has run out", async () => {
    ledger = null;
    const inFlight = takeOff();
    await advance(1200);
    inFlight.headersReceived();
    expect(inFlight.signal.aborted).toBe(false);
    inFlight.bodyStarted();
    expect(inFlight.signal.aborted).toBe(true);
  });

  test("it is cut when the clock jumped back, at the next look", async () => {
    const inFlight = sendingFlight();
    await advance(400);
    time = -100_000;
    fire();
    expect(inFlight.signal.aborted).toBe(true);
  });
});

describe("who waits for work in a inFlight", () => {
  test("gets what the work brings", async () => {
    expect(await takeOff().unlessAborted(Promise.resolve("answer"))).toBe("answer");
    await expect(takeOff().unlessAborted(Promise.reject(new Error("reset")))).rejects.toThrow("reset");
  });

  test("waits no longer than the inFlight lasts", async () => {
    const inFlight = takeOff();
    const waiting = inFlight.unlessAborted(new Promise(() => {}));
    inFlight.abort({ reason: "client_gone" });
    expect(await waiting).toBeNull();
  });

  test("does not wait when the inFlight has ended before", async () => {
    const inFlight = takeOff();
    inFlight.abort({ reason: "client_gone" });
    expect(await inFlight.unlessAborted(new Promise(() => {}))).toBeNull();
  });
});

describe("a inFlight that is over", () => {
  test("has left no timer behind, landed or ended", async () => {
    takeOff().complete();
    expect(timers).toHaveLength(0);
    takeOff().abort({ reason: "client_gone" });
    expect(timers).toHaveLength(0);
  });

  test("is not ended any more once it has landed", async () => {
    const inFlight = takeOff();
    inFlight.complete();
    inFlight.abort({ reason: "client_gone" });
    expect(inFlight.signal.aborted).toBe(false);
    expect(inFlight.refusal).toBeNull();
  });

  test("shows a signal that is asked for later as aborted", () => {
    const inFlight = takeOff();
    inFlight.abort({ reason: "client_gone" });
    expect(inFlight.signal.aborted).toBe(true);
  });

  test("keeps the first reason for which it was ended", async () => {
    const inFlight = takeOff();
    inFlight.abort({ reason: "client_gone" });
    inFlight.abort({ reason: "origin_timeout" });
    expect(inFlight.refusal).toEqual({ reason: "client_gone" });
    expect(inFlight.signal.aborted).toBe(true);
  });

  test("pays no attention to an answer of the ledger that comes later", async () => {
    ledger = null;
    const inFlight = takeOff();
    await advance(600);
    inFlight.complete();
    await answer({ granted: false, reason: "revoked" });
    expect(inFlight.refusal).toBeNull();
    expect(inFlight.signal.aborted).toBe(false);
    expect(timers).toHaveLength(0);
  });

  test("asks the ledger nothing more", async () => {
    const inFlight = takeOff();
    await advance(600);
    inFlight.complete();
    const asked = calls.length;
    await advance(60_000);
    expect(calls).toHaveLength(asked);
  });
});

test("each inFlight watches by itself: the end of one does not end another", async () => {
  const [first, second] = [takeOff(), takeOff()];
  first.abort({ reason: "client_gone" });
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

function takeOff(originTimeoutMs = ORIGIN_TIMEOUT_MS): InFlightRequest {
  return new InFlightRequest(lease, { clock, schedule, lifetime }, originTimeoutMs);
}

function sendingFlight(): InFlightRequest {
  const inFlight = takeOff();
  inFlight.headersReceived();
  inFlight.bodyStarted();
  return inFlight;
}

const lifetime = { keepAlive: () => {}, waitUntil: () => {} };

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
