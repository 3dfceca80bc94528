/** The activity, with its filter, as a file: CSV for spreadsheets, JSON as the control plane answers it. */
import { listEvents } from "../control/operations/accounts.ts";
import type { LedgerEvent } from "../keys/api-key.ts";
import { isRefusal, type Refusal } from "../refusals.ts";
import { eventQuery, findKeys, readActivityFilter } from "./activity-page.tsx";
import { csvOf, download } from "./file-export.ts";
import { refuse } from "./notices.tsx";
import { type NewestItems, performPages } from "./perform.ts";
import type { PortalRequest } from "./portal-context.ts";

const FILE_NAME = "api-key-activity";
const COLUMNS = [
  "at",
  "actor",
  "claimed_actor",
  "action",
  "key_name",
  "key_hint",
  "key_id",
  "details",
] as const;

export async function exportActivityCsv(c: PortalRequest) {
  const events = await loadEvents(c);
  if (isRefusal(events)) return refuse(c, events);
  const rows = events.items.map((event) =>
    COLUMNS.map((column) => (column === "details" ? JSON.stringify(event.details) : event[column])),
  );
  return download(c, csvOf(COLUMNS, rows, events.next_cursor !== null), FILE_NAME, "csv", events);
}

export async function exportActivityJson(c: PortalRequest) {
  const events = await loadEvents(c);
  if (isRefusal(events)) return refuse(c, events);
  const { items, next_cursor } = events;
  return download(c, JSON.stringify({ events: items, next_cursor }), FILE_NAME, "json", events);
}

async function loadEvents(c: PortalRequest): Promise<NewestItems<LedgerEvent> | Refusal> {
  const filter = readActivityFilter(c.req.query());
  const found = await findKeys(c, filter.key);
  if (isRefusal(found)) return found;
  if (filter.key !== "" && found.length !== 1) return { reason: "not_found" };
  return await performPages(c, listEvents, eventQuery(filter, found[0]), ({ events }) => events);
}
