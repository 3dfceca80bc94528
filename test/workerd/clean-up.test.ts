// What the ledger's alarm puts right: a creation that never ended is undone, in SQLite and in KV, and an old answer
// is forgotten. It never touches a key that was issued, and rings no more once there is nothing to do.

import { reset } from "cloudflare:test";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import {
  BY,
  failKv,
  kvNames,
  LedgerAtHand,
  later,
  loseAnswersOfKv,
  NEW_KEY,
  SETTINGS,
} from "./ledger-at-hand.ts";

const ABANDONED_AFTER_MS = 180_000;
const DAY_MS = 86_400_000;
const ROW = { ...NEW_KEY, sha256: "ab".repeat(32), created_at: null };

let ledger: LedgerAtHand;

beforeEach(() => {
  ledger = new LedgerAtHand();
});
afterEach(async () => {
  vi.useRealTimers();
  vi.restoreAllMocks();
  await reset();
});

async function failToCreate(): Promise<void> {
  const answer = await ledger.run((it) => it.createKey(ledger.account, NEW_KEY, BY));
  expect(answer).toEqual({ reason: "store_unreachable" });
}

function importRow(into = ledger) {
  return into.run((it) => it.importKeys(into.account, [ROW], BY));
}

const states = () => ledger.rows("SELECT state, count(*) AS keys FROM keys GROUP BY state");

describe("a creation that KV failed", () => {
  test.each([
    ["before it wrote", () => failKv("put")],
    ["after it wrote", loseAnswersOfKv],
  ])("%s is undone by alarm, row and entry, and the account's keys stay", async (_, fail) => {
    await ledger.create();
    const entries = await kvNames();
    const mend = fail();
    await failToCreate();
    mend();
    expect(await ledger.alarmInMs()).toBeLessThanOrEqual(ABANDONED_AFTER_MS);

    later(ABANDONED_AFTER_MS + 1000);
    expect(await ledger.ringAlarm()).toBe(true);
    expect(await states()).toEqual([{ state: "issued", keys: 1 }]);
    expect(await kvNames()).toEqual(entries);
    expect(await ledger.alarmInMs()).toBeNull();
  });

  test("is left alone while it may still be under way", async () => {
    const mend = loseAnswersOfKv();
    await failToCreate();
    mend();
    later(ABANDONED_AFTER_MS - 5000);
    expect(await ledger.ringAlarm()).toBe(true);
    expect(await states()).toEqual([{ state: "creating", keys: 1 }]);
    expect(await kvNames()).toHaveLength(1);
    expect(await ledger.alarmInMs()).toBeGreaterThan(0);
  });

  test("is undone after the ledger restarted", async () => {
    const mend = loseAnswersOfKv();
    await failToCreate();
    mend();
    await ledger.restart();
    later(ABANDONED_AFTER_MS + 1000);
    await ledger.ringAlarm();
    expect([await states(), await kvNames()]).toEqual([[], []]);
  });

  test("is tried again by a later alarm when KV fails at that too, and gives no lease meanwhile", async () => {
    const mend = loseAnswersOfKv();
    await failToCreate();
    mend();
    const [row] = await ledger.rows("SELECT id FROM keys");
    later(ABANDONED_AFTER_MS + 1000);
    const mendDelete = failKv("delete");
    for (let i = 0; i < 3; i++) {
      await ledger.ringAlarm().catch(() => {});
      expect(await states()).toEqual([{ state: "abandoned", keys: 1 }]);
      expect(await ledger.alarmInMs(), "the next alarm").not.toBeNull();
      expect(await ledger.run((it) => it.lease(String(row?.id)))).toEqual({
        granted: false,
        reason: "not_in_ledger",
      });
    }
    mendDelete();
    expect(await ledger.ringAlarm()).toBe(true);
    expect([await states(), await kvNames()]).toEqual([[], []]);
  });

  test("cannot be issued any more once it was given up", async () => {
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
      const creating = it.createKey(ledger.account, NEW_KEY, BY);
      await atKv;
      later(ABANDONED_AFTER_MS + 1000);
      await it.alarm();
      letGo();
      return await creating;
    });
    expect(answer).toEqual({ reason: "store_unreachable" });
    expect(await ledger.run((it) => it.listKeys(50, null, true))).toEqual({ reason: "not_found" });
  });
});

