/**
 * The state of a key as the API shows it, and its age. Pure; `now` in Unix milliseconds.
 *
 * Guarantees one definition of the states. It does not decide whether a request is allowed; the lease does.
 */
import type { ApiKey, KeyState } from "./api-key.ts";

const DAY_MS = 86_400_000;
/** The Octopost documentation: rotate production keys at least every 90 days. */
export const ROTATION_AGE_MS = 90 * DAY_MS;
/** How long before its expiry a key is reported. */
export const EXPIRES_SOON_MS = 7 * DAY_MS;

/** The fields that decide on a key's state. Times are Unix milliseconds. */
export interface StateFields {
  readonly revokedAt: number | null;
  readonly revokesAt: number | null;
  readonly expiresAt: number | null;
  /** The key or its account. */
  readonly isSuspended: boolean;
}

/** The first state that applies: final states come before those that can change. */
export function keyState(
  { revokedAt, revokesAt, expiresAt, isSuspended }: StateFields,
  now: number,
): KeyState {
  if (revokedAt !== null || hasPassed(revokesAt, now)) return "revoked";
  if (hasPassed(expiresAt, now)) return "expired";
  if (isSuspended) return "suspended";
  return revokesAt === null ? "active" : "retiring";
}

/** null: never. */
export function hasPassed(moment: number | null, now: number): boolean {
  return moment !== null && moment <= now;
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

/** Keys of the sandbox are never due. */
export function isDueForRotation({ state, mode, created_at }: ApiKey, now: number): boolean {
  return state === "active" && mode === "live" && now - Date.parse(created_at) >= ROTATION_AGE_MS;
}
