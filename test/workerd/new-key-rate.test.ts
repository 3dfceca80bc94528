// The bound on new keys: an account gets 50 a minute, created or rotated, and 429 with the time to wait beyond that.

import { reset } from "cloudflare:test";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { IssuedKey } from "../../src/keys/api-key.ts";
import { NEW_KEYS_PER_MINUTE } from "../../src/ledger/key-issuing.ts";
import { publicAnswer, type Refusal } from "../../src/refusals.ts";
import { advanceClock, CALLER, kvNames, NEW_KEY, TestLedger } from "./test-ledger.ts";

let ledger: TestLedger;

beforeEach(() => {
  ledger = new TestLedger();
});
afterEach(async () => {
  vi.useRealTimers();
  await reset();
});

function create(idempotencyKey: string | null = null, into = ledger): Promise<IssuedKey | Refusal> {
  return into.run((it) => it.createKey(into.account, NEW_KEY, { ...CALLER, idempotencyKey }));
}

async function createMany(count: number): Promise<(IssuedKey | Refusal)[]> {
  return await ledger.run((it) =>
    Promise.all(Array.from({ length: count }, () => it.createKey(ledger.account, NEW_KEY, CALLER))),
  );
}

const refusalsAmong = (answers: readonly object[]) => answers.filter((answer) => "reason" in answer);

test("of 60 creations at once 50 are carried out, and the others get 429", async () => {
  const answers = await createMany(60);
  const refused = refusalsAmong(answers) as Refusal[];
  expect(refused).toHaveLength(60 - NEW_KEYS_PER_MINUTE);
  for (const refusal of refused) {
    const { status, headers } = publicAnswer(refusal);
    expect(status).toBe(429);
    expect(Number(headers?.["Retry-After"])).toBeGreaterThan(55);
    expect(Number(headers?.["Retry-After"])).toBeLessThanOrEqual(60);
  }
  expect(await kvNames()).toHaveLength(NEW_KEYS_PER_MINUTE);
  expect(await ledger.rows("SELECT count(*) AS keys FROM keys")).toEqual([{ keys: NEW_KEYS_PER_MINUTE }]);
});

test("the bound holds across a restart, for rotations too, and for no other account", async () => {
  const [key] = (await createMany(NEW_KEYS_PER_MINUTE)) as IssuedKey[];
  await ledger.restart();
  expect(await create()).toMatchObject({ reason: "too_many_new_keys" });
  const rotated = await ledger.run((it) => it.rotateKey(String(key?.id), 60_000, CALLER));
  expect(rotated).toMatchObject({ reason: "too_many_new_keys" });
  expect(await ledger.run((it) => it.getKey(String(key?.id)))).toMatchObject({ revokes_at: null });
  expect(await create(null, new TestLedger())).toMatchObject({ id: expect.any(String) });
});

test("after the time to wait one more key is created", async () => {
  await createMany(NEW_KEYS_PER_MINUTE - 1);
  advanceClock(10_000);
  await create();
  const refusal = (await create()) as Refusal & { retryAfterSeconds: number };
  expect(refusal.retryAfterSeconds).toBeLessThanOrEqual(50);
  advanceClock((refusal.retryAfterSeconds - 2) * 1000);
  expect(await create()).toMatchObject({ reason: "too_many_new_keys" });
  advanceClock(2000);
  expect(await create()).toMatchObject({ id: expect.any(String) });
});

test("a repeated call gets its answer, and imports and revocations are not limited", async () => {
  const first = await create("repeated");
  await createMany(NEW_KEYS_PER_MINUTE);
  expect(await create("repeated")).toEqual(first);
  const rows = Array.from({ length: 3 }, (_, i) => ({
    ...NEW_KEY,
    sha256: String(i).repeat(64),
    created_at: null,
  }));
  const verdicts = await ledger.run((it) => it.importKeys(ledger.account, rows, CALLER, ""));
  expect(refusalsAmong(verdicts as object[])).toEqual([]);
  expect(verdicts).toEqual(rows.map(() => ({ id: expect.any(String) })));
  expect(await ledger.run((it) => it.revokeAll({}, CALLER))).toMatchObject({
    revoked: NEW_KEYS_PER_MINUTE + 3,
  });
});
