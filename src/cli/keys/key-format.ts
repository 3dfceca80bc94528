// Keys and events as text for people. Pure: the current time is passed in, as Unix milliseconds.

import type { ApiKey, IssuedKey, LedgerEvent } from "../../keys/api-key.ts";
import { keyState, scheduledEnd } from "../../keys/key-state.ts";
import { fields, table } from "./table.ts";
import { readableTime, timeInTable } from "./text-format.ts";

export const COPY_NOW = "Copy the key now: it is displayed only once. Whoever has it can use it.";

export function keyTable(keys: readonly ApiKey[], now: number, terminalColumns?: number): string {
  return table(
    ["ID", "KEY", "STATE (UTC)", "CREATED", "LAST USED", "PERMISSIONS", "NAME"],
    keys.map((key) => [
      key.id,
      key.hint,
      describeState(key, now),
      timeInTable(key.created_at, ""),
      timeInTable(key.last_used_at, "never"),
      key.permissions.join(",") || "all",
      key.name,
    ]),
    terminalColumns,
  );
}

export function keyDetails(key: ApiKey, now: number): string {
  return fields({
    id: key.id,
    name: key.name,
    account: key.account,
    mode: key.mode,
    permissions: key.permissions.join(",") || "all (full access)",
    key: key.hint,
    state: describeState(key, now),
    created: readableTime(key.created_at),
    expires: readableTime(key.expires_at, "never"),
    ...(key.replaced_by && { "replaced by": key.replaced_by }),
    "last used": readableTime(key.last_used_at, "never"),
    uses: `about ${key.use_count.toLocaleString("en-US")}`,
    ...(key.effective_at === null ? {} : { "revoked everywhere since": readableTime(key.effective_at) }),
  });
}

/** Identifies a key to a person, in one line. */
export function keyLabel(key: ApiKey): string {
  const used = key.last_used_at === null ? "not used yet" : `last used ${readableTime(key.last_used_at)}`;
  return `${key.id} "${key.name}" (${key.hint}, ${used})`;
}

/** The details, then the key itself on its own line, so that it is easy to copy. */
export function newKey(key: IssuedKey, now: number): string {
  return `${keyDetails(key, now)}\n${key.secret}\n`;
}

export function eventTable(events: readonly LedgerEvent[], terminalColumns?: number): string {
  return table(
    ["TIME (UTC)", "ACTION", "ACTOR", "KEY", "DETAILS"],
    events.map(({ at, action, actor, claimed_actor, key_id, details }) => [
      timeInTable(at, ""),
      action,
      claimed_actor === null ? actor : `${actor} (${claimed_actor})`,
      key_id ?? "-",
      Object.entries(details)
        .map(([name, value]) => `${name}: ${typeof value === "string" ? value : JSON.stringify(value)}`)
        .join(", "),
    ]),
    terminalColumns,
  );
}

function describeState(key: ApiKey, now: number): string {
  const end = scheduledEnd(key);
  switch (keyState(key, now)) {
    case "revoked":
      return `revoked ${timeInTable(key.revoked_at ?? end?.at ?? null, "")}`;
    case "expired":
      return `expired ${timeInTable(key.expires_at, "")}`;
    default:
      return end === null ? "active" : `${end.kind} ${timeInTable(end.at, "")}`;
  }
}
