// Events that no call makes: a key that will expire, has expired, has reached its scheduled revocation, or has grown old.
// Each is written once, when it is due, and the alarm is set for the next one alone.

import { reset } from "cloudflare:test";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { KeyLedger } from "../../src/ledger/key-ledger.ts";
import { advanceClock, CALLER, NEW_KEY, TestLedger } from "./test-ledger.ts";

const DAY_MS = 86_400_000;
const WITH_EVENTS = {
  EVENTS_URL: "http://127.0.0.1:9/events",
  EVENTS_SECRET: `whsec_${btoa("a secret of more than 24 bytes")}`,
};

let ledger: TestLedger;

beforeEach(() => {
  ledger = new TestLedger();
  vi.spyOn(globalThis, "fetch").mockImplementation(async () => new Response(null, { status: 204 }));
  vi.spyOn(console, "error").mockImplementation(() => {});
});
afterEach(async () => {
  vi.useRealTimers();
  vi.restoreAllMocks();
  await reset();
});

const inDays = (days: number) => new Date(Date.now() + days * DAY_MS).toISOString();

function inLedger<Result>(work: (it: KeyLedger, state: DurableObjectState) => Result | Promise<Result>) {
  return ledger.run(work, WITH_EVENTS);
}

async function create(changes: object = {}): Promise<string> {
  const key = await inLedger((it) => it.createKey(ledger.account, { ...NEW_KEY, ...changes }, CALLER));
  if ("reason" in key) throw new Error(key.reason);
  return key.id;
}

/** The alarm fires that many days later, in a new instance. */
async function daysLater(days: number): Promise<void> {
  advanceClock(days * DAY_MS + 1000);
  await inLedger((it) => it.alarm());
}

async function reminders(): Promise<unknown[]> {
  const rows = await ledger.rows("SELECT * FROM events WHERE actor = 'gateway' ORDER BY number");
  return rows.map(({ action, key_id, details }) => [action, key_id, JSON.parse(String(details))]);
}

/** The sent ones are acknowledged, so the next alarm is for what is due later. */
async function nextAlarmInDays(): Promise<number> {
  await inLedger(async (it) => {
    await it.alarm();
    await new Promise((resolve) => setTimeout(resolve, 50));
  });
  const at = await ledger.rows("SELECT value FROM metadata WHERE name = 'reminders'");
  return Math.round((JSON.parse(String(at[0]?.value)).next_at - Date.now()) / DAY_MS);
}

describe("a live key", () => {
  test("is reported at 90 days, then every 30, each time once", async () => {
    const id = await create();
    expect(await nextAlarmInDays()).toBe(90);
    await daysLater(89);
    expect(await reminders()).toEqual([]);
    await daysLater(1);
    await daysLater(0);
    expect(await reminders()).toEqual([["aging", id, { name: NEW_KEY.name, age_days: 90 }]]);
    expect(await nextAlarmInDays()).toBe(30);
    await daysLater(30);
    expect((await reminders()).at(-1)).toEqual(["aging", id, { name: NEW_KEY.name, age_days: 120 }]);
  });

  test("that is revoked is not reported", async () => {
    const id = await create();
    await inLedger((it) => it.revokeKey(id, CALLER, null));
    await daysLater(91);
    expect(await reminders()).toEqual([]);
  });

  test("that was imported old is reported at its next age, not at those before", async () => {
    const row = { ...NEW_KEY, sha256: "ab".repeat(32), created_at: inDays(-100) };
    await inLedger((it) => it.importKeys(ledger.account, [row], CALLER, "digest"));
    expect(await nextAlarmInDays()).toBe(20);
    await daysLater(20);
    expect((await reminders()).map((one) => (one as unknown[])[2])).toEqual([
      { name: NEW_KEY.name, age_days: 120 },
    ]);
  });
});

test("a test key does not grow old", async () => {
  await create({ mode: "test" });
  await daysLater(400);
  expect(await reminders()).toEqual([]);
});

describe("a key that expires", () => {
  test("is reported seven days ahead and when it has expired", async () => {
    const expires_at = inDays(30);
    const id = await create({ mode: "test", expires_at });
    expect(await nextAlarmInDays()).toBe(23);
    await daysLater(23);
    expect(await reminders()).toEqual([["expiring", id, { name: NEW_KEY.name, expires_at }]]);
    await daysLater(7);
    expect((await reminders()).slice(1)).toEqual([["expired", id, { name: NEW_KEY.name }]]);
  });

  test("in less than seven days is reported when it has expired only", async () => {
    await create({ mode: "test", expires_at: inDays(3) });
    await daysLater(4);
    expect((await reminders()).map((one) => (one as unknown[])[0])).toEqual(["expired"]);
  });
});

test("a scheduled revocation is reported when it is reached, and not after it was cancelled", async () => {
  const [ends, stays] = [await create({ mode: "test" }), await create({ mode: "test" })];
  for (const id of [ends, stays]) {
    await inLedger((it) => it.changeKey(id, { revokes_at: inDays(2) }, CALLER));
  }
  await inLedger((it) => it.changeKey(stays, { revokes_at: null }, CALLER));
  await daysLater(3);
  expect(await reminders()).toEqual([["revoked", ends, { reason: "scheduled" }]]);
});

test("without EVENTS_URL there are no reminders and no alarm for them", async () => {
  await ledger.run((it) => it.createKey(ledger.account, { ...NEW_KEY, expires_at: inDays(10) }, CALLER));
  expect(await ledger.rows("SELECT * FROM metadata WHERE name = 'reminders'")).toEqual([]);
  expect(await ledger.alarmInMs()).toBeLessThan(DAY_MS);
});

test("an idle ledger with one live key is woken once a month", async () => {
  await create();
  let wakings = 0;
  for (let day = 0; day < 365; day++) {
    const before = (await reminders()).length;
    const rows = await ledger.rows("SELECT value FROM metadata WHERE name = 'reminders'");
    const { next_at } = JSON.parse(String(rows[0]?.value));
    if (next_at <= Date.now() + DAY_MS) {
      wakings += 1;
      await daysLater(1);
      expect((await reminders()).length).toBe(before + 1);
    } else advanceClock(DAY_MS);
  }
  expect(wakings).toBe(10);
});
