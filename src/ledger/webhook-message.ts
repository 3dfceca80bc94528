/**
 * A message of the Standard Webhooks (standardwebhooks.com): its body, made from an event, and its signatures.
 *
 * Guarantees that the message contains what the event log shows, which has no secret. No clock: the time of sending is
 * passed in.
 */
import type { LedgerEvent } from "../keys/api-key.ts";
import { type Bytes, base64, hmacSha256 } from "../keys/digests.ts";

/** The type of the message for an event; null: the event is not sent. */
export const MESSAGE_TYPES = {
  created: "key.created",
  imported: "key.created",
  renamed: "key.updated",
  rescheduled: "key.updated",
  expiry_changed: "key.updated",
  permissions_changed: "key.updated",
  allowed_ips_changed: "key.updated",
  limits_changed: "key.updated",
  labels_changed: "key.updated",
  suspended: "key.suspended",
  resumed: "key.resumed",
  rotated: "key.rotated",
  revoked: "key.revoked",
  expiring: "key.expiring",
  aging: "key.aging",
  expired: "key.expired",
  exposed: "key.exposed",
  tier_changed: "account.updated",
  policy_changed: "account.updated",
  location_chosen: "account.updated",
  account_suspended: "account.updated",
  account_resumed: "account.updated",
  creations_abandoned: null,
  kv_rebuilt: null,
  answer_repeated: null,
  portal_link_created: null,
  portal_entered: null,
  portal_sessions_ended: null,
  delivery_failed: null,
} as const satisfies Record<LedgerEvent["action"], string | null>;

/** The body; null for an event that is not sent. */
export function messageBody(account: string, event: LedgerEvent): string | null {
  const type = MESSAGE_TYPES[event.action];
  return type && JSON.stringify({ type, timestamp: event.at, data: { account, ...event } });
}

/** The headers that identify and sign the body; with two secrets, two signatures. */
export async function signedHeaders(
  messageId: string,
  body: string,
  secrets: readonly Bytes[],
  now: number,
): Promise<Record<string, string>> {
  const seconds = Math.floor(now / 1000);
  const signatures = await Promise.all(
    secrets.map(
      async (secret) => `v1,${base64(await hmacSha256(secret, `${messageId}.${seconds}.${body}`))}`,
    ),
  );
  return {
    "Content-Type": "application/json",
    "User-Agent": "Octopost-Gateway",
    "Webhook-Id": messageId,
    "Webhook-Timestamp": String(seconds),
    "Webhook-Signature": signatures.join(" "),
  };
}
