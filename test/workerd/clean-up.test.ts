// The ledger's alarm removes abandoned creations, from SQLite and from KV, and expired answers. It never changes an
// issued key, and is not set again when nothing is left to do.

import { reset } from "cloudflare:test";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import {
  advanceClock,
  CALLER,
  claimsCount,
  deleteKvRecords,
  failKv,
  kvNames,
  loseKvAnswers,
  NEW_KEY,
  SETTINGS,
  TestLedger,
} from "./test-ledger.ts";

const ABANDONED_AFTER_MS = 180_000;
const DAY_MS = 86_400_000;
const SECRET_KEPT_MS = 600_000;
const ROW = { ...NEW_KEY, sha256: "ab".repeat(32), created_at: null };

let ledger: TestLedger;

beforeEach(() => {
  ledger = new TestLedger();
});
afterEach(async () => {
  vi.useRealTimers();
  vi.restoreAllMocks();
  await reset();
});

async function failToCreate(): Promise<void> {
  const answer = await ledger.run((it) => it.createKey(ledger.account, NEW_KEY, CALLER));
  expect(answer).toEqual({ reason: "store_unreachable" });
}

function importRow(into = ledger) {
  return into.run((it) => it.importKeys(into.account, [ROW], CALLER, "a digest"));
}

const states = () => ledger.rows("SELECT state, count(*) AS keys FROM keys GROUP BY state");

describe("a creation whose KV write fails", () => {
  test.each([
    ["without effect", () => failKv("put")],
    ["after taking effect", loseKvAnswers],
  ])("%s is removed by alarm, row and record, and the account's keys stay", async (_, fail) => {
    await ledger.create();
    const entries = await kvNames();
    const restore = fail();
    await failToCreate();
    restore();
    expect(await ledger.alarmInMs()).toBeLessThanOrEqual(ABANDONED_AFTER_MS);

    advanceClock(ABANDONED_AFTER_MS + 1000);
    expect(await ledger.runAlarm()).toBe(true);
    expect(await states()).toEqual([{ state: "issued", keys: 1 }]);
    expect(await kvNames()).toEqual(entries);
    expect(await ledger.alarmInMs()).toBeNull();
  });

  test("is kept while it may still be in progress", async () => {
    const restore = loseKvAnswers();
    await failToCreate();
    restore();
    advanceClock(ABANDONED_AFTER_MS - 5000);
    expect(await ledger.runAlarm()).toBe(true);
    expect(await states()).toEqual([{ state: "creating", keys: 1 }]);
    expect(await kvNames()).toHaveLength(1);
    expect(await ledger.alarmInMs()).toBeGreaterThan(0);
  });

  test("is removed after a restart of the ledger", async () => {
    const restore = loseKvAnswers();
    await failToCreate();
    restore();
    await ledger.restart();
    advanceClock(ABANDONED_AFTER_MS + 1000);
    await ledger.runAlarm();
    expect([await states(), await kvNames()]).toEqual([[], []]);
  });

  test("is removed by a later alarm when KV fails again, and gets no lease until then", async () => {
    const restore = loseKvAnswers();
    await failToCreate();
    restore();
    const [row] = await ledger.rows("SELECT id FROM keys");
    advanceClock(ABANDONED_AFTER_MS + 1000);
    const restoreDelete = failKv("delete");
    for (let i = 0; i < 3; i++) {
      await ledger.runAlarm().catch(() => {});
      expect(await states()).toEqual([{ state: "abandoned", keys: 1 }]);
      expect(await ledger.alarmInMs(), "the next alarm").not.toBeNull();
      expect(await ledger.lease(String(row?.id))).toEqual({
        granted: false,
        reason: "not_in_ledger",
      });
    }
    restoreDelete();
    expect(await ledger.runAlarm()).toBe(true);
    expect([await states(), await kvNames()]).toEqual([[], []]);
  });

  test("cannot be issued after it was abandoned", async () => {
    const { promise: atKv, resolve: arrived } = Promise.withResolvers<void>();
    const { promise: held, resolve: letGo } = Promise.withResolvers<void>();
    const kv = SETTINGS.API_KEYS;
    const put = kv.put.bind(kv);
    vi.spyOn(kv, "put").mockImplementation(async (name: string, value: unknown) => {
      arrived();
      await held;
      await put(name, value as string);
    });
    const answer = await ledger.run(async (it) => {
      const creating = it.createKey(ledger.account, NEW_KEY, CALLER);
      await atKv;
      advanceClock(ABANDONED_AFTER_MS + 1000);
      await it.alarm();
      letGo();
      return await creating;
    });
    expect(answer).toEqual({ reason: "store_unreachable" });
    expect(await ledger.run((it) => it.listKeys(50, null, { includeRevoked: true }))).toEqual({
      reason: "not_found",
    });
  });
});

