// The ledger and its storage: when it writes, which state survives a restart, and that a revoked key stays revoked after
// every call.

import { reset } from "cloudflare:test";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { RevokedKey } from "../../src/keys/api-key.ts";
import { advanceClock, CALLER, hashIn, leaseRequest, SETTINGS, TestLedger } from "./test-ledger.ts";

const MARGIN_MS = Number(SETTINGS.LEASE_MARGIN_MS);

let ledger: TestLedger;

beforeEach(() => {
  ledger = new TestLedger();
});
afterEach(async () => {
  vi.useRealTimers();
  await reset();
});

/** Reports uses with leases. */
async function report(...uses: readonly (readonly [id: string, uses: number])[]): Promise<void> {
  await ledger.run((it, state) => {
    for (const [id, count] of uses) it.lease(leaseRequest(hashIn(state, id), count));
  });
}

async function usage(id: string): Promise<{ use_count: number; last_used_at: string | null }> {
  const key = await ledger.run((it) => it.getKey(id));
  if ("reason" in key) throw new Error(key.reason);
  return key;
}

describe("uses reported with leases", () => {
  test("are shown at once, also in a list, and survive a restart from then on", async () => {
    const { id } = await ledger.create();
    await report([id, 3]);
    const shown = await usage(id);
    expect(shown).toMatchObject({ use_count: 3, last_used_at: expect.any(String) });
    await ledger.restart();
    expect(await usage(id)).toEqual(shown);

    await report([id, 4]);
    expect(await ledger.run((it) => it.listKeys(50, null, {}))).toMatchObject([{ use_count: 7 }]);
    await ledger.restart();
    expect(await usage(id)).toMatchObject({ use_count: 7 });
  });

  test("are written by an alarm before the ledger can hibernate, and then no alarm is left", async () => {
    const [one, two] = [await ledger.create(), await ledger.create()];
    await ledger.runAlarm();
    await report([one.id, 3], [two.id, 1]);
    expect(await ledger.alarmInMs(), "the first uses of a minute are written at once").toBeNull();
    await report([one.id, 4]);
    expect(await ledger.alarmInMs()).toBeLessThanOrEqual(8000);
    advanceClock(8000);
    await ledger.runAlarm();
    expect(await ledger.alarmInMs()).toBeNull();
    await ledger.restart();
    expect(await usage(one.id)).toMatchObject({ use_count: 7 });
    expect(await usage(two.id)).toMatchObject({ use_count: 1 });
  });

  test("never move the last use back, also with a clock that is behind after a restart", async () => {
    const { id } = await ledger.create();
    await report([id, 1]);
    const { last_used_at } = await usage(id);
    await ledger.restart();
    advanceClock(-5000);
    await report([id, 1]);
    expect(await usage(id)).toMatchObject({ use_count: 2, last_used_at });
  });

  test("are written once a minute for a key in steady use", async () => {
    const { id } = await ledger.create();
    const rows = new Set<string>();
    vi.useFakeTimers({ toFake: ["Date"] });
    const startedAt = Date.now();
    for (let second = 0; second <= 130; second += 2) {
      vi.setSystemTime(startedAt + second * 1000);
      await report([id, 1]);
      if (((await ledger.alarmInMs()) ?? 1) <= 0) await ledger.runAlarm();
      rows.add(
        JSON.stringify(await ledger.rows(`SELECT last_used_at, use_count FROM keys WHERE id = '${id}'`)),
      );
    }
    // With the first use, and a minute and two after that.
    expect(rows.size).toBe(3);
  });

  test("of a refused lease are not counted", async () => {
    const { id } = await ledger.create();
    await ledger.revoke(id);
    await report([id, 5]);
    expect(await usage(id)).toMatchObject({ use_count: 0, last_used_at: null });
  });
});

