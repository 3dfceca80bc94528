/** What must hold before a key is made. Pure. */
import type { Refusal } from "../refusals.ts";
import { isRevoked } from "./api-key-view.ts";
import type { KeyRow } from "./keys-table.ts";

export const EXPIRES_IN_THE_PAST = {
  reason: "invalid_input",
  details: { expires_at: "must lie in the future" },
} as const;

export function hasPassed(time: string | null, now: number): boolean {
  return time !== null && Date.parse(time) <= now;
}

/** Why a key gets no successor, or null. */
export function reasonNotToRotate(old: KeyRow, now: number): Refusal | null {
  if (isRevoked(old, now)) return { reason: "conflict", text: "The key is revoked" };
  if (old.expires_at !== null && old.expires_at <= now)
    return { reason: "conflict", text: "The key has expired" };
  return null;
}
