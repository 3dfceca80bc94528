// The end of a key: rotation and rescheduling never let it live longer than it would have, a repeated call moves nothing,
// and a key has one successor.

import { reset } from "cloudflare:test";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { ApiKey, RotatedKey } from "../../src/keys/api-key.ts";
import type { Refusal } from "../../src/refusals.ts";
import { CALLER, NEW_KEY, SETTINGS, TestLedger } from "./test-ledger.ts";

const DAY_MS = 86_400_000;
const LEASE_MS = Number(SETTINGS.LEASE_MS) + Number(SETTINGS.LEASE_MARGIN_MS);

let ledger: TestLedger;

beforeEach(() => {
  ledger = new TestLedger();
});
afterEach(() => reset());

const inMs = (ms: number) => new Date(Date.now() + ms).toISOString();

async function createKey(expires_at: string | null = null): Promise<ApiKey> {
  return granted(await ledger.run((it) => it.createKey(ledger.account, { ...NEW_KEY, expires_at }, CALLER)));
}

async function reschedule(id: string, revokes_at: string | null): Promise<ApiKey> {
  return granted(await ledger.run((it) => it.changeKey(id, { revokes_at }, CALLER)));
}

function rotate(id: string, overlapMs: number): Promise<RotatedKey | Refusal> {
  return ledger.run((it) => it.rotateKey(id, overlapMs, CALLER));
}

async function show(id: string): Promise<ApiKey> {
  return granted(await ledger.run((it) => it.getKey(id)));
}

function granted<Answer extends object>(answer: Answer | Refusal): Answer {
  if ("reason" in answer) throw new Error(JSON.stringify(answer));
  return answer;
}

describe("a rotation with overlap", () => {
  test("ends the old key after the overlap", async () => {
    const { id } = await createKey();
    const earliest = Date.now() + DAY_MS;
    const { replaces } = granted(await rotate(id, DAY_MS));
    expect(Date.parse(replaces.revokes_at ?? "")).toBeGreaterThanOrEqual(earliest);
    expect(Date.parse(replaces.revokes_at ?? "")).toBeLessThanOrEqual(Date.now() + DAY_MS);
  });

  test("never ends the old key later than its expiry", async () => {
    const expiresAt = inMs(60_000);
    const { id } = await createKey(expiresAt);
    const { replaces } = granted(await rotate(id, 30 * DAY_MS));
    expect(replaces).toMatchObject({ expires_at: expiresAt, revokes_at: expiresAt });
  });

  test("never ends the old key later than its scheduled revocation", async () => {
    const { id } = await createKey();
    const revokesAt = inMs(60_000);
    await reschedule(id, revokesAt);
    const { replaces } = granted(await rotate(id, 30 * DAY_MS));
    expect(replaces.revokes_at).toBe(revokesAt);
  });

  test("ends the old key sooner than its scheduled revocation when the overlap is shorter", async () => {
    const { id } = await createKey();
    await reschedule(id, inMs(30 * DAY_MS));
    const { replaces } = granted(await rotate(id, DAY_MS));
    expect(Date.parse(replaces.revokes_at ?? "")).toBeLessThanOrEqual(Date.now() + DAY_MS);
  });

  test.each(["a scheduled revocation", "an expiry"])(
    "keeps %s that comes sooner than the leases in use expire",
    async (end) => {
      const soon = inMs(1000);
      const { id } = await createKey(end === "an expiry" ? inMs(1000) : null);
      const { expires_at } = end === "an expiry" ? await show(id) : await reschedule(id, soon);
      const endsAt = expires_at ?? (await show(id)).revokes_at;
      await ledger.lease(id);
      const { replaces } = granted(await rotate(id, DAY_MS));
      expect(replaces.revokes_at).toBe(endsAt);
    },
  );
});

