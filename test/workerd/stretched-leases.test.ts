// The lengths of leases in a real ledger: stretched for an account that requests very many, on disk before one leaves, and
// bounded in the receipt. An idle account costs a revocation no wait.

import { reset } from "cloudflare:test";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { KeyLedger } from "../../src/ledger/key-ledger.ts";
import { advanceClock, hashIn, leaseRequest, revokeIn, SETTINGS, TestLedger } from "./test-ledger.ts";

const MARGIN_MS = Number(SETTINGS.LEASE_MARGIN_MS);
/** At 300 grants a second, 90 grants within the shortest lease are below the limit. */
const SHORT = { LEASE_MS: 300, LEASE_MAX_MS: 1300 };
const SHORTEST_MS = SHORT.LEASE_MS + MARGIN_MS;
const LONGEST_MS = SHORT.LEASE_MAX_MS + MARGIN_MS;

let ledger: TestLedger;

beforeEach(() => {
  ledger = new TestLedger();
});
afterEach(async () => {
  vi.useRealTimers();
  await reset();
});

/** The lengths of `count` leases on a key, all granted at the same moment. */
function leases(
  it: KeyLedger,
  state: DurableObjectState,
  keyId: string,
  count: number,
  moment = Date.now(),
): number[] {
  const request = leaseRequest(hashIn(state, keyId));
  vi.useFakeTimers({ toFake: ["Date"], now: moment });
  const given = Array.from({ length: count }, () => it.lease(request));
  vi.useRealTimers();
  return given.map((answer) => (answer.granted ? answer.ttl_ms : 0));
}

async function longestOnDiskMs(): Promise<unknown> {
  const [row] = await ledger.rows("SELECT value FROM metadata WHERE name = 'leases_in_use'");
  return JSON.parse(String(row?.value)).longest_ms;
}

describe("an account that requests more than 300 leases a second", () => {
  test("gets longer leases step by step, up to LEASE_MAX_MS", async () => {
    const { id } = await ledger.create();
    const given = await ledger.run((it, state) => leases(it, state, id, 91 + 181 + 361 + 1000), SHORT);
    const expected = [...Array(91).fill(300), ...Array(181).fill(600), ...Array(361).fill(1200)];
    expect(given).toEqual([...expected, ...Array(1000).fill(1300)]);
    expect(await longestOnDiskMs()).toBe(LONGEST_MS);
  });

  test("gets a receipt with the bound of a revocation, which takes no longer", async () => {
    const { id: busy } = await ledger.create();
    await ledger.run(async (it, state) => {
      leases(it, state, busy, 1000);
      const receipt = await revokeIn(it, busy);
      expect(receipt.lease_bound_ms).toBe(LONGEST_MS);
      expect(receipt.waited_ms).toBeLessThanOrEqual(receipt.lease_bound_ms);
      expect(Date.now()).toBeGreaterThanOrEqual(Date.parse(receipt.effective_at));
      expect(it.lease(leaseRequest(hashIn(state, busy)))).toEqual({ granted: false, reason: "revoked" });
      // A repeated call gets the same.
      expect(await revokeIn(it, busy)).toEqual(receipt);
    }, SHORT);
  });

  test("waits for the longest lease after a restart", async () => {
    const { id } = await ledger.create();
    await ledger.run((it, state) => void leases(it, state, id, 1000), SHORT);
    const receipt = await ledger.revoke(id, SHORT);
    expect(receipt.lease_bound_ms).toBe(LONGEST_MS);
    expect(receipt.waited_ms).toBeGreaterThan(SHORTEST_MS);
    expect(receipt.waited_ms).toBeLessThanOrEqual(receipt.lease_bound_ms);
  });
});

describe("an account that requests few leases again", () => {
  test("gets shorter leases step by step", async () => {
    const { id } = await ledger.create();
    await ledger.run((it, state) => {
      const moment = Date.now();
      const lease = (afterMs: number) => leases(it, state, id, 1, moment + afterMs)[0];
      leases(it, state, id, 1000, moment);
      // The first 1300 ms are busy, the next are not.
      expect(lease(2599)).toBe(1300);
      expect(lease(2600)).toBe(650);
      expect(lease(2600 + 650)).toBe(325);
      expect(lease(2600 + 650 + 325)).toBe(300);
    }, SHORT);
  });
});

describe("an idle account", () => {
  test("is revoked at once after a restart, a minute after its last lease", async () => {
    const { id } = await ledger.create();
    await ledger.run((it, state) => void leases(it, state, id, 1));
    await ledger.restart();
    advanceClock(60_001);
    expect(await ledger.revoke(id)).toMatchObject({ waited_ms: 0 });
  });

  test("has no alarm and writes nothing", async () => {
    const { id } = await ledger.create();
    await ledger.run((it, state) => void leases(it, state, id, 1));
    // Alarms write the use; the second one finds the ledger idle.
    for (let alarms = 0; alarms < 2; alarms++) await ledger.runAlarm();
    const rows = await ledger.rows("SELECT * FROM metadata");
    await ledger.restart();
    expect(await ledger.alarmInMs()).toBe(null);
    expect(await ledger.rows("SELECT * FROM metadata")).toEqual(rows);
  });
});
