/**
 * The fields of a key that a change gives another value, each with its event and how long it waits for leases. Pure; it
 * writes nothing.
 */

import { isoTimeOrNull, unixMsOrNull } from "../keys/timestamp.ts";
import type { Permission } from "../policy.ts";
import { limitsOf, type OwnLimits, type Tier } from "../rate-limits.ts";
import type { NewEvent } from "./events-table.ts";
import {
  allowedIpsOf,
  endsSooner,
  losesAddress,
  losesPermission,
  losesRequests,
  lowerLimits,
  ownLimitsOf,
  permissionsOf,
} from "./key-terms.ts";
import type { KeyRow } from "./keys-schema.ts";
import type { ChangeableColumn } from "./keys-table.ts";

export interface KeyChange {
  readonly name?: string | undefined;
  readonly labels?: Readonly<Record<string, string>> | undefined;
  readonly permissions?: readonly Permission[] | undefined;
  readonly allowed_ips?: readonly string[] | undefined;
  /** null: the tier's. */
  readonly limits?: OwnLimits | null | undefined;
  readonly expires_at?: string | null | undefined;
  /** null cancels a scheduled revocation. */
  readonly revokes_at?: string | null | undefined;
}

/** One field that gets another value, with its event. */
export interface KeyEdit {
  readonly column: ChangeableColumn | "name" | "labels";
  readonly value: string | number | null;
  readonly action: NewEvent["action"];
  readonly details: NonNullable<NewEvent["details"]>;
  /** How long the change waits for leases; null: it does not restrict the key. */
  readonly waitMs: number | null;
}

/** The values on which the wait of an edit depends. */
interface EditContext {
  /** The account's. */
  readonly tier: Tier;
  /** How long a restriction waits. */
  readonly waitMs: number;
  /** How long an end that becomes sooner waits. */
  readonly waitMsForEnd: (end: number) => number;
}

export function editsOf(row: KeyRow, change: KeyChange, context: EditContext): KeyEdit[] {
  const { name, labels, permissions, allowed_ips, limits, expires_at, revokes_at } = change;
  const ifRestricts = (restricts: boolean) => (restricts ? context.waitMs : null);
  const edits: KeyEdit[] = [];
  const add = (
    column: KeyEdit["column"],
    value: KeyEdit["value"],
    waitMs: KeyEdit["waitMs"],
    action: KeyEdit["action"],
    details: KeyEdit["details"],
  ) => {
    if (row[column] !== value) edits.push({ column, value, action, details, waitMs });
  };
  if (name !== undefined) add("name", name, null, "renamed", { from: row.name, to: name });
  if (labels !== undefined) add("labels", JSON.stringify(labels), null, "labels_changed", { labels });
  if (permissions !== undefined) {
    const from = permissionsOf(row);
    const isSame = from.length === permissions.length && from.every((one) => permissions.includes(one));
    const value = isSame ? row.permissions : JSON.stringify(permissions);
    const waitMs = ifRestricts(losesPermission(from, permissions));
    add("permissions", value, waitMs, "permissions_changed", { from, to: [...permissions] });
  }
  if (allowed_ips !== undefined) {
    const from = allowedIpsOf(row);
    const waitMs = ifRestricts(losesAddress(from, allowed_ips));
    const value = JSON.stringify(allowed_ips);
    add("allowed_ips", value, waitMs, "allowed_ips_changed", { from, to: [...allowed_ips] });
  }
  if (limits !== undefined) {
    const from = ownLimitsOf(row);
    const waitMs = ifRestricts(lowersLimits(from, limits, context.tier));
    add("limits", limits && JSON.stringify(limits), waitMs, "limits_changed", { from, to: limits });
  }
  const addEnd = (column: "expires_at" | "revokes_at", end: number | null, action: KeyEdit["action"]) => {
    const isSooner = end !== null && endsSooner(row[column], end);
    const waitMs = isSooner ? context.waitMsForEnd(end) : null;
    add(column, end, waitMs, action, { [column]: isoTimeOrNull(end) });
  };
  if (expires_at !== undefined) addEnd("expires_at", unixMsOrNull(expires_at), "expiry_changed");
  if (revokes_at !== undefined) addEnd("revokes_at", unixMsOrNull(revokes_at), "rescheduled");
  return edits;
}

/** Whether the limits that apply to the key get lower. */
function lowersLimits(from: OwnLimits | null, to: OwnLimits | null, tier: Tier): boolean {
  const ofTier = limitsOf(tier);
  return losesRequests(lowerLimits(limitsOf(from), ofTier), lowerLimits(limitsOf(to), ofTier));
}
