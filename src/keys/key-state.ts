/**
 * The state of a key, computed in one place for the key page and the CLI. Pure; `now` in Unix milliseconds.
 *
 * It describes what the ledger reported. Whether a request is allowed is decided by the lease, never here.
 */
import type { ApiKey } from "./api-key.ts";

const DAY_MS = 86_400_000;
/** The Octopost documentation: rotate production keys at least every 90 days. */
const ROTATION_AGE_DAYS = 90;

export const KEY_STATES = ["active", "retiring", "expired", "revoked"] as const;
export type KeyState = (typeof KEY_STATES)[number];

export function keyState(key: ApiKey, now: number): KeyState {
  if (key.revoked_at !== null) return "revoked";
  const end = scheduledEnd(key);
  if (end !== null && Date.parse(end.at) <= now) return end.kind === "expires" ? "expired" : "revoked";
  return key.revokes_at === null ? "active" : "retiring";
}

/** The scheduled revocation or the expiry, whichever is first; null when neither is set. */
export function scheduledEnd({ revokes_at: revokes, expires_at: expires }: ApiKey) {
  if (revokes !== null && (expires === null || Date.parse(revokes) <= Date.parse(expires))) {
    return { kind: "revokes", at: revokes } as const;
  }
  return expires === null ? null : ({ kind: "expires", at: expires } as const);
}

export function ageDays(key: ApiKey, now: number): number {
  return Math.floor((now - Date.parse(key.created_at)) / DAY_MS);
}

export function isDueForRotation(key: ApiKey, now: number): boolean {
  return keyState(key, now) === "active" && ageDays(key, now) >= ROTATION_AGE_DAYS;
}
