/** Which keys of an account a list shows, from its query. Pure. */
import { type ApiKey, KEY_STATES, type KeyState } from "../keys/api-key.ts";
import type { Mode } from "../policy.ts";

export interface KeyFilter {
  /** Part of the name, the id or the last four characters. */
  readonly q: string;
  readonly mode: Mode | "";
  /** Empty: every key that is not revoked. */
  readonly state: KeyState | "all" | "";
}

export function readFilter(query: Readonly<Record<string, string>>): KeyFilter {
  const { q = "", mode = "", state = "" } = query;
  return {
    q: q.trim(),
    mode: mode === "live" || mode === "test" ? mode : "",
    state: KEY_STATES.find((one) => one === state) ?? (state === "all" ? "all" : ""),
  };
}

export function isFiltered({ q, mode, state }: KeyFilter): boolean {
  return q !== "" || mode !== "" || state !== "";
}

export function matches(key: ApiKey, { q, mode, state }: KeyFilter): boolean {
  const actual = key.state;
  const hasState = state === "all" || (state === "" ? actual !== "revoked" : actual === state);
  return hasState && (mode === "" || key.mode === mode) && hasText(key, q);
}

/** Without regard to case in names; ids and hints are compared as they are written. */
function hasText(key: ApiKey, text: string): boolean {
  if (text === "") return true;
  return (
    key.name.toLocaleLowerCase().includes(text.toLocaleLowerCase()) ||
    key.id === text ||
    key.hint.endsWith(text.replace(/^…/, "")) ||
    Object.entries(key.labels).some(([label, value]) => [label, value, `${label}:${value}`].includes(text))
  );
}
