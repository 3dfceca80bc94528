// A ledger belongs to one account: it refuses calls for another one, as there would be if two accounts had one locator.

import { reset } from "cloudflare:test";
import { afterEach, beforeEach, expect, test } from "vitest";
import { CALLER, hashIn, leaseRequest, NEW_KEY, TestLedger } from "./test-ledger.ts";

const OTHER = "another_account";

let ledger: TestLedger;

beforeEach(() => {
  ledger = new TestLedger();
});
afterEach(async () => {
  await reset();
});

test("belongs to the account of its first call, also after a restart", async () => {
  await ledger.run((it) => it.callFor(ledger.account, "createKey", [ledger.account, NEW_KEY, CALLER]));
  for (const restart of [false, true]) {
    if (restart) await ledger.restart();
    expect(await ledger.run((it) => it.callFor(OTHER, "listKeys", [50, null, true]))).toEqual({
      reason: "not_found",
    });
    expect(await ledger.run((it) => it.callFor(ledger.account, "listKeys", [50, null, true]))).toHaveLength(
      1,
    );
  }
});

test("creates, changes and revokes nothing for another account", async () => {
  await ledger.run((it) => it.callFor(ledger.account, "createKey", [ledger.account, NEW_KEY, CALLER]));
  const [before] = await ledger.rows("SELECT * FROM keys");
  const events = await ledger.rows("SELECT * FROM events");
  for (const call of [
    ["createKey", [OTHER, NEW_KEY, CALLER]],
    ["revokeAll", [{}, CALLER]],
    ["revokeKey", [String(before?.id), CALLER, null]],
    ["changeKey", [String(before?.id), { name: "theirs" }, CALLER]],
  ] as const) {
    const answer = await ledger.run((it) => it.callFor(OTHER, call[0], call[1]));
    expect(answer, call[0]).toEqual({ reason: "not_found" });
  }
  expect(await ledger.rows("SELECT * FROM keys")).toEqual([before]);
  expect(await ledger.rows("SELECT * FROM events")).toEqual(events);
});

test("grants no lease, and revokes nothing, on a key that the caller takes for another account's", async () => {
  const { id } = await ledger.create();
  await ledger.run(async (it, state) => {
    const hash = hashIn(state, id);
    for (const account of [null, ledger.account]) {
      expect(it.lease({ ...leaseRequest(hash), account })).toMatchObject({ granted: true });
    }
    expect(it.lease({ ...leaseRequest(hash), account: OTHER })).toEqual({
      granted: false,
      reason: "not_in_ledger",
    });
    expect(it.getKeyByHash(hash, OTHER)).toEqual({ reason: "not_found" });
    expect(await it.revokeKeyByHash(hash, OTHER, CALLER)).toEqual({ reason: "not_found" });
    expect(it.getKey(id)).toMatchObject({ revoked_at: null });
  });
});

test("gives the record with the first answer only, and the terms with every one", async () => {
  const { id, created_at } = await ledger.create();
  const record = { v: 1, id, account: ledger.account, mode: "live", created_at };
  await ledger.run(async (it, state) => {
    const request = leaseRequest(hashIn(state, id));
    const terms = { permissions: [], allowed_ips: [] };
    expect(it.lease({ ...request, wants_record: true })).toMatchObject({ granted: true, terms, record });
    const again = it.lease(request);
    expect(again).toMatchObject({ granted: true, terms });
    expect(again).not.toHaveProperty("record");
    await it.revokeKey(id, CALLER, null);
    expect(it.lease({ ...request, wants_record: true })).toEqual({
      granted: false,
      reason: "revoked",
      record,
    });
  });
});
