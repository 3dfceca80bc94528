// Keys and events as people read them. Pure: the moment it is now is passed in, as Unix milliseconds.

import type { ApiKey, IssuedKey, LedgerEvent } from "../../keys/api-key.ts";
import { keyState, scheduledEnd } from "../../keys/key-state.ts";
import { fields, readableTime, table, timeInTable } from "./text-format.ts";

export function keyTable(keys: readonly ApiKey[], now: number): string {
  return table(
    ["ID", "KEY", "STATE (UTC)", "CREATED", "LAST USED", "PERMISSIONS", "NAME"],
    keys.map((key) => [
      key.id,
      key.hint,
      stateOf(key, now),
      timeInTable(key.created_at, ""),
      timeInTable(key.last_used_at, "never"),
      key.permissions.join(",") || "all",
      key.name,
    ]),
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
    state: stateOf(key, now),
    created: readableTime(key.created_at, ""),
    expires: readableTime(key.expires_at, "never"),
    "last used": readableTime(key.last_used_at, "never"),
    uses: `about ${key.use_count.toLocaleString("en-US")}`,
    ...(key.effective_at === null ? {} : { "dead since": readableTime(key.effective_at, "") }),
  });
}

/** What a person needs to know which key it is. */
export function keyInWords(key: ApiKey): string {
  const used = key.last_used_at === null ? "not used yet" : `last used ${readableTime(key.last_used_at, "")}`;
  return `${key.id} "${key.name}" (${key.hint}, ${used})`;
}

/** The new key with its text, set apart so that it is easily copied. */
export function newKey(key: IssuedKey, now: number): string {
  return `${keyDetails(key, now)}\n${key.secret}\n`;
}

export const COPY_IT_NOW = "Copy the key now: it is displayed only this once. Whoever has it can use it.";

export function eventTable(events: readonly LedgerEvent[]): string {
  return table(
    ["TIME (UTC)", "ACTION", "ACTOR", "KEY", "DETAILS"],
    events.map(({ at, action, actor, key_id, details }) => [
      timeInTable(at, ""),
      action,
      actor,
      key_id ?? "-",
      Object.entries(details)
        .map(([name, value]) => `${name}: ${typeof value === "string" ? value : JSON.stringify(value)}`)
        .join(", "),
    ]),
  );
}

function stateOf(key: ApiKey, now: number): string {
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
