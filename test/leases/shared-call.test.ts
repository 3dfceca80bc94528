// Requests that wait for the same ledger call, over manual timers and a scripted ledger. Times are milliseconds since the
// start of each test.

import { beforeEach, describe, expect, test } from "vitest";
import { type CallUser, SharedCall } from "../../src/leases/shared-call.ts";
import type { Refusal } from "../../src/refusals.ts";

const LIMIT_MS = 2000;
const UNREACHABLE: Refusal = { reason: "ledger_unreachable" };

interface Timer {
  readonly dueAt: number;
  readonly task: () => void;
}

let now: number;
let timers: Set<Timer>;
let calls: (PromiseWithResolvers<Refusal | null> & { readonly limitMs: number })[];
let keptAlive: Promise<unknown>[];
let shared: SharedCall;

const user: CallUser = {
  checkClock: () => {},
  waitUntil: (work) => void keptAlive.push(work),
  schedule: (ms, task) => {
    const timer = { dueAt: now + ms, task };
    timers.add(timer);
    return () => void timers.delete(timer);
  },
};

beforeEach(() => {
  now = 0;
  timers = new Set();
  calls = [];
  keptAlive = [];
  shared = new SharedCall(() => now);
});

test.each<Refusal | null>([null, { reason: "revoked" }, { reason: "not_in_ledger" }])(
  "1,000 requests share one call, and its outcome: %o",
  async (outcome) => {
    const waiting = Array.from({ length: 1000 }, () => wait());
    calls[0]?.resolve(outcome);
    expect(new Set(await Promise.all(waiting))).toEqual(new Set([outcome]));
    expect([calls.length, timers.size]).toEqual([1, 0]);
  },
);

test("a request after the end of a call makes another one", async () => {
  const first = wait();
  calls[0]?.resolve(null);
  await first;
  void wait();
  expect(calls).toHaveLength(2);
});

test("the call is kept alive until it has ended, whatever becomes of the request that made it", async () => {
  void wait();
  let ended = false;
  void keptAlive[0]?.then(() => {
    ended = true;
  });
  await settled();
  expect([keptAlive.length, ended]).toEqual([1, false]);
  calls[0]?.resolve(null);
  await settled();
  expect(ended).toBe(true);
});

describe("while a call hangs", () => {
  test("the others wait for half of the time limit, then share another call for the rest of it", async () => {
    const leader = wait();
    const others = [wait(), wait(), wait()];
    await passTo(LIMIT_MS / 2 - 1);
    expect(calls).toHaveLength(1);
    await passTo(LIMIT_MS / 2);
    expect(calls.map(({ limitMs }) => limitMs)).toEqual([LIMIT_MS, LIMIT_MS / 2]);
    calls[1]?.resolve(null);
    expect(await Promise.all(others)).toEqual([null, null, null]);
    expect(await leader).toBeNull();
  });

  test("its late answer is enough for those who wait for the second call", async () => {
    const waiting = [wait(), wait(), wait()];
    await passTo(LIMIT_MS / 2);
    calls[0]?.resolve(null);
    expect(await Promise.all(waiting)).toEqual([null, null, null]);
    expect(timers.size).toBe(0);
  });

  test("and the second one too, every request is refused within the time limit", async () => {
    void wait();
    const others = [wait(), wait()];
    await passTo(LIMIT_MS / 2);
    await passTo(LIMIT_MS);
    // The second call keeps to its limit.
    calls[1]?.resolve(UNREACHABLE);
    expect(await Promise.all(others)).toEqual([UNREACHABLE, UNREACHABLE]);
    expect(calls).toHaveLength(2);
  });

  test("a request that comes after half of the time limit makes a call at once, and others share it", async () => {
    void wait();
    now = LIMIT_MS / 2;
    void wait();
    void wait();
    expect(calls).toHaveLength(2);
  });
});

describe("a call that fails", () => {
  const FAILURES: [string, (call: number) => void][] = [
    ["without an answer", (call) => calls[call]?.resolve(UNREACHABLE)],
    ["with a fault", (call) => calls[call]?.reject(new TypeError("a fault"))],
  ];

  test.each(FAILURES)("%s is repeated once, by those who had waited for it", async (_, fail) => {
    const leader = wait().catch(String);
    const others = [wait(), wait(), wait()];
    fail(0);
    await settled();
    expect(calls).toHaveLength(2);
    calls[1]?.resolve(null);
    expect(await Promise.all(others)).toEqual([null, null, null]);
    expect(await leader).not.toBeNull();
  });

  test.each(FAILURES)("%s twice is not repeated again", async (_, fail) => {
    const waiting = [wait(), wait(), wait()].map((request) => request.catch((error: Error) => error.message));
    fail(0);
    await settled();
    fail(1);
    const outcomes = await Promise.all(waiting);
    expect(outcomes).not.toContain(null);
    expect(calls).toHaveLength(2);
  });
});

test("a refusal for good ends every wait, that of a hanging call too", async () => {
  const first = wait();
  shared.start(user, LIMIT_MS, newCall(LIMIT_MS));
  calls[1]?.resolve({ reason: "revoked" });
  expect(await first).toEqual({ reason: "revoked" });
});

test("another refusal ends the waits for its own call only", async () => {
  const first = wait();
  shared.start(user, LIMIT_MS, newCall(LIMIT_MS));
  calls[1]?.resolve({ reason: "not_in_ledger" });
  await settled();
  calls[0]?.resolve(null);
  expect(await first).toBeNull();
});

test("requests wait for a call in the background, and make one if it fails", async () => {
  shared.start(user, LIMIT_MS, newCall(LIMIT_MS));
  const waiting = [wait(), wait()];
  expect(calls).toHaveLength(1);
  calls[0]?.resolve(UNREACHABLE);
  await settled();
  expect(calls).toHaveLength(2);
  calls[1]?.resolve(null);
  expect(await Promise.all(waiting)).toEqual([null, null]);
});

function wait(): Promise<Refusal | null> {
  return shared.wait(user, LIMIT_MS, (limitMs) => newCall(limitMs)());
}

function newCall(limitMs: number): () => Promise<Refusal | null> {
  return () => {
    const call = { ...Promise.withResolvers<Refusal | null>(), limitMs };
    calls.push(call);
    return call.promise;
  };
}

/** Fires the timers that are due by then. */
async function passTo(moment: number): Promise<void> {
  now = moment;
  for (const timer of timers) {
    if (timer.dueAt > now) continue;
    timers.delete(timer);
    timer.task();
  }
  await settled();
}

/** Resolves after all pending microtasks. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