describe("an import whose KV write fails", () => {
  test("is completed by the next call, and kept by the alarm", async () => {
    const restore = loseKvAnswers();
    for (let i = 0; i < 2; i++) expect(await importRow()).toEqual([{ error: "store_unreachable" }]);
    restore();
    const verdicts = await importRow();
    expect(verdicts).toEqual([{ id: expect.stringMatching(/^key_/) }]);
    advanceClock(ABANDONED_AFTER_MS + 1000);
    await ledger.runAlarm();
    expect(await importRow()).toEqual(verdicts);
    expect([await states(), await kvNames()]).toEqual([[{ state: "issued", keys: 1 }], [expect.any(String)]]);
  });

  test("that was abandoned is refused until the alarm has removed it, and succeeds then", async () => {
    const restore = loseKvAnswers();
    await importRow();
    restore();
    advanceClock(ABANDONED_AFTER_MS + 1000);
    const restoreDelete = failKv("delete");
    await ledger.runAlarm().catch(() => {});
    expect(await importRow()).toEqual([{ error: "store_unreachable" }]);
    restoreDelete();
    await ledger.runAlarm();
    expect(await importRow()).toEqual([{ id: expect.stringMatching(/^key_/) }]);
    expect(await kvNames()).toHaveLength(1);
  });

  test("keeps the key from other accounts until the alarm has removed it", async () => {
    const restore = failKv("put");
    expect(await importRow()).toEqual([{ error: "store_unreachable" }]);
    restore();
    const other = new TestLedger();
    expect(await importRow(other)).toEqual([{ error: "known_elsewhere" }]);
    expect(await other.rows("SELECT * FROM keys")).toEqual([]);

    advanceClock(ABANDONED_AFTER_MS + 1000);
    await ledger.runAlarm();
    expect(await states()).toEqual([]);
    expect(await importRow(other)).toEqual([{ id: expect.any(String) }]);
    expect(await importRow()).toEqual([{ error: "known_elsewhere" }]);
  });

  test("of many rows is removed in several alarms", async () => {
    const restore = failKv("put");
    const rows = Array.from({ length: 260 }, (_, i) => ({
      ...ROW,
      sha256: i.toString(16).padStart(64, "0"),
    }));
    await ledger.run((it) => it.importKeys(ledger.account, rows, CALLER, ""));
    restore();
    advanceClock(ABANDONED_AFTER_MS + 1000);
    await ledger.runAlarm();
    expect(await states()).toEqual([{ state: "abandoned", keys: 10 }]);
    expect(await ledger.alarmInMs()).toBeLessThanOrEqual(0);
    await ledger.runAlarm();
    expect(await states()).toEqual([]);
    expect(await claimsCount()).toBe(0);
    expect(await ledger.alarmInMs()).toBeNull();
  });

  test("that another account has claimed since is removed without deleting that account's record", async () => {
    const restore = loseKvAnswers();
    await importRow();
    restore();
    const [row] = await ledger.rows("SELECT id FROM keys");
    await ledger.releaseClaim(String(row?.id));
    const other = new TestLedger();
    // The record of the first attempt is there; its ledger still has the row.
    expect(await importRow(other)).toEqual([{ error: "known_elsewhere" }]);
    await deleteKvRecords();
    expect(await importRow(other)).toEqual([{ id: expect.any(String) }]);
    const [entry] = await kvNames();

    advanceClock(ABANDONED_AFTER_MS + 1000);
    await ledger.runAlarm();
    expect(await states()).toEqual([]);
    expect(await SETTINGS.API_KEYS.get(entry ?? "")).toContain(`"${other.account}"`);
  });
});

