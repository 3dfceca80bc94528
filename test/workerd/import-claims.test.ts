// One key, two accounts: an imported key belongs to one of them, also when both import it at once or before KV has spread
// the record of the first. A record that no ledger knows does not keep a key from being imported.

import { reset } from "cloudflare:test";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { accountLocator } from "../../src/keys/locator.ts";
import type { ImportVerdict } from "../../src/ledger/new-keys.ts";
import type { Refusal } from "../../src/refusals.ts";
import {
  advanceClock,
  CALLER,
  claimsCount,
  failKv,
  kvNames,
  loseKvAnswers,
  NEW_KEY,
  SETTINGS,
  TestLedger,
} from "./test-ledger.ts";

const ABANDONED_AFTER_MS = 180_000;
const ROWS = ["ab", "cd", "ef"].map((hex) => ({ ...NEW_KEY, sha256: hex.repeat(32), created_at: null }));
const [ROW] = ROWS as [(typeof ROWS)[number]];
const IMPORTED = { id: expect.stringMatching(/^key_/) };
const NO_RULES = {
  max_lifetime_days: null,
  max_active_keys: null,
  require_permissions: false,
  allowed_ips: [],
  account_limits: null,
};
const ELSEWHERE = { error: "known_elsewhere" };

let one: TestLedger;
let other: TestLedger;

beforeEach(() => {
  one = new TestLedger();
  other = new TestLedger();
});
afterEach(async () => {
  vi.useRealTimers();
  vi.restoreAllMocks();
  await reset();
});

async function importInto(
  ledger: TestLedger,
  rows: readonly (typeof ROWS)[number][] = [ROW],
  settings?: Readonly<Record<string, unknown>>,
): Promise<ImportVerdict[]> {
  const verdicts = await ledger.run((it) => it.importKeys(ledger.account, rows, CALLER, ""), settings);
  if ("reason" in verdicts) throw new Error((verdicts as Refusal).reason);
  return verdicts;
}

/** KV takes a while to write, and does not show a record before the returned function is called. */
function delayKv(): () => void {
  const kv = SETTINGS.API_KEYS;
  const put = kv.put.bind(kv);
  const spies = [
    vi.spyOn(kv, "put").mockImplementation(async (name: string, value: unknown) => {
      await scheduler.wait(30);
      await put(name, value as string);
    }),
    vi
      .spyOn(kv, "get")
      .mockImplementation((async (names: unknown) =>
        Array.isArray(names) ? new Map(names.map((name) => [name, null])) : null) as typeof kv.get),
  ];
  return () => {
    for (const spy of spies) spy.mockRestore();
  };
}

async function owners(): Promise<string[]> {
  const records = await Promise.all((await kvNames()).map((name) => SETTINGS.API_KEYS.get(name)));
  return records.map((record) => JSON.parse(record ?? "").account);
}

describe("two accounts that import the same keys", () => {
  test("at once: each key is issued to one of them, and refused to the other", async () => {
    const restore = delayKv();
    const [mine, theirs] = await Promise.all([importInto(one, ROWS), importInto(other, [...ROWS].reverse())]);
    restore();
    theirs.reverse();
    for (const [i] of ROWS.entries()) {
      expect([mine[i], theirs[i]]).toContainEqual(IMPORTED);
      expect([mine[i], theirs[i]]).toContainEqual(ELSEWHERE);
    }
    const issued = (await one.rows("SELECT id FROM keys")).length;
    expect((await other.rows("SELECT id FROM keys")).length).toBe(ROWS.length - issued);
    expect(await owners()).toHaveLength(ROWS.length);
    expect(await claimsCount()).toBe(ROWS.length);
  });

  test("one after the other while KV lags: the first one has them", async () => {
    const restore = delayKv();
    expect(await importInto(one, ROWS)).toEqual([IMPORTED, IMPORTED, IMPORTED]);
    expect(await importInto(other, ROWS)).toEqual([ELSEWHERE, ELSEWHERE, ELSEWHERE]);
    restore();
    expect(await owners()).toEqual([one.account, one.account, one.account]);
    expect(await other.rows("SELECT * FROM keys")).toEqual([]);
  });

  test("under different peppers: the first one has them", async () => {
    const [next, last] = ["the pepper of next year", "the pepper of the year after"];
    await importInto(one);
    const settings = { KEY_PEPPER: next, KEY_PEPPER_PREVIOUS: SETTINGS.KEY_PEPPER };
    const restore = delayKv();
    expect(await importInto(other, [ROW], settings)).toEqual([ELSEWHERE]);
    restore();
    expect(await importInto(one, [ROW], settings)).toEqual([IMPORTED]);
    // The key of the first one is no longer accepted under these peppers.
    const later = { KEY_PEPPER: last, KEY_PEPPER_PREVIOUS: next };
    expect(await importInto(other, [ROW], later)).toEqual([IMPORTED]);
  });

  test("after the first one has revoked them: they stay refused", async () => {
    const [verdict] = await importInto(one);
    await one.revoke((verdict as { id: string }).id);
    expect(await importInto(other)).toEqual([ELSEWHERE]);
  });
});

