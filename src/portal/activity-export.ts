/** The activity, with its filter, as a file: CSV for spreadsheets, JSON as the control plane answers it. */
import { listEvents } from "../control/operations/accounts.ts";
import type { LedgerEvent } from "../keys/api-key.ts";
import { isRefusal, type Refusal } from "../refusals.ts";
import { eventQuery, findKeys, readActivityFilter } from "./activity-page.tsx";
import { csvOf, download } from "./csv.ts";
import { refuse } from "./notices.tsx";
import { performPages } from "./perform.ts";
import type { PortalRequest } from "./portal-context.ts";

const COLUMNS = ["at", "actor", "claimed_actor", "action", "key_name", "key_hint", "key_id", "details"];

export async function exportActivityCsv(c: PortalRequest) {
  const events = await loadEvents(c);
  if (isRefusal(events)) return refuse(c, events);
  const rows = events.map((one) => [
    one.at,
    one.actor,
    one.claimed_actor,
    one.action,
    one.key_name,
    one.key_hint,
    one.key_id,
    JSON.stringify(one.details),
  ]);
  return download(c, csvOf(COLUMNS, rows), "api-key-activity.csv", "text/csv; charset=utf-8");
}

export async function exportActivityJson(c: PortalRequest) {
  const events = await loadEvents(c);
  if (isRefusal(events)) return refuse(c, events);
  return download(c, JSON.stringify({ events }), "api-key-activity.json", "application/json");
}

async function loadEvents(c: PortalRequest): Promise<readonly LedgerEvent[] | Refusal> {
  const filter = readActivityFilter(c.req.query());
  const found = await findKeys(c, filter.key);
  if (isRefusal(found)) return found;
  if (filter.key !== "" && found.length !== 1) return { reason: "not_found" };
  return await performPages(c, listEvents, eventQuery(filter, found[0]), ({ events }) => events);
}
