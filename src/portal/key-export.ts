/** The list of keys, with its filter, as a file for spreadsheets. */
import type { ApiKey } from "../keys/api-key.ts";
import { isRefusal } from "../refusals.ts";
import { loadAccountKeys } from "./account-keys.ts";
import { type Cell, csvOf, download } from "./csv.ts";
import { matches, readFilter } from "./key-filter.ts";
import { refuse } from "./notices.tsx";
import type { PortalRequest } from "./portal-context.ts";

const COLUMNS: Readonly<Record<string, (key: ApiKey, now: number) => Cell>> = {
  name: ({ name }) => name,
  id: ({ id }) => id,
  hint: ({ hint }) => hint,
  mode: ({ mode }) => mode,
  state: ({ state }) => state,
  permissions: ({ permissions }) => (permissions.length === 0 ? "all" : permissions.join(" ")),
  created_at: ({ created_at }) => created_at,
  last_used_at: ({ last_used_at }) => last_used_at,
  use_count: ({ use_count }) => use_count,
  expires_at: ({ expires_at }) => expires_at,
  revokes_at: ({ revokes_at }) => revokes_at,
  revoked_at: ({ revoked_at }) => revoked_at,
  replaced_by: ({ replaced_by }) => replaced_by,
};

export async function exportKeys(c: PortalRequest) {
  const loaded = await loadAccountKeys(c);
  if (isRefusal(loaded)) return refuse(c, loaded);
  const now = c.env.now();
  const filter = readFilter(c.req.query());
  const keys = loaded.keys.filter((key) => matches(key, filter));
  const rows = keys.map((key) => Object.values(COLUMNS).map((cell) => cell(key, now)));
  return download(c, csvOf(Object.keys(COLUMNS), rows), "api-keys.csv", "text/csv; charset=utf-8");
}
