/** Which keys of an account a list shows, from its query. Pure. */
import { KEY_STATES, type KeyState } from "../keys/api-key.ts";
import { containsKey } from "../keys/key-text.ts";
import type { ListFilter } from "../ledger/key-listing.ts";
import type { Mode } from "../policy.ts";

export interface KeyFilter {
  /** Part of the name; or the id, the last four characters or a label. */
  readonly q: string;
  readonly mode: Mode | "";
  /** Empty: every key that is not revoked. */
  readonly state: KeyState | "all" | "";
}

export function readFilter(query: Readonly<Record<string, string>>): KeyFilter {
  const { q = "", mode = "", state = "" } = query;
  return {
    // A key does not belong in an address.
    q: containsKey(q) ? "" : q.trim(),
    mode: mode === "live" || mode === "test" ? mode : "",
    state: KEY_STATES.find((one) => one === state) ?? (state === "all" ? "all" : ""),
  };
}

export function isFiltered({ q, mode, state }: KeyFilter): boolean {
  return q !== "" || mode !== "" || state !== "";
}

/** The number of a page of the list; the ledger corrects one that does not exist. */
export function readPage({ page }: Readonly<Record<string, string>>): number {
  return Math.floor(Number(page)) || 1;
}

/** The query of a page of the list. */
export function listQuery(filter: KeyFilter, page: number): string {
  return new URLSearchParams({ ...filter, page: String(page) }).toString();
}

/** The same for the ledger. */
export function listFilter({ q, mode, state }: KeyFilter): ListFilter {
  return {
    ...(q !== "" && { text: q }),
    ...(mode !== "" && { mode }),
    ...(state === "all" ? { includeRevoked: true } : state !== "" && { state }),
  };
}
