/** The list of keys, with its filter, as a file for spreadsheets. */
import { listKeys } from "../control/operations/keys.ts";
import type { ApiKey } from "../keys/api-key.ts";
import { isRefusal, type Refusal } from "../refusals.ts";
import { type Cell, csvOf, download } from "./file-export.ts";
import { readFilter } from "./key-filter.ts";
import { refuse } from "./notices.tsx";
import { type NewestItems, performPages } from "./perform.ts";
import type { PortalRequest } from "./portal-context.ts";

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
  const keys = await loadKeys(c);
  if (isRefusal(keys)) return refuse(c, keys);
  const rows = keys.items.map((key) => Object.values(COLUMNS).map((cell) => cell(key)));
  return download(c, csvOf(Object.keys(COLUMNS), rows, keys.next_cursor !== null), "api-keys", "csv", keys);
}

/** Each key once, also while keys are created and revoked: pages of the control plane begin after a key, not a number. */
function loadKeys(c: PortalRequest): Promise<NewestItems<ApiKey> | Refusal> {
  const { q, mode, state } = readFilter(c.req.query());
  const filter = {
    ...(q !== "" && { q }),
    ...(mode !== "" && { mode }),
    ...(state === "all" ? { include: "revoked" } : state !== "" && { state }),
  };
  return performPages(c, listKeys, filter, ({ keys }) => keys);
}
