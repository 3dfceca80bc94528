/** The texts of the activity: who did what, in sentences. */
import type { LedgerEvent } from "../keys/api-key.ts";

/** A verb that stands between the actor and the key or the account. */
export const EVENT_ACTIONS = {
  created: "created",
  renamed: "renamed",
  rotated: "rotated",
  rescheduled: "rescheduled the revocation of",
  expiry_changed: "changed the expiry of",
  permissions_changed: "changed the permissions of",
  allowed_ips_changed: "changed the allowed IP addresses of",
  limits_changed: "changed the rate limits of",
  labels_changed: "changed the labels of",
  suspended: "suspended",
  resumed: "resumed",
  revoked: "revoked",
  creations_abandoned: "abandoned keys that were being created for",
  imported: "imported",
  tier_changed: "changed the tier of",
  policy_changed: "changed the policy of",
  location_chosen: "chose the location of",
  account_suspended: "suspended all keys of",
  account_resumed: "resumed the keys of",
  kv_rebuilt: "rebuilt the KV entries of",
  answer_repeated: "repeated the call that created",
  portal_link_created: "requested a link to the key page of",
  portal_entered: "opened the key page of",
  portal_sessions_ended: "ended the key page sessions of",
  expiring: "reported that it will expire soon:",
  aging: "asked to rotate",
  expired: "reported that it has expired:",
  exposed: "found in public:",
  delivery_failed: "could not send an event of",
} satisfies Record<LedgerEvent["action"], string>;

/** The actions to filter by, as nouns: those of customers, not the upkeep of the gateway. */
export const ACTION_NOUNS = {
  created: "Creation",
  imported: "Import",
  rotated: "Rotation",
  rescheduled: "Change of a scheduled revocation",
  revoked: "Revocation",
  suspended: "Suspension",
  resumed: "Resumption",
  permissions_changed: "Change of permissions",
  allowed_ips_changed: "Change of allowed IP addresses",
  expiry_changed: "Change of expiry",
  limits_changed: "Change of rate limits",
  labels_changed: "Change of labels",
  renamed: "Change of name",
  exposed: "Sighting in public",
  expired: "Expiry",
  account_suspended: "Suspension of the account",
  account_resumed: "Resumption of the account",
  portal_entered: "Opening of this page",
} satisfies Partial<Record<LedgerEvent["action"], string>>;

export const ACTIONS = Object.keys(ACTION_NOUNS) as (keyof typeof ACTION_NOUNS)[];

interface Actor {
  readonly alone: string;
  readonly beside: string;
  /** Stands for people and programs, which should have given their name. */
  readonly isNameless?: boolean;
}

/** A map: credentials are named freely, `constructor` too. */
export const ACTORS: ReadonlyMap<string, Actor> = new Map<string, Actor>([
  ["key_page", { alone: "A user of this page", beside: "on this page", isNameless: true }],
  ["control_token", { alone: "The control API", beside: "control API", isNameless: true }],
  ["possession", { alone: "A holder of the key", beside: "holder of the key" }],
  ["gateway", { alone: "The gateway", beside: "gateway" }],
  ["github", { alone: "GitHub’s secret scanning", beside: "GitHub’s secret scanning" }],
]);

export const activityTexts = {
  title: "Activity",
  intro:
    "Changes to the keys of this account, newest first. Requests are not listed here: the page of a key counts them by day.",
  nameless: "(no name given)",
  none: "There is no activity yet.",
  noMatch: "No activity matches this filter.",
  older: "Older",
  newest: "Newest",
  filter: "Filter activity",
  key: "Key: name, last four characters or ID",
  action: "Action",
  anyAction: "Every action",
  whichKey: "Several keys match. Which one?",
  noKey: "No key matches this text.",
  of: "Activity of",
  all: "All activity",
  account: "the account",
  detail: {
    replaces: "It replaces",
    anotherKey: "another key",
    changed: (from: string, to: string) => `From ${from} to ${to}.`,
    anywhere: "anywhere",
    ofPlan: "those of the plan",
    labels: (labels: string) => (labels === "" ? "It has no labels now." : `Labels: ${labels}`),
    expires: (when: string) => `Expires: ${when}.`,
    revokes: (when: string) => `Will be revoked on ${when}.`,
    noRevocation: "The scheduled revocation was cancelled.",
    foundAt: (url: string) => `Found at ${url}`,
    reason: (reason: string) => `Reason: ${reason}`,
  },
} as const;
