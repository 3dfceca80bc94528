/** The list of keys, with its filter, as a file for spreadsheets. */
import type { ApiKey } from "../keys/api-key.ts";
import { isRefusal } from "../refusals.ts";
import { listKeys } from "./account-keys.ts";
import { type Cell, csvOf, download } from "./csv.ts";
import { listFilter, readFilter } from "./key-filter.ts";
import { refuse } from "./notices.tsx";
import type { PortalRequest } from "./portal-context.ts";

const KEYS_PER_CALL = 200;
/** The newest of more: a program reads them all from the control plane. */
const KEYS_MAX = 10_000;

const COLUMNS: Readonly<Record<string, (key: ApiKey) => Cell>> = {
  name: ({ name }) => name,
  id: ({ id }) => id,
  hint: ({ hint }) => hint,
  mode: ({ mode }) => mode,
  state: ({ state }) => state,
  permissions: ({ permissions }) => (permissions.length === 0 ? "all" : permissions.join(" ")),
  allowed_ips: ({ allowed_ips }) => allowed_ips.join(" "),
  labels: ({ labels }) =>
    Object.entries(labels)
      .map((label) => label.join(":"))
      .join(" "),
  requests_per_minute: ({ limits }) => limits?.requests_per_minute ?? null,
  publish_per_hour: ({ limits }) => limits?.publish_per_hour ?? null,
  created_at: ({ created_at }) => created_at,
  created_by: ({ created_by }) => created_by,
  last_used_at: ({ last_used_at }) => last_used_at,
  use_count: ({ use_count }) => use_count,
  expires_at: ({ expires_at }) => expires_at,
  revokes_at: ({ revokes_at }) => revokes_at,
  revoked_at: ({ revoked_at }) => revoked_at,
  replaced_by: ({ replaced_by }) => replaced_by,
};

export async function exportKeys(c: PortalRequest) {
  const filter = listFilter(readFilter(c.req.query()));
  const keys: ApiKey[] = [];
  for (let page = 1; keys.length < KEYS_MAX; page++) {
    const listed = await listKeys(c, filter, KEYS_PER_CALL, page);
    if (isRefusal(listed)) return refuse(c, listed);
    // A page past the end is the last one again.
    if (listed.start < keys.length || listed.keys.length === 0) break;
    keys.push(...listed.keys);
  }
  const rows = keys.map((key) => Object.values(COLUMNS).map((cell) => cell(key)));
  return download(c, csvOf(Object.keys(COLUMNS), rows), "api-keys.csv", "text/csv; charset=utf-8");
}
