/** What a key is now, how old, and which keys a list shows. Pure; `now` in Unix milliseconds. */
import type { ApiKey } from "../keys/api-key.ts";
import type { Mode } from "../policy.ts";

const DAY_MS = 86_400_000;
/** The documentation: rotate production keys at least every 90 days. */
const ROTATE_FROM_DAYS = 90;

export const KEY_STATES = ["active", "retiring", "expired", "revoked"] as const;
export type KeyState = (typeof KEY_STATES)[number];

export function stateOf(key: ApiKey, now: number): KeyState {
  if (key.revoked_at !== null) return "revoked";
  if (key.expires_at !== null && Date.parse(key.expires_at) <= now) return "expired";
  return key.revokes_at === null ? "active" : "retiring";
}

export function ageDays(key: ApiKey, now: number): number {
  return Math.floor((now - Date.parse(key.created_at)) / DAY_MS);
}

/** Whether the page should suggest a successor. */
export function isDueForRotation(key: ApiKey, now: number): boolean {
  return stateOf(key, now) === "active" && ageDays(key, now) >= ROTATE_FROM_DAYS;
}

export interface KeyFilter {
  readonly name: string;
  readonly mode: Mode | "";
  /** Empty: all that have not been revoked. */
  readonly state: KeyState | "all" | "";
}

export function readFilter(query: Readonly<Record<string, string>>): KeyFilter {
  const { name = "", mode = "", state = "" } = query;
  return {
    name: name.trim(),
    mode: mode === "live" || mode === "test" ? mode : "",
    state: KEY_STATES.find((one) => one === state) ?? (state === "all" ? "all" : ""),
  };
}

export function matches(key: ApiKey, { name, mode, state }: KeyFilter, now: number): boolean {
  const its = stateOf(key, now);
  const hasState = state === "all" || (state === "" ? its !== "revoked" : its === state);
  return (
    hasState &&
    (mode === "" || key.mode === mode) &&
    key.name.toLocaleLowerCase().includes(name.toLocaleLowerCase())
  );
}
