// Revoking all keys of an account: it abandons the creations that its filter matches and no others, and says when all
// matching keys are revoked everywhere, however often it is called.

import { reset } from "cloudflare:test";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { IssuedKey } from "../../src/keys/api-key.ts";
import type { KeyLedger } from "../../src/ledger/key-ledger.ts";
import type { KeyFilter } from "../../src/ledger/key-listing.ts";
import type { Refusal } from "../../src/refusals.ts";
import { CALLER, NEW_KEY, SETTINGS, TestLedger } from "./test-ledger.ts";

let ledger: TestLedger;

beforeEach(() => {
  ledger = new TestLedger();
});
afterEach(async () => {
  vi.restoreAllMocks();
  await reset();
});

function revokeAll(filter: KeyFilter = {}) {
  return ledger.run((it) => it.revokeAll(filter, CALLER));
}

function granted<Answer extends object>(answer: Answer | Refusal): Answer {
  if ("reason" in answer) throw new Error(answer.reason);
  return answer;
}

/** Creates a live key; `meanwhile` runs while KV writes its record. */
function createWhile(meanwhile: (it: KeyLedger) => Promise<unknown>): Promise<IssuedKey | Refusal> {
  const kv = SETTINGS.API_KEYS;
  const put = kv.put.bind(kv);
  // All in the object: a promise of one request context must not be awaited in another.
  return ledger.run(async (it) => {
    const arrived = Promise.withResolvers<void>();
    const released = Promise.withResolvers<void>();
    vi.spyOn(kv, "put").mockImplementationOnce(async (name: string, value: unknown) => {
      arrived.resolve();
      await released.promise;
      await put(name, value as string);
    });
    const created = it.createKey(ledger.account, NEW_KEY, CALLER);
    await arrived.promise;
    await meanwhile(it);
    released.resolve();
    return await created;
  });
}

const NOT_ISSUED = { reason: "store_unreachable" };

describe("a creation in progress", () => {
  test.each<[name: string, filter: KeyFilter]>([
    ["of all keys", {}],
    ["of its mode", { mode: "live" }],
    ["of all keys created before a later moment", { createdBefore: Number.MAX_SAFE_INTEGER }],
  ])("is abandoned by a revocation %s", async (_, filter) => {
    await ledger.create();
    expect(await createWhile((it) => it.revokeAll(filter, CALLER))).toEqual(NOT_ISSUED);
  });

  test.each<[name: string, filter: KeyFilter]>([
    ["of the other mode", { mode: "test" }],
    ["of older keys", { createdBefore: 1 }],
  ])("is not affected by a revocation %s", async (_, filter) => {
    await ledger.create();
    const issued = await createWhile((it) => it.revokeAll(filter, CALLER));
    expect(issued).toMatchObject({ id: expect.any(String), revoked_at: null });
  });

  test("of the account's first key is abandoned too", async () => {
    const created = await createWhile(async (it) => {
      const before = Date.now();
      const { revoked, effective_at } = granted(await it.revokeAll({}, CALLER));
      expect(revoked).toBe(0);
      expect(Date.parse(effective_at)).toBeGreaterThanOrEqual(before);
    });
    expect(created).toEqual(NOT_ISSUED);
    expect(await ledger.rows("SELECT state FROM keys")).toEqual([{ state: "abandoned" }]);
  });

  test("of an account's first key of the other mode is not affected: the account has no key", async () => {
    const created = await createWhile(async (it) => {
      expect(await it.revokeAll({ mode: "test" }, CALLER)).toEqual({ reason: "not_found" });
    });
    expect(created).toMatchObject({ id: expect.any(String) });
  });
});

test("an account that never had a key is not found", async () => {
  expect(await revokeAll()).toEqual({ reason: "not_found" });
});

describe("a repeated revocation", () => {
  test("that has abandoned a creation only is answered like the first one, after the clean-up too", async () => {
    await createWhile(async (it) => {
      expect(granted(await it.revokeAll({}, CALLER)).revoked).toBe(0);
      expect(granted(await it.revokeAll({}, CALLER)).revoked).toBe(0);
    });
    await ledger.run((it) => it.alarm());
    expect(await ledger.rows("SELECT * FROM keys")).toEqual([]);
    expect(granted(await revokeAll()).revoked).toBe(0);
    const abandoned = { action: "creations_abandoned", key_id: null, details: { count: 1 } };
    expect(await ledger.run((it) => it.listEvents(10, null))).toMatchObject([abandoned]);
  });

  test("names the moment of the first one while leases are in use", async () => {
    const { id } = await ledger.create();
    await ledger.lease(id);
    const [first, second] = await ledger.run((it) =>
      Promise.all([it.revokeAll({}, CALLER), it.revokeAll({}, CALLER)]).then((both) => both.map(granted)),
    );
    expect([first?.revoked, second?.revoked]).toEqual([1, 0]);
    expect(second?.effective_at).toBe(first?.effective_at);
    expect(Date.parse(first?.effective_at ?? "")).toBeLessThanOrEqual(Date.now());
    expect(granted(await revokeAll()).effective_at).toBe(first?.effective_at);
  });

  test("names the moment of a key that was revoked alone", async () => {
    const { id } = await ledger.create();
    await ledger.lease(id);
    const receipt = await ledger.revoke(id);
    expect(granted(await revokeAll())).toEqual({ revoked: 0, effective_at: receipt.effective_at });
  });

  test("of another mode names a moment of its own", async () => {
    const { id } = await ledger.create();
    await ledger.revoke(id);
    const before = Date.now();
    const { revoked, effective_at } = granted(await revokeAll({ mode: "test" }));
    expect(revoked).toBe(0);
    expect(Date.parse(effective_at)).toBeGreaterThanOrEqual(before);
  });
});

