// The state of a key as people see it, and its scheduled end, at the boundaries between states.

import { expect, test } from "vitest";
import type { ApiKey } from "../../src/keys/api-key.ts";
import {
  ageDays,
  isDueForRotation,
  keyState,
  type StateFields,
  scheduledEnd,
} from "../../src/keys/key-state.ts";

const NOW = Date.parse("2026-11-24T12:00:00.000Z");
const BEFORE = "2026-11-24T11:59:59.999Z";
const AFTER = "2026-11-24T12:00:00.001Z";
const LATER = "2027-01-01T00:00:00.000Z";
const DAY_MS = 86_400_000;

const key = (changes: Partial<ApiKey>) =>
  ({ created_at: BEFORE, expires_at: null, revokes_at: null, state: "active", ...changes }) as ApiKey;

const GOOD: StateFields = { revokedAt: null, revokesAt: null, expiresAt: null, isSuspended: false };

test.each<[string, Partial<StateFields>, string]>([
  ["without an end", {}, "active"],
  ["that expires later", { expiresAt: NOW + 1 }, "active"],
  ["that expires now", { expiresAt: NOW }, "expired"],
  ["with a scheduled revocation", { revokesAt: NOW + 1 }, "retiring"],
  ["that is suspended", { isSuspended: true }, "suspended"],
  ["that is suspended, with a scheduled revocation", { isSuspended: true, revokesAt: NOW + 1 }, "suspended"],
  ["that expired while it was suspended", { isSuspended: true, expiresAt: NOW }, "expired"],
  ["that was revoked while it was suspended", { isSuspended: true, revokedAt: NOW - 1 }, "revoked"],
  ["whose scheduled revocation has passed", { revokesAt: NOW - 1 }, "revoked"],
  ["that expired before its scheduled revocation", { expiresAt: NOW - 1, revokesAt: NOW + 1 }, "expired"],
  ["revoked on schedule before its expiry", { revokesAt: NOW - 1, expiresAt: NOW }, "revoked"],
  ["that was revoked after it expired", { expiresAt: NOW - 2, revokedAt: NOW - 1 }, "revoked"],
])("a key %s: %s", (_, fields, state) => {
  expect(keyState({ ...GOOD, ...fields }, NOW)).toBe(state);
});

test("the first of expiry and scheduled revocation is the scheduled end", () => {
  expect(scheduledEnd(key({}))).toBeNull();
  expect(scheduledEnd(key({ expires_at: AFTER }))).toEqual({ kind: "expires", at: AFTER });
  expect(scheduledEnd(key({ expires_at: LATER, revokes_at: AFTER }))).toEqual({ kind: "revokes", at: AFTER });
  expect(scheduledEnd(key({ expires_at: AFTER, revokes_at: LATER }))).toEqual({ kind: "expires", at: AFTER });
  expect(scheduledEnd(key({ expires_at: AFTER, revokes_at: AFTER }))?.kind).toBe("revokes");
});

test("an active live key is due for rotation after 90 days, a test key or one that ends anyway is not", () => {
  const aged = (days: number, changes: Partial<ApiKey> = {}) =>
    key({ mode: "live", created_at: new Date(NOW - days * DAY_MS).toISOString(), ...changes });
  expect(ageDays(aged(89.9), NOW)).toBe(89);
  expect([aged(89.9), aged(90)].map((one) => isDueForRotation(one, NOW))).toEqual([false, true]);
  expect(isDueForRotation(aged(90, { state: "retiring" }), NOW)).toBe(false);
  expect(isDueForRotation(aged(90, { mode: "test" }), NOW)).toBe(false);
});