describe("an import of a key", () => {
  test("that another account has minted is refused, and leaves no claim", async () => {
    const minted = await other.create();
    const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(minted.secret));
    const sha256 = Buffer.from(digest).toString("hex");
    expect(await importInto(one, [{ ...ROW, sha256 }])).toEqual([ELSEWHERE]);
    expect(await owners()).toEqual([other.account]);
    expect(await one.rows("SELECT * FROM keys")).toEqual([]);
    expect(await claimsCount()).toBe(0);
  });

  test("with a KV record that no ledger knows overwrites it", async () => {
    const restore = loseKvAnswers();
    await importInto(one);
    restore();
    await one.run((_, { storage }) => void storage.sql.exec("DELETE FROM keys"));
    for (const id of await idsInKv()) await one.releaseClaim(id);
    const [verdict] = await importInto(other);
    expect(verdict).toEqual(IMPORTED);
    expect(await idsInKv()).toEqual([(verdict as { id: string }).id]);
  });

  test("with a KV record of its own account that its ledger does not know overwrites it", async () => {
    await importInto(one);
    await one.run((_, { storage }) => void storage.sql.exec("DELETE FROM keys"));
    const [verdict] = await importInto(one);
    expect(verdict).toEqual(IMPORTED);
    expect(await idsInKv()).toEqual([(verdict as { id: string }).id]);
  });

  test("counts a row that continues a failed attempt once against max_active_keys", async () => {
    const policy = { ...NO_RULES, max_active_keys: 2 };
    await one.run((it) => it.changeAccount(one.account, { policy }, CALLER));
    const restore = failKv("put");
    expect(await importInto(one)).toEqual([{ error: "store_unreachable" }]);
    restore();
    expect(await importInto(one, ROWS)).toEqual([
      IMPORTED,
      IMPORTED,
      { error: "conflict", details: { policy: expect.stringContaining("at most 2") } },
    ]);
  });

  test("is not overtaken by the clean-up of its first attempt", async () => {
    const restore = failKv("put");
    expect(await importInto(one)).toEqual([{ error: "store_unreachable" }]);
    restore();
    advanceClock(ABANDONED_AFTER_MS - 1000);
    const kv = SETTINGS.API_KEYS;
    const put = kv.put.bind(kv);
    const verdicts = await one.run(async (it) => {
      const arrived = Promise.withResolvers<void>();
      const released = Promise.withResolvers<void>();
      vi.spyOn(kv, "put").mockImplementationOnce(async (name: string, value: unknown) => {
        arrived.resolve();
        await released.promise;
        await put(name, value as string);
      });
      const again = it.importKeys(one.account, [ROW], CALLER, "");
      await arrived.promise;
      advanceClock(2000);
      await it.alarm();
      released.resolve();
      return await again;
    });
    expect(verdicts).toEqual([IMPORTED]);
    expect(await idsInKv()).toEqual([(verdicts as { id: string }[])[0]?.id]);
    advanceClock(ABANDONED_AFTER_MS + 1000);
    await one.runAlarm();
    expect(await importInto(one)).toEqual(verdicts);
  });
});

describe("an import while other ledgers are unavailable", () => {
  const unavailable = {
    getByName: () => {
      throw Object.assign(new Error("Network connection lost."), { retryable: true });
    },
  };

  test("issues nothing blindly, and the next call completes it", async () => {
    expect(await importInto(one, ROWS, { KEY_LEDGER: unavailable })).toEqual(
      ROWS.map(() => ({ error: "ledger_unreachable" })),
    );
    expect(await kvNames()).toEqual([]);
    expect(await importInto(one, ROWS)).toEqual([IMPORTED, IMPORTED, IMPORTED]);
  });

  test("does not overwrite a record whose ledger cannot be asked", async () => {
    const restore = loseKvAnswers();
    await importInto(other);
    restore();
    await other.releaseClaim(String((await idsInKv())[0]));
    const claims = SETTINGS.KEY_LEDGER;
    const otherLedger = await accountLocator(other.account);
    const ledgers = {
      getByName: (name: string, options: object) =>
        name === otherLedger ? unavailable.getByName() : claims.getByName(name, options),
    };
    expect(await importInto(one, [ROW], { KEY_LEDGER: ledgers })).toEqual([{ error: "ledger_unreachable" }]);
    expect(await owners()).toEqual([other.account]);
  });
});

describe("a fault of the program is not an outage", () => {
  const fault = new TypeError("undefined is not a function");

  test.each(["put", "get"] as const)("in a KV %s", async (operation) => {
    const kv = SETTINGS.API_KEYS;
    vi.spyOn(kv, operation).mockRejectedValue(fault);
    const error = await one.run((it) =>
      it.importKeys(one.account, [ROW], CALLER, "").catch((e: unknown) => e),
    );
    expect(error).toBe(fault);
  });

  test("in a KV write of a new key, or of all keys", async () => {
    await one.create();
    vi.spyOn(SETTINGS.API_KEYS, "put").mockRejectedValue(fault);
    const create = () => one.run((it) => it.createKey(one.account, NEW_KEY, CALLER).catch((e: unknown) => e));
    const rebuild = () => one.run((it) => it.rebuildRecords(50, null, CALLER).catch((e: unknown) => e));
    expect([await create(), await rebuild()]).toEqual([fault, fault]);
  });

  test("in a call to the claims", async () => {
    const broken = {
      getByName: () => {
        throw fault;
      },
    };
    const error = await one.run(
      (it) => it.importKeys(one.account, [ROW], CALLER, "").catch((e: unknown) => e),
      {
        KEY_LEDGER: broken,
      },
    );
    expect(error).toBe(fault);
  });
});

async function idsInKv(): Promise<string[]> {
  const records = await Promise.all((await kvNames()).map((name) => SETTINGS.API_KEYS.get(name)));
  return records.map((record) => JSON.parse(record ?? "").id);
}