describe("a revocation of more keys than fit into one transaction", () => {
  const COUNT = 2500;

  /** Issued keys, inserted by SQL: as many creations would take minutes. */
  async function addKeys(): Promise<void> {
    await ledger.create();
    await ledger.rows(
      `WITH RECURSIVE numbers (n) AS (SELECT 2 UNION ALL SELECT n + 1 FROM numbers WHERE n < ${COUNT})
       INSERT INTO keys (id, account, name, mode, permissions, hint, hash, created_at, state, began_at)
       SELECT 'key_' || n, '${ledger.account}', 'a key', 'live', '[]', 'oct_live_…', 'hash ' || n, n, 'issued', n FROM numbers`,
    );
  }

  const countRevoked = (storage: DurableObjectStorage) =>
    storage.sql.exec<{ n: number }>("SELECT count(*) AS n FROM keys WHERE revoked_at IS NOT NULL").one().n;

  test("lets other calls in between its transactions", async () => {
    await addKeys();
    const seen = await ledger.run(async (it, { storage }) => {
      const counts = new Set<number>();
      let isDone = false;
      const revoked = it.revokeAll({}, CALLER).finally(() => {
        isDone = true;
      });
      while (!isDone) {
        counts.add(countRevoked(storage));
        await storage.sync();
      }
      expect(granted(await revoked).revoked).toBe(COUNT);
      return [...counts];
    });
    expect(seen).toEqual([1000, 2000, COUNT]);
    expect(
      await ledger.rows("SELECT DISTINCT action, details, count(*) AS n FROM events GROUP BY 1, 2"),
    ).toEqual([
      { action: "created", details: "{}", n: 1 },
      { action: "revoked", details: '{"all":true}', n: COUNT },
    ]);
    expect(await ledger.rows("SELECT value FROM metadata WHERE name = 'bulk_revocations'")).toEqual([
      { value: "[]" },
    ]);
  });

  test("covers a key that is created and one that is rotated meanwhile", async () => {
    await addKeys();
    const { id } = await ledger.create();
    await ledger.run(async (it, { storage }) => {
      const revoked = it.revokeAll({}, CALLER);
      expect(countRevoked(storage)).toBe(1000);
      await Promise.all([
        it.createKey(ledger.account, NEW_KEY, CALLER),
        it.rotateKey(id, 3_600_000, CALLER),
        revoked,
      ]);
      expect(
        storage.sql.exec("SELECT id FROM keys WHERE state = 'issued' AND revoked_at IS NULL").toArray(),
      ).toEqual([]);
    });
  });

  test("is completed by the alarm after a restart", async () => {
    await addKeys();
    await ledger.run(async (it, { storage }) => {
      vi.spyOn(storage, "sync").mockRejectedValueOnce(new Error("the ledger restarts"));
      await expect(it.revokeAll({}, CALLER)).rejects.toThrow("the ledger restarts");
      expect(countRevoked(storage)).toBe(1000);
    });
    await ledger.restart();
    expect(await ledger.runAlarm()).toBe(true);
    expect(await ledger.run((_, { storage }) => countRevoked(storage))).toBe(COUNT);
    expect(granted(await revokeAll()).revoked).toBe(0);
  });
});

test("a list leaves out every key that has ended as scheduled, also those without a tombstone", async () => {
  const { id } = await ledger.create();
  await ledger.rows(
    `WITH RECURSIVE numbers (n) AS (SELECT 2 UNION ALL SELECT n + 1 FROM numbers WHERE n < 1500)
     INSERT INTO keys (id, account, name, mode, permissions, hint, hash, created_at, state, began_at, revokes_at)
     SELECT 'key_' || n, '${ledger.account}', 'a key', 'live', '[]', 'oct_live_…', 'hash ' || n, n, 'issued', n, n FROM numbers`,
  );
  expect(granted(await ledger.run((it) => it.listKeys(50, null, {})))).toMatchObject([{ id }]);
  expect(await ledger.rows("SELECT count(*) AS n FROM keys WHERE revoked_at IS NULL")).toEqual([{ n: 500 }]);
});