describe("an import that KV failed", () => {
  test("is taken up again by the next call, and then left alone", async () => {
    const mend = loseAnswersOfKv();
    for (let i = 0; i < 2; i++) expect(await importRow()).toEqual([{ error: "store_unreachable" }]);
    mend();
    const verdicts = await importRow();
    expect(verdicts).toEqual([{ id: expect.stringMatching(/^key_/) }]);
    later(ABANDONED_AFTER_MS + 1000);
    await ledger.ringAlarm();
    expect(await importRow()).toEqual(verdicts);
    expect([await states(), await kvNames()]).toEqual([[{ state: "issued", keys: 1 }], [expect.any(String)]]);
  });

  test("once given up is told to wait until it was undone, and then succeeds", async () => {
    const mend = loseAnswersOfKv();
    await importRow();
    mend();
    later(ABANDONED_AFTER_MS + 1000);
    const mendDelete = failKv("delete");
    await ledger.ringAlarm().catch(() => {});
    expect(await importRow()).toEqual([{ error: "store_unreachable" }]);
    mendDelete();
    await ledger.ringAlarm();
    expect(await importRow()).toEqual([{ id: expect.stringMatching(/^key_/) }]);
    expect(await kvNames()).toHaveLength(1);
  });

  test("is undone without harm to the same key that another account has taken in meanwhile", async () => {
    const mend = failKv("put");
    expect(await importRow()).toEqual([{ error: "store_unreachable" }]);
    mend();
    const other = new LedgerAtHand();
    expect(await importRow(other)).toEqual([{ id: expect.any(String) }]);
    const [entry] = await kvNames();

    later(ABANDONED_AFTER_MS + 1000);
    await ledger.ringAlarm();
    expect(await states()).toEqual([]);
    expect(await kvNames(), "the other account's key still works").toEqual([entry]);
  });

  test("does not take the key from another account that has taken it in meanwhile", async () => {
    const mend = failKv("put");
    await importRow();
    mend();
    const other = new LedgerAtHand();
    expect(await importRow(other)).toEqual([{ id: expect.any(String) }]);
    expect(await importRow()).toEqual([{ error: "known_elsewhere" }]);
    const [entry] = await kvNames();
    expect(await SETTINGS.API_KEYS.get(entry ?? "")).toContain(`"${other.account}"`);
  });
});

describe("an answer kept for an Idempotency-Key", () => {
  test("is given again for 24 hours, and forgotten after, whether or not an alarm rang", async () => {
    const first = await ledger.create("retry");
    later(DAY_MS - 5000);
    expect(await ledger.create("retry")).toEqual(first);
    later(10_000);
    const second = await ledger.create("retry");
    expect(second.id).not.toBe(first.id);
    expect(await ledger.create("retry")).toEqual(second);
  });

  test("leaves no row behind, and the last alarm is the one that forgets it", async () => {
    await ledger.create("one");
    later(3_600_000);
    await ledger.create("two");
    const answers = () => ledger.rows("SELECT name FROM answers ORDER BY name");
    // The first alarm looks after creations; from then on they are due when an answer is.
    await ledger.ringAlarm();
    expect(await answers()).toEqual([{ name: "one" }, { name: "two" }]);
    expect(await ledger.alarmInMs()).toBeGreaterThan(DAY_MS - 3_700_000);
    later(DAY_MS - 3_600_000 + 1000);
    await ledger.ringAlarm();
    expect(await answers()).toEqual([{ name: "two" }]);
    later(3_600_000);
    await ledger.ringAlarm();
    expect(await answers()).toEqual([]);
    expect(await ledger.alarmInMs()).toBeNull();
    expect(await states()).toEqual([{ state: "issued", keys: 2 }]);
  });

  test("opens under the pepper before the current one, and under no other", async () => {
    const first = await ledger.create("retry");
    const retry = (settings: Record<string, unknown>) =>
      ledger.run((it) => it.createKey(ledger.account, NEW_KEY, { ...BY, idempotencyKey: "retry" }), settings);
    const KEY_PEPPER = "a pepper of another time";
    expect(await retry({ KEY_PEPPER, KEY_PEPPER_PREVIOUS: SETTINGS.KEY_PEPPER })).toEqual(first);
    const answer = await retry({ KEY_PEPPER }).catch((error: Error) => error);
    expect(JSON.stringify(answer) + String(answer)).not.toContain(first.secret);
  });
});

test("a ledger with nothing to clean up has no alarm", async () => {
  const { id } = await ledger.create();
  await ledger.ringAlarm();
  await ledger.run((it) => it.setTier(ledger.account, "pro", BY));
  await ledger.run((it) => it.revokeKey(id, BY, null));
  expect(await ledger.alarmInMs()).toBeNull();
});
