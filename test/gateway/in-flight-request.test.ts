// One request in flight, over a real lease, a manual clock, manual timers and a scripted ledger. Times are milliseconds
// since the start of each test.

import { beforeEach, describe, expect, test } from "vitest";
import { InFlightRequest } from "../../src/gateway/in-flight-request.ts";
import type { Schedule } from "../../src/keys/time-limit.ts";
import { Lease } from "../../src/leases/lease.ts";
import { LeaseClock } from "../../src/leases/lease-clock.ts";
import type { LeaseAnswer, Terms } from "../../src/leases/protocol.ts";
import type { Refusal } from "../../src/refusals.ts";
import { grantAnswer } from "../support/lease-answers.ts";

const TTL_MS = 1000;
const LEDGER_LIMIT_MS = 2000;
const ORIGIN_TIMEOUT_MS = 30_000;

interface Timer {
  readonly at: number;
  readonly task: () => void;
}

let time: number;
/** What the clock reads until it is checked with no timer pending; null: the time. */
let heldBackAt: number | null;
let timers: Timer[];
let calls: PromiseWithResolvers<LeaseAnswer>[];
/** The ledger's immediate answer; null: it answers when the test calls `answer`. */
let ledger: LeaseAnswer | null;
let clock: LeaseClock;
let logged: unknown[];
let lease: Lease;
let judge: (terms: Terms) => Refusal | null;

beforeEach(async () => {
  time = 0;
  heldBackAt = null;
  timers = [];
  calls = [];
  logged = [];
  judge = () => null;
  ledger = granted();
  clock = new LeaseClock(() => heldBackAt ?? time);
  lease = new Lease(askLedger, clock, LEDGER_LIMIT_MS);
  await lease.renew({ schedule });
  calls = [];
});

