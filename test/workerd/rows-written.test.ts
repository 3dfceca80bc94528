/// <reference types="vite/client" />
// The rows that a key in use costs, set alarms included: the ledger's own tables in workerd, with the clock moved and the
// ledger hibernating as it would. The table in docs/performance.md states them.

import { afterEach, expect, test, vi } from "vitest";
import PAGE from "../../docs/performance.md?raw";
import { enforceLimit } from "../../src/gateway/enforce-limit.ts";
import { Lease } from "../../src/leases/lease.ts";
import { LeaseClock } from "../../src/leases/lease-clock.ts";
import type { LeaseUser } from "../../src/leases/lease-user.ts";
import type { LeaseAnswer } from "../../src/leases/protocol.ts";
import type { KeyLedger } from "../../src/ledger/key-ledger.ts";
import type { PolicyRow } from "../../src/policy.ts";
import type { Tier } from "../../src/rate-limits.ts";
import { isRefusal } from "../../src/refusals.ts";
import { CALLER, hashIn, leaseRequest, TestLedger } from "./test-ledger.ts";

const HIBERNATES_AFTER_MS = 10_000;
const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
/** The platform's own clock does not reach the alarms. */
const NOON = Date.parse("2100-01-01T12:00:00Z");
const LEDGER_TIMEOUT_MS = 2000;

const USER: LeaseUser = {
  schedule: () => () => {},
  checkClock: () => {},
  waitUntil: () => {},
  waitForLedger: (call) => call(),
  logException: (error) => {
    throw error;
  },
};

afterEach(() => {
  vi.useRealTimers();
});

test.each([
  { tier: "unlimited", every: "hour", everyMs: HOUR_MS },
  { tier: "unlimited", every: "minute", everyMs: MINUTE_MS },
  { tier: "unlimited", every: "10 s", everyMs: 10_000 },
  { tier: "unlimited", every: "2 s", everyMs: 2000 },
  { tier: "pro", every: "hour", everyMs: HOUR_MS },
  { tier: "pro", every: "minute", everyMs: MINUTE_MS },
  { tier: "pro", every: "10 s", everyMs: 10_000 },
  { tier: "pro", every: "2 s", everyMs: 2000 },
] as const)(
  "a key of tier $tier, used once each $every, writes the rows that the documentation states",
  async (load) => {
    const { tier, every, everyMs } = load;
    vi.useFakeTimers({ toFake: ["Date"], now: NOON });
    const requests = everyMs < MINUTE_MS ? 60 : 12;
    const isolate = await VirtualIsolate.start(tier);
    await isolate.request();
    isolate.rows = 0;
    for (let request = 0; request < requests; request++) {
      await isolate.passTime(everyMs);
      await isolate.request();
    }
    expect(PAGE).toContain(`\n| ${tier} | ${every} | ${(isolate.rows / requests).toFixed(2)} |`);
  },
);

/** An isolate that uses a key, and the rows that the key's ledger writes. */
class VirtualIsolate {
  /** With one for each alarm that was set, as it is billed. */
  rows = 0;
  readonly #ledger: TestLedger;
  readonly #lease: Lease;

  private constructor(ledger: TestLedger, id: string) {
    this.#ledger = ledger;
    this.#lease = new Lease(
      ({ uses, holder, permits }) =>
        this.#counting((it, state) =>
          it.lease({ ...leaseRequest(hashIn(state, id), uses), holder, permits }),
        ),
      new LeaseClock(Date.now),
      LEDGER_TIMEOUT_MS,
      "an isolate",
    );
  }

  static async start(tier: Tier): Promise<VirtualIsolate> {
    const ledger = new TestLedger();
    const { id } = await ledger.create();
    await ledger.run((it) => it.changeAccount(ledger.account, { tier }, CALLER));
    while (await ledger.runAlarm());
    return new VirtualIsolate(ledger, id);
  }

  async request(): Promise<void> {
    const refusal = await this.#lease.ensureValid(USER, "requests");
    const row = { limit: "requests" } as unknown as PolicyRow;
    const permit =
      refusal ??
      (await enforceLimit(
        { ...USER, lifetime: { keepAlive() {} }, report: { row, lease: "miss" } },
        this.#lease,
      ));
    if (isRefusal(permit)) throw new Error(permit.reason);
    this.#lease.returnUnused(USER);
  }

  /** Runs the alarms that are due, and hibernates as the platform does. */
  async passTime(ms: number): Promise<void> {
    const until = Date.now() + ms;
    let activeAt = Date.now();
    for (;;) {
      const alarmInMs = await this.#ledger.alarmInMs();
      if (alarmInMs === null || Date.now() + alarmInMs > until) break;
      vi.setSystemTime(Date.now() + Math.max(0, alarmInMs));
      activeAt = Date.now();
      await this.#runAlarm();
    }
    vi.setSystemTime(until);
    if (until - activeAt >= HIBERNATES_AFTER_MS) await this.#ledger.restart();
  }

  /** To clear an alarm is a change too, and is not billed. */
  async #runAlarm(): Promise<void> {
    const before = await this.#ledger.run((_, state) => changesIn(state));
    await this.#ledger.runAlarm();
    this.rows += (await this.#ledger.run((_, state) => changesIn(state))) - before - 1;
  }

  async #counting(work: (ledger: KeyLedger, state: DurableObjectState) => LeaseAnswer): Promise<LeaseAnswer> {
    return await this.#ledger.run((ledger, state) => {
      const before = changesIn(state);
      const answer = work(ledger, state);
      this.rows += changesIn(state) - before;
      return answer;
    });
  }
}

/** Since the object started; the alarm is a row as well. */
function changesIn({ storage }: DurableObjectState): number {
  return storage.sql.exec<{ n: number }>("SELECT total_changes() AS n").one().n;
}
