// Keys, events and receipts as text for people. Pure.

import type { ApiKey, ChangedKey, IssuedKey, LedgerEvent } from "../../keys/api-key.ts";
import { scheduledEnd } from "../../keys/key-state.ts";
import type { OwnLimits } from "../../rate-limits.ts";
import type { Style } from "./colors.ts";
import { type Column, fields, table } from "./table.ts";
import { readableMs, readableTime, timeInTable } from "./text-format.ts";

/** "suspended 2026-11-24". */
const DATED_STATE_COLUMNS = 20;
const NAME_MIN_COLUMNS = 12;

export const COPY_NOW = "Copy the key now: it is displayed only once. Anyone who has it can use it.";

const KEY_COLUMNS: readonly Column<ApiKey>[] = [
  { heading: "ID", cell: (key) => key.id },
  { heading: "KEY", cell: (key) => key.hint, leftOut: 4 },
  { heading: "STATE (UTC)", cell: describeState, style: stateStyle, minWidth: DATED_STATE_COLUMNS },
  { heading: "CREATED", cell: (key) => timeInTable(key.created_at, ""), leftOut: 2 },
  { heading: "LAST USED", cell: (key) => timeInTable(key.last_used_at, "never"), leftOut: 3 },
  {
    heading: "PERMISSIONS",
    cell: (key) => key.permissions.join(",") || "all",
    minWidth: NAME_MIN_COLUMNS,
    leftOut: 1,
  },
  { heading: "NAME", cell: (key) => key.name, minWidth: NAME_MIN_COLUMNS },
];

export function keyTable(keys: readonly ApiKey[], terminalColumns?: number): string {
  return table(KEY_COLUMNS, keys, terminalColumns);
}

export function keyDetails(key: ApiKey): string {
  return fields({
    id: key.id,
    name: key.name,
    account: key.account,
    mode: key.mode,
    permissions: key.permissions.join(",") || "all (full access)",
    key: key.hint,
    ...(key.allowed_ips.length > 0 && { "allowed IPs": key.allowed_ips.join(",") }),
    ...(key.limits && { limits: limitsText(key.limits) }),
    ...(Object.keys(key.labels).length > 0 && { labels: labelText(key.labels) }),
    state: describeState(key),
    created: `${readableTime(key.created_at)} by ${key.created_by}`,
    expires: readableTime(key.expires_at, "never"),
    ...(key.replaced_by && { "replaced by": key.replaced_by }),
    "last used": readableTime(key.last_used_at, "never"),
    uses: `about ${key.use_count.toLocaleString("en-US")}`,
  });
}

/** Identifies a key to a person, in one line. */
export function keyLabel(key: ApiKey): string {
  const used = key.last_used_at === null ? "not used yet" : `last used ${readableTime(key.last_used_at)}`;
  return `${key.id} "${key.name}" (${key.hint}, ${used})`;
}

/** The details, then the key itself on its own line, so that it is easy to copy. */
export function newKey(key: IssuedKey): string {
  return `${keyDetails(key)}\n${key.secret}\n`;
}

const EVENT_COLUMNS: readonly Column<LedgerEvent>[] = [
  { heading: "TIME (UTC)", cell: ({ at }) => timeInTable(at, "") },
  { heading: "ACTION", cell: ({ action }) => action },
  {
    heading: "ACTOR",
    cell: ({ actor, claimed_actor }) => (claimed_actor === null ? actor : `${actor} (${claimed_actor})`),
    minWidth: NAME_MIN_COLUMNS,
  },
  { heading: "NAME", cell: ({ key_name }) => key_name ?? "-", minWidth: NAME_MIN_COLUMNS },
  { heading: "KEY", cell: ({ key_id }) => key_id ?? "-", leftOut: 1 },
  { heading: "DETAILS", cell: describeDetails, minWidth: NAME_MIN_COLUMNS, leftOut: 2 },
];

export function eventTable(events: readonly LedgerEvent[], terminalColumns?: number): string {
  return table(EVENT_COLUMNS, events, terminalColumns);
}

function describeDetails({ details }: LedgerEvent): string {
  return Object.entries(details)
    .map(([name, value]) => `${name}: ${typeof value === "string" ? value : JSON.stringify(value)}`)
    .join(", ");
}

/** When a change is in effect. It has no receipt when it restricts nothing. */
export function receiptText({
  effective_at,
  waited_ms,
}: Pick<ChangedKey, "effective_at" | "waited_ms">): string {
  if (effective_at === undefined || waited_ms === undefined) return "";
  return `In effect everywhere since ${readableTime(effective_at)}, after ${readableMs(waited_ms)}.\n`;
}

export function limitsText({ requests_per_minute, publish_per_hour }: OwnLimits): string {
  return `${requests_per_minute} requests a minute, ${publish_per_hour} publishes an hour`;
}

function labelText(labels: ApiKey["labels"]): string {
  return Object.entries(labels)
    .map(([name, value]) => `${name}=${value}`)
    .join(", ");
}

function describeState(key: ApiKey): string {
  const end = scheduledEnd(key);
  switch (key.state) {
    case "revoked":
      return `revoked ${timeInTable(key.revoked_at ?? end?.at ?? null, "")}`;
    case "expired":
      return `expired ${timeInTable(key.expires_at, "")}`;
    case "suspended":
      return key.suspended_at === null
        ? "suspended with its account"
        : `suspended ${timeInTable(key.suspended_at, "")}`;
    default:
      return end === null ? "active" : `${end.kind} ${timeInTable(end.at, "")}`;
  }
}

function stateStyle(key: ApiKey): Style | null {
  switch (key.state) {
    case "revoked":
    case "expired":
      return "red";
    case "suspended":
    case "retiring":
      return "yellow";
    default:
      return "green";
  }
}