describe("after a restart", () => {
  test("a revocation waits for a lease granted just before", async () => {
    const { id } = await ledger.create();
    await ledger.lease(id);
    await ledger.restart();
    const { waited_ms } = await ledger.revoke(id);
    expect(waited_ms).toBeGreaterThan(0);
    expect(waited_ms).toBeLessThanOrEqual(Number(SETTINGS.LEASE_MS) + MARGIN_MS);
  });

  test("with a lower LEASE_MS a revocation allows for the longer leases granted before", async () => {
    const { id } = await ledger.create();
    await ledger.lease(id, 0, { LEASE_MS: 1500 });
    const { waited_ms } = await ledger.revoke(id, { LEASE_MS: 100 });
    expect(waited_ms).toBe(1500 + MARGIN_MS);
  });

  test("a revocation waits for nothing if no lease was granted before", async () => {
    const { id } = await ledger.create();
    await ledger.restart();
    expect(await ledger.revoke(id)).toMatchObject({ waited_ms: 0 });
  });
});

describe("a revoked key", () => {
  let id: string;
  let revoked: RevokedKey;
  beforeEach(async () => {
    ({ id } = await ledger.create());
    revoked = await ledger.revoke(id);
  });

  async function expectStillRevoked(): Promise<void> {
    const { revoked_at } = revoked;
    expect(await ledger.run((it) => it.getKey(id))).toMatchObject({ revoked_at });
    const { name: _, ...receipt } = await ledger.revoke(id);
    expect(revoked).toMatchObject(receipt);
    expect(await ledger.lease(id)).toEqual({ granted: false, reason: "revoked" });
    expect(await ledger.run((it) => it.listKeys(50, null, {}))).toEqual([]);
  }

  test("stays revoked after every call, in any order, across restarts", async () => {
    const [row] = await ledger.rows(`SELECT hash FROM keys WHERE id = '${id}'`);
    const moves: ((it: Parameters<Parameters<typeof ledger.run>[0]>[0]) => unknown)[] = [
      (it) => it.changeKey(id, { revokes_at: null }, CALLER),
      (it) => it.changeKey(id, { revokes_at: "2099-01-01T00:00:00.000Z" }, CALLER),
      (it) => it.changeKey(id, { name: "renamed" }, CALLER),
      (it) => it.rotateKey(id, 0, CALLER),
      (it) => it.rotateKey(id, 3_600_000, CALLER),
      (it) => it.revokeKey(id, CALLER, "again"),
      (it) => it.revokeAll({}, CALLER),
      (it) => it.rebuildRecords(50, null, CALLER),
      (it) => it.alarm(),
    ];
    for (const move of [...moves, ...moves.toReversed()]) {
      await ledger.run(move);
      await expectStillRevoked();
    }
    await ledger.restart();
    await expectStillRevoked();
    expect(await ledger.rows("SELECT count(*) AS keys FROM keys")).toEqual([{ keys: 1 }]);
    expect(row?.hash).toMatch(/^[0-9a-f]{64}$/);
  });

  test("stays revoked when its KV record is deleted or written again", async () => {
    const kv = SETTINGS.API_KEYS;
    const [entry] = (await kv.list()).keys;
    const record = await kv.get(entry?.name ?? "");
    await kv.delete(entry?.name ?? "");
    await expectStillRevoked();
    await kv.put(entry?.name ?? "", record ?? "");
    await expectStillRevoked();
  });

  test("is revoked once by concurrent calls", async () => {
    const other = await ledger.create();
    const answers = await Promise.all(Array.from({ length: 5 }, () => ledger.revoke(other.id)));
    for (const answer of answers) expect(answer).toEqual(answers[0]);
    const events = await ledger.rows(`SELECT action FROM events WHERE key_id = '${other.id}'`);
    expect(events.map(({ action }) => action)).toEqual(["created", "revoked"]);
  });
});

test("KV records are rebuilt from the ledger, byte for byte", async () => {
  await ledger.create();
  await ledger.create();
  const kv = SETTINGS.API_KEYS;
  const everything = async () => {
    const names = (await kv.list()).keys.map(({ name }) => name);
    return await Promise.all(names.map(async (name) => [name, await kv.get(name)]));
  };
  const before = await everything();
  for (const [name] of before) await kv.delete(String(name));
  await ledger.run((it) => it.rebuildRecords(50, null, CALLER));
  expect(await everything()).toEqual(before);
});
