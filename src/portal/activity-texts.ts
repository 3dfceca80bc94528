/** Every text of the activity page. */
import type { LedgerEvent } from "../keys/api-key.ts";

/** A verb that stands between the actor and the key or the account. */
const EVENT_ACTIONS = {
  created: "created",
  renamed: "renamed",
  rotated: "rotated",
  rescheduled: "rescheduled the revocation of",
  expiry_changed: "changed the expiry of",
  permissions_changed: "changed the permissions of",
  allowed_ips_changed: "changed the allowed IP addresses of",
  labels_changed: "changed the labels of",
  suspended: "suspended",
  resumed: "resumed",
  revoked: "revoked",
  creations_abandoned: "abandoned keys that were being created for",
  imported: "imported",
  tier_changed: "changed the tier of",
  policy_changed: "changed the policy of",
  account_suspended: "suspended all keys of",
  account_resumed: "resumed the keys of",
  kv_rebuilt: "rebuilt the KV entries of",
  answer_repeated: "repeated the call that created",
  portal_link_created: "requested a link to the key page of",
  portal_entered: "opened the key page of",
  portal_sessions_ended: "ended the key page sessions of",
  expiring: "reports that this key will expire soon:",
  aging: "reminds you to rotate",
  expired: "reports that this key has expired:",
  exposed: "found in public:",
  delivery_failed: "could not send an event of",
} satisfies Record<LedgerEvent["action"], string>;

export const ACTIVITY_TEXTS = {
  title: "Activity",
  intro: "Changes to the keys of this account, newest first.",
  none: "There is no activity yet.",
  older: "Older",
  newest: "Newest",
  account: "the account",
  detail: {
    replaces: (name: string) => `Replaces ${name}.`,
    renamed: (from: string, to: string) => `From “${from}” to “${to}”.`,
    revokes: (when: string) => `Will be revoked on ${when}.`,
    noRevocation: "The scheduled revocation was cancelled.",
    foundAt: (url: string) => `Found at ${url}`,
    reason: (reason: string) => `Reason: ${reason}`,
  },
  /** A map: callers name actors freely, `constructor` too. */
  actors: new Map([
    ["key_page", "A user of this page"],
    ["control_token", "The control API"],
    ["possession", "A holder of the key"],
    ["gateway", "The gateway"],
    ["github", "GitHub’s secret scanning"],
  ]) as ReadonlyMap<string, string>,
  actions: EVENT_ACTIONS,
} as const;