describe("while the origin works", () => {
  test("a request with a good key continues, with one ledger call per half lease", async () => {
    const inFlight = startRequest();
    await advance(10_250);
    expect(inFlight.signal.aborted).toBe(false);
    expect(inFlight.refusal).toBeNull();
    expect(calls).toHaveLength(20);
    expect(lease.isValid()).toBe(true);
  });

  test("the first half of a lease costs no ledger call", async () => {
    startRequest();
    await advance(499);
    expect(calls).toHaveLength(0);
  });

  test("an expired lease is renewed at once", async () => {
    time = TTL_MS;
    startRequest();
    await advance(TTL_MS + 1);
    expect(calls).toHaveLength(1);
    expect(lease.isValid()).toBe(true);
  });

  test("a request never has more than one timer", async () => {
    startRequest();
    for (let at = 0; at <= 5000; at += 50) {
      await advance(at);
      expect(timers).toHaveLength(1);
    }
  });

  test.each(["revoked", "expired"] as const)(
    "a request is aborted as soon as its key is %s",
    async (reason) => {
      ledger = null;
      const inFlight = startRequest();
      await advance(700);
      expect(inFlight.signal.aborted).toBe(false);
      await answer({ granted: false, reason });
      expect(inFlight.signal.aborted).toBe(true);
      expect(inFlight.refusal).toEqual({ reason });
    },
  );

  test("a request is aborted when another request's renewal is refused, before its lease expires", async () => {
    const inFlight = startRequest();
    ledger = null;
    await advance(300);
    void lease.renew({ schedule });
    await answer({ granted: false, reason: "revoked" });
    await advance(999);
    expect(inFlight.refusal).toEqual({ reason: "revoked" });
    expect(inFlight.signal.aborted).toBe(true);
  });

  test("a request is aborted when another request's renewal is refused, though its own renewal hangs", async () => {
    ledger = null;
    const inFlight = startRequest();
    await advance(1100);
    expect(calls).toHaveLength(1);
    void lease.renew({ schedule });
    await answer({ granted: false, reason: "revoked" });
    await advance(1200);
    expect(inFlight.refusal).toEqual({ reason: "revoked" });
    expect(timers).toHaveLength(0);
  });

  test("a request waits for a slow ledger, also beyond the lease's expiry", async () => {
    ledger = null;
    const inFlight = startRequest();
    await advance(2400);
    expect(inFlight.signal.aborted).toBe(false);
    expect(calls).toHaveLength(1);
    ledger = granted();
    // The lease has expired on arrival, so another one is requested.
    await answer(granted());
    expect(inFlight.signal.aborted).toBe(false);
    expect(calls).toHaveLength(2);
    expect(lease.isValid()).toBe(true);
  });

  test("a request ends as ledger_unreachable when the ledger fails and the lease has expired", async () => {
    ledger = null;
    const inFlight = startRequest();
    await advance(1200);
    await fail();
    expect(inFlight.signal.aborted).toBe(true);
    expect(inFlight.refusal).toEqual({ reason: "ledger_unreachable" });
  });

  test("a fault of the ledger is logged, and ends the request once the lease has expired", async () => {
    ledger = null;
    const inFlight = startRequest();
    await advance(600);
    await fail(new TypeError("a fault"));
    expect(inFlight.signal.aborted).toBe(false);
    await advance(1200);
    await fail(new TypeError("another"));
    expect(inFlight.refusal).toEqual({ reason: "exception" });
    expect(logged.map(String)).toEqual(["TypeError: a fault", "TypeError: another"]);
  });

  test("a failed renewal is repeated while the lease is valid", async () => {
    ledger = null;
    const inFlight = startRequest();
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

  test("a key that is no longer in the ledger aborts the request when its lease has expired", async () => {
    ledger = { granted: false, reason: "not_in_ledger" };
    const inFlight = startRequest();
    await advance(999);
    expect(inFlight.refusal).toBeNull();
    await advance(1001);
    expect(inFlight.refusal).toEqual({ reason: "not_in_ledger" });
  });

  test("a clock that steps back voids the lease, and the request continues under a new one", async () => {
    const inFlight = startRequest();
    await advance(400);
    time = -100_000;
    checkClock();
    expect(lease.isValid()).toBe(false);
    fire();
    await settled();
    expect(lease.isValid()).toBe(true);
    expect(inFlight.signal.aborted).toBe(false);
  });
});

describe("the origin's time limit", () => {
  test("aborts the request when it has passed, and not before", async () => {
    const inFlight = startRequest();
    await advance(ORIGIN_TIMEOUT_MS - 1);
    expect(inFlight.signal.aborted).toBe(false);
    await advance(ORIGIN_TIMEOUT_MS);
    expect(inFlight.signal.aborted).toBe(true);
    expect(inFlight.refusal).toEqual({ reason: "origin_timeout" });
    expect(timers).toHaveLength(0);
  });

  test("starts again with each piece of the upload that the origin takes", async () => {
    const inFlight = startRequest();
    for (let piece = 1; piece <= 5; piece++) {
      await advance(piece * (ORIGIN_TIMEOUT_MS - 1));
      inFlight.uploadProgressed();
    }
    await advance(time + ORIGIN_TIMEOUT_MS - 1);
    expect(inFlight.signal.aborted).toBe(false);
    await advance(time + 1);
    expect(inFlight.refusal).toEqual({ reason: "origin_timeout" });
  });

  test("is longer for the rest of an upload of which only the end is seen", async () => {
    const inFlight = startRequest();
    inFlight.uploadProgressed(10_000);
    await advance(ORIGIN_TIMEOUT_MS + 9_999);
    expect(inFlight.signal.aborted).toBe(false);
    inFlight.uploadProgressed();
    await advance(time + ORIGIN_TIMEOUT_MS);
    expect(inFlight.refusal).toEqual({ reason: "origin_timeout" });
  });

  test("does not start again with an upload that goes on after the origin has answered", async () => {
    const inFlight = startRequest();
    inFlight.headersReceived();
    inFlight.uploadProgressed();
    await advance(10 * ORIGIN_TIMEOUT_MS);
    expect(inFlight.signal.aborted).toBe(false);
  });

  test("applies also while a ledger call hangs", async () => {
    ledger = null;
    const inFlight = startRequest(1500);
    await advance(1500);
    expect(inFlight.refusal).toEqual({ reason: "origin_timeout" });
  });

  test("no longer applies once the origin has answered", async () => {
    const inFlight = startRequest();
    await advance(10_000);
    inFlight.headersReceived();
    await advance(10 * ORIGIN_TIMEOUT_MS);
    expect(inFlight.signal.aborted).toBe(false);
  });

  test("yields to a revoked key: the client gets the key's refusal", async () => {
    ledger = null;
    const inFlight = startRequest(700);
    await advance(699);
    void lease.renew({ schedule });
    await answer({ granted: false, reason: "revoked" });
    await advance(700);
    expect(inFlight.refusal).toEqual({ reason: "revoked" });
  });
});

describe("while a body is sent", () => {
  test("it continues for hours with a good key", async () => {
    const inFlight = startRequest();
    inFlight.headersReceived();
    inFlight.bodyStarted();
    await advance(3_600_000);
    expect(inFlight.signal.aborted).toBe(false);
    expect(timers).toHaveLength(1);
  });

  test("it is aborted as soon as the key is revoked", async () => {
    ledger = null;
    const inFlight = startBody();
    await advance(600);
    await answer({ granted: false, reason: "revoked" });
    expect(inFlight.signal.aborted).toBe(true);
    expect(inFlight.refusal).toEqual({ reason: "revoked" });
  });

  test("it is aborted when the lease expires before the ledger answers", async () => {
    ledger = null;
    const inFlight = startBody();
    await advance(999);
    expect(inFlight.signal.aborted).toBe(false);
    await advance(1000);
    expect(inFlight.signal.aborted).toBe(true);
    expect(inFlight.refusal).toEqual({ reason: "ledger_unreachable" });
  });

  test("it is aborted when the ledger fails and the lease expires", async () => {
    ledger = null;
    const inFlight = startBody();
    await advance(600);
    await fail();
    expect(inFlight.signal.aborted).toBe(false);
    await advance(1000);
    expect(inFlight.signal.aborted).toBe(true);
  });

  test("it does not start under an expired lease", async () => {
    ledger = null;
    const inFlight = startRequest();
    await advance(1200);
    inFlight.headersReceived();
    expect(inFlight.signal.aborted).toBe(false);
    inFlight.bodyStarted();
    expect(inFlight.signal.aborted).toBe(true);
  });

  test("it is aborted at the next check after the clock has stepped back", async () => {
    const inFlight = startBody();
    await advance(400);
    time = -100_000;
    fire();
    expect(inFlight.signal.aborted).toBe(true);
  });
});

describe("unlessAborted", () => {
  test("resolves with the result of the work", async () => {
    expect(await startRequest().unlessAborted(Promise.resolve("answer"))).toBe("answer");
    await expect(startRequest().unlessAborted(Promise.reject(new Error("reset")))).rejects.toThrow("reset");
  });

  test("resolves with null when the request is aborted", async () => {
    const inFlight = startRequest();
    const waiting = inFlight.unlessAborted(new Promise(() => {}));
    inFlight.abort({ reason: "client_gone" });
    expect(await waiting).toBeNull();
  });

  test("resolves with null when the request was aborted before", async () => {
    const inFlight = startRequest();
    inFlight.abort({ reason: "client_gone" });
    expect(await inFlight.unlessAborted(new Promise(() => {}))).toBeNull();
  });
});

describe("a request that has completed or was aborted", () => {
  test("has no timer", async () => {
    startRequest().complete();
    expect(timers).toHaveLength(0);
    startRequest().abort({ reason: "client_gone" });
    expect(timers).toHaveLength(0);
  });

  test("cannot be aborted after it has completed", async () => {
    const inFlight = startRequest();
    inFlight.complete();
    inFlight.abort({ reason: "client_gone" });
    expect(inFlight.signal.aborted).toBe(false);
    expect(inFlight.refusal).toBeNull();
  });

  test("has an aborted signal, also when the signal is first read later", () => {
    const inFlight = startRequest();
    inFlight.abort({ reason: "client_gone" });
    expect(inFlight.signal.aborted).toBe(true);
  });

  test("keeps its first refusal", async () => {
    const inFlight = startRequest();
    inFlight.abort({ reason: "client_gone" });
    inFlight.abort({ reason: "origin_timeout" });
    expect(inFlight.refusal).toEqual({ reason: "client_gone" });
    expect(inFlight.signal.aborted).toBe(true);
  });

  test("ignores a later answer of the ledger", async () => {
    ledger = null;
    const inFlight = startRequest();
    await advance(600);
    inFlight.complete();
    await answer({ granted: false, reason: "revoked" });
    expect(inFlight.refusal).toBeNull();
    expect(inFlight.signal.aborted).toBe(false);
    expect(timers).toHaveLength(0);
  });

  test("makes no more ledger calls", async () => {
    const inFlight = startRequest();
    await advance(600);
    inFlight.complete();
    const asked = calls.length;
    await advance(60_000);
    expect(calls).toHaveLength(asked);
  });
});

test("aborting one request does not abort another with the same lease", async () => {
  const [first, second] = [startRequest(), startRequest()];
  first.abort({ reason: "client_gone" });
  await advance(5000);
  expect(second.signal.aborted).toBe(false);
  expect(calls.length).toBeGreaterThan(0);
  ledger = { granted: false, reason: "revoked" };
  await advance(6000);
  expect(second.refusal).toEqual({ reason: "revoked" });
});

test("two requests under one lease make no more ledger calls than one", async () => {
  startRequest();
  startRequest();
  await advance(10_250);
  expect(calls).toHaveLength(20);
});

test("a body is cut at the first check after a pause, though an overdue timer holds the clock back", async () => {
  ledger = null;
  const inFlight = startBody();
  time = 5000;
  heldBackAt = TTL_MS / 2;
  fire();
  expect(inFlight.signal.aborted).toBe(true);
});

describe("when the lease is renewed on other terms", () => {
  const NARROWER: Terms = { permissions: ["posts:read"], allowed_ips: [], account_allowed_ips: [] };
  const FORBIDDEN: Refusal = { reason: "missing_permission", permission: "posts:write" };

  function renewOn(terms: Terms): void {
    ledger = { granted: true, ttl_ms: TTL_MS, terms, permits: null };
  }

  test("a request that they do not allow is aborted, before the lease on the old ones ends", async () => {
    judge = ({ permissions }) => (permissions.length === 0 ? null : FORBIDDEN);
    const inFlight = startRequest();
    renewOn(NARROWER);
    await advance(TTL_MS - 1);
    expect(inFlight.refusal).toEqual(FORBIDDEN);
    expect(inFlight.signal.aborted).toBe(true);
  });

  test("a body that they do not allow is cut", async () => {
    judge = ({ permissions }) => (permissions.length === 0 ? null : FORBIDDEN);
    const inFlight = startBody();
    renewOn(NARROWER);
    await advance(TTL_MS - 1);
    expect(inFlight.signal.aborted).toBe(true);
  });

  test("a request that they still allow goes on", async () => {
    const inFlight = startRequest();
    renewOn(NARROWER);
    await advance(10_000);
    expect(inFlight.refusal).toBeNull();
  });

  test("each version of the terms is judged once", async () => {
    let judged = 0;
    judge = () => {
      judged += 1;
      return null;
    };
    startRequest();
    await advance(3000);
    renewOn(NARROWER);
    await advance(6000);
    renewOn({ ...NARROWER, allowed_ips: ["10.0.0.0/8"] });
    await advance(9000);
    expect(judged).toBe(3);
  });

  test("judging them at once aborts the request too", async () => {
    judge = ({ permissions }) => (permissions.length === 0 ? null : FORBIDDEN);
    const inFlight = startRequest();
    expect(inFlight.judge()).toBeNull();
    time = TTL_MS;
    renewOn(NARROWER);
    await lease.renew({ schedule });
    expect(inFlight.judge()).toEqual(FORBIDDEN);
    expect(inFlight.refusal).toEqual(FORBIDDEN);
  });
});

test("a request whose key is suspended is aborted, and so is one that comes next, without a call", async () => {
  const first = startRequest();
  ledger = { granted: false, reason: "suspended", ttl_ms: TTL_MS };
  await advance(TTL_MS - 1);
  expect(first.refusal).toEqual({ reason: "suspended" });
  const made = calls.length;
  const second = startRequest();
  await advance(TTL_MS + 10);
  expect(second.refusal).toEqual({ reason: "suspended" });
  expect(calls).toHaveLength(made);
});

function startRequest(originTimeoutMs = ORIGIN_TIMEOUT_MS): InFlightRequest {
  const context = { clock, schedule, lifetime, waitUntil, checkClock, logException };
  return new InFlightRequest(lease, context, judge, originTimeoutMs);
}

function startBody(): InFlightRequest {
  const inFlight = startRequest();
  inFlight.headersReceived();
  inFlight.bodyStarted();
  return inFlight;
}

const lifetime = { keepAlive: () => {} };
const waitUntil = () => {};
const checkClock = () => {
  heldBackAt = null;
  clock.checkForStep();
};
const logException = (error: unknown) => void logged.push(error);

const schedule: Schedule = (ms, task) => {
  const timer = { at: time + ms, task };
  timers.push(timer);
  return () => {
    timers = timers.filter((other) => other !== timer);
  };
};

/** Advances the clock to that moment and runs every timer on its time. */
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

/** Runs the only timer without advancing the clock: on the platform, timers and the clock are independent. */
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

async function fail(error = new Error("the ledger is down")): Promise<void> {
  calls.at(-1)?.reject(error);
  await settled();
}

function granted(): LeaseAnswer {
  return grantAnswer(TTL_MS);
}

/** Resolves after all pending microtasks. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