describe("an answer kept for an Idempotency-Key", () => {
  test("is repeated for ten minutes, withheld for 24 hours and not longer, with or without an alarm", async () => {
    const first = await ledger.create("retry");
    advanceClock(SECRET_KEPT_MS - 5000);
    expect(await ledger.create("retry")).toEqual(first);
    advanceClock(10_000);
    await expect(ledger.create("retry")).rejects.toThrow("secret_withheld");
    advanceClock(DAY_MS - SECRET_KEPT_MS - 10_000);
    await expect(ledger.create("retry")).rejects.toThrow("secret_withheld");
    advanceClock(10_000);
    const second = await ledger.create("retry");
    expect(second.id).not.toBe(first.id);
    expect(await ledger.create("retry")).toEqual(second);
  });

  test("is deleted by the last alarm, and its secret by an earlier one", async () => {
    await ledger.create("one");
    advanceClock(3_600_000);
    await ledger.create("two");
    const answers = () => ledger.rows("SELECT name FROM answers ORDER BY name");
    const secrets = () => ledger.rows("SELECT name FROM answers WHERE sealed_secret IS NOT NULL");
    // The first alarm is for creations, the second one for secrets, the following ones for answers.
    await ledger.runAlarm();
    expect(await answers()).toEqual([{ name: "one" }, { name: "two" }]);
    expect(await secrets()).toEqual([{ name: "two" }]);
    expect(await ledger.alarmInMs()).toBeLessThanOrEqual(SECRET_KEPT_MS);
    advanceClock(SECRET_KEPT_MS + 1000);
    await ledger.runAlarm();
    expect(await secrets()).toEqual([]);
    expect(await ledger.alarmInMs()).toBeGreaterThan(DAY_MS - SECRET_KEPT_MS - 3_700_000);
    advanceClock(DAY_MS - 3_600_000 - SECRET_KEPT_MS);
    await ledger.runAlarm();
    expect(await answers()).toEqual([{ name: "two" }]);
    advanceClock(3_600_000);
    await ledger.runAlarm();
    expect(await answers()).toEqual([]);
    expect(await ledger.alarmInMs()).toBeNull();
    expect(await states()).toEqual([{ state: "issued", keys: 2 }]);
  });

  test("is opened with the previous pepper, and with no other", async () => {
    const first = await ledger.create("retry");
    const retry = (settings: Record<string, unknown>) =>
      ledger.run(
        (it) => it.createKey(ledger.account, NEW_KEY, { ...CALLER, idempotencyKey: "retry" }),
        settings,
      );
    const KEY_PEPPER = "a pepper of another time";
    expect(await retry({ KEY_PEPPER, KEY_PEPPER_PREVIOUS: SETTINGS.KEY_PEPPER })).toEqual(first);
    const answer = await retry({ KEY_PEPPER }).catch((error: Error) => error);
    expect(JSON.stringify(answer) + String(answer)).not.toContain(first.secret);
  });
});

test("a ledger with nothing to clean up has no alarm", async () => {
  const { id } = await ledger.create();
  await ledger.runAlarm();
  await ledger.run((it) => it.changeAccount(ledger.account, { tier: "pro" }, CALLER));
  await ledger.run((it) => it.revokeKey(id, CALLER, null));
  expect(await ledger.alarmInMs()).toBeNull();
});
