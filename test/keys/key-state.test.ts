// The state of a key as people see it, and its scheduled end, at the boundaries between states.

import { expect, test } from "vitest";
import type { ApiKey } from "../../src/keys/api-key.ts";
import { ageDays, isDueForRotation, keyState, scheduledEnd } from "../../src/keys/key-state.ts";

const NOW = Date.parse("2026-11-24T12:00:00.000Z");
const BEFORE = "2026-11-24T11:59:59.999Z";
const AFTER = "2026-11-24T12:00:00.001Z";
const LATER = "2027-01-01T00:00:00.000Z";
const DAY_MS = 86_400_000;

const key = (changes: Partial<ApiKey>) =>
  ({ created_at: BEFORE, expires_at: null, revokes_at: null, revoked_at: null, ...changes }) as ApiKey;

test.each<[string, Partial<ApiKey>, string]>([
  ["without an end", {}, "active"],
  ["that expires later", { expires_at: AFTER }, "active"],
  ["that expires now", { expires_at: new Date(NOW).toISOString() }, "expired"],
  ["with a scheduled revocation", { revokes_at: AFTER }, "retiring"],
  ["whose scheduled revocation has passed", { revokes_at: BEFORE }, "revoked"],
  ["that expired before its scheduled revocation", { expires_at: BEFORE, revokes_at: AFTER }, "expired"],
  [
    "revoked on schedule before its expiry",
    { revokes_at: BEFORE, expires_at: new Date(NOW).toISOString() },
    "revoked",
  ],
  ["that was revoked after it expired", { expires_at: BEFORE, revoked_at: BEFORE }, "revoked"],
])("a key %s: %s", (_, changes, state) => {
  expect(keyState(key(changes), NOW)).toBe(state);
});

test("the first of expiry and scheduled revocation is the scheduled end", () => {
  expect(scheduledEnd(key({}))).toBeNull();
  expect(scheduledEnd(key({ expires_at: AFTER }))).toEqual({ kind: "expires", at: AFTER });
  expect(scheduledEnd(key({ expires_at: LATER, revokes_at: AFTER }))).toEqual({ kind: "revokes", at: AFTER });
  expect(scheduledEnd(key({ expires_at: AFTER, revokes_at: LATER }))).toEqual({ kind: "expires", at: AFTER });
  expect(scheduledEnd(key({ expires_at: AFTER, revokes_at: AFTER }))?.kind).toBe("revokes");
});

test("an active key is due for rotation after 90 days, a key that ends anyway is not", () => {
  const aged = (days: number, changes: Partial<ApiKey> = {}) =>
    key({ created_at: new Date(NOW - days * DAY_MS).toISOString(), ...changes });
  expect(ageDays(aged(89.9), NOW)).toBe(89);
  expect([aged(89.9), aged(90)].map((one) => isDueForRotation(one, NOW))).toEqual([false, true]);
  expect(isDueForRotation(aged(90, { revokes_at: AFTER }), NOW)).toBe(false);
});