describe("rescheduling", () => {
  test("to the same moment again gives the same answer and no event, also for a key in use", async () => {
    const { id } = await createKey();
    const requested = inMs(600);
    const first = await reschedule(id, requested);
    for (let repeat = 0; repeat < 5; repeat++) {
      await ledger.lease(id);
      expect((await reschedule(id, requested)).revokes_at).toBe(first.revokes_at);
      await ledger.run(() => scheduler.wait(20));
    }
    expect(await ledger.rows("SELECT count(*) AS events FROM events WHERE action = 'rescheduled'")).toEqual([
      { events: 1 },
    ]);
  });

  test("to an earlier moment never moves the end later", async () => {
    const { id } = await createKey();
    await ledger.lease(id);
    const first = await reschedule(id, inMs(LEASE_MS + 300));
    await ledger.lease(id);
    const second = await reschedule(id, inMs(100));
    expect(Date.parse(second.revokes_at ?? "")).toBeLessThanOrEqual(Date.parse(first.revokes_at ?? ""));
  });

  test("to a later moment is possible", async () => {
    const { id } = await createKey();
    await reschedule(id, inMs(DAY_MS));
    const later = inMs(2 * DAY_MS);
    expect((await reschedule(id, later)).revokes_at).toBe(later);
  });

  test("of a key in use right after a restart keeps its end", async () => {
    const { id } = await createKey();
    const first = await reschedule(id, inMs(800));
    await ledger.lease(id);
    await ledger.restart();
    const again = await reschedule(id, first.revokes_at);
    expect(again.revokes_at).toBe(first.revokes_at);
  });
});

describe("a rotated key", () => {
  test.each([0, DAY_MS])("knows its successor (overlap %i ms)", async (overlapMs) => {
    const { id } = await createKey();
    expect((await show(id)).replaced_by).toBeNull();
    const successor = granted(await rotate(id, overlapMs));
    expect(successor.replaces.replaced_by).toBe(successor.id);
    expect((await show(id)).replaced_by).toBe(successor.id);
    expect(successor.replaced_by).toBeNull();
    expect(granted(await ledger.run((it) => it.listKeys(50, null, { includeRevoked: true })))).toContainEqual(
      await show(id),
    );
  });

  test.each([0, DAY_MS])(
    "has one successor after ten concurrent rotations (overlap %i ms)",
    async (overlapMs) => {
      const { id } = await createKey();
      const answers = await Promise.all(Array.from({ length: 10 }, () => rotate(id, overlapMs)));
      const successors = answers.flatMap((answer) => ("secret" in answer ? [answer] : []));
      expect(successors).toHaveLength(1);
      for (const answer of answers) {
        if ("reason" in answer)
          expect(answer).toMatchObject({ reason: "conflict", text: expect.any(String) });
      }
      expect(granted(await ledger.run((it) => it.listKeys(50, null, { includeRevoked: true })))).toHaveLength(
        2,
      );
      expect((await show(id)).replaced_by).toBe(successors[0]?.id);
    },
  );

  test("is not rotated again, and its end stays", async () => {
    const { id } = await createKey();
    const successor = granted(await rotate(id, 60_000));
    for (const overlapMs of [0, 60_000, 30 * DAY_MS]) {
      expect(await rotate(id, overlapMs)).toEqual({
        reason: "conflict",
        text: `The key has been rotated already: its successor is ${successor.id}`,
      });
    }
    const { effective_at: _, waited_ms: __, ...replaced } = successor.replaces;
    expect(await show(id)).toEqual(replaced);
  });

  test("can be rotated again when its successor is revoked, and its end stays", async () => {
    const { id } = await createKey();
    const first = granted(await rotate(id, 60_000));
    await ledger.revoke(first.id);
    const second = granted(await rotate(id, 30 * DAY_MS));
    expect(second.replaces).toMatchObject({
      revokes_at: first.replaces.revokes_at,
      replaced_by: second.id,
    });
  });

  test("whose revocation is cancelled is an independent key, which can be rotated again", async () => {
    const { id } = await createKey();
    await rotate(id, 60_000);
    expect(await reschedule(id, null)).toMatchObject({ revokes_at: null, replaced_by: null });
    const second = granted(await rotate(id, DAY_MS));
    expect(second.replaces.replaced_by).toBe(second.id);
  });
});
