/**
 * The public shape of keys and events: one schema each, from which the types here and the OpenAPI document
 * derive. Times are ISO 8601 UTC. No I/O.
 */
import * as v from "valibot";
import { ACCOUNT_FORMAT, KEY_ID_FORMAT, modeSchema, permissionSchema } from "./key-record.ts";
import { timestampSchema } from "./timestamp.ts";

/** The states of an issued key. */
export const KEY_STATES = ["active", "retiring", "suspended", "expired", "revoked"] as const;
export type KeyState = (typeof KEY_STATES)[number];

/** A whole number from 1 to `max`. */
export function countUpTo(max: number) {
  const message = `must be a whole number from 1 to ${max}`;
  return v.pipe(v.number(message), v.integer(message), v.minValue(1, message), v.maxValue(max, message));
}

const limit = countUpTo(1_000_000_000);

export const ownLimitsSchema = v.strictObject({ requests_per_minute: limit, publish_per_hour: limit });

export const keyLimitsSchema = v.pipe(
  v.nullable(ownLimitsSchema),
  v.description("Where the account's tier allows more, these limits apply to the key; null: the tier's"),
);

const keyEntries = {
  id: v.pipe(v.string(), v.regex(KEY_ID_FORMAT)),
  account: v.pipe(v.string(), v.regex(ACCOUNT_FORMAT)),
  name: v.string(),
  mode: modeSchema,
  permissions: v.pipe(v.array(permissionSchema), v.description("Empty: full access")),
  allowed_ips: v.pipe(
    v.array(v.string()),
    v.description("The networks from which the key may be used, in CIDR notation; empty: anywhere"),
  ),
  limits: keyLimitsSchema,
  labels: v.record(v.string(), v.string()),
  state: v.pipe(
    v.picklist(KEY_STATES),
    v.description("`suspended`: the key or its account is. `retiring`: its revocation is scheduled"),
  ),
  hint: v.pipe(v.string(), v.description("The prefix and the last four characters of the key")),
  created_at: timestampSchema,
  created_by: v.pipe(v.string(), v.description("The actor of the call that issued the key")),
  expires_at: v.nullable(timestampSchema),
  last_used_at: v.pipe(v.nullable(timestampSchema), v.description("Up to a minute old; null: never used")),
  use_count: v.pipe(v.number(), v.integer(), v.description("Approximate")),
  suspended_at: v.pipe(
    v.nullable(timestampSchema),
    v.description("Of the key itself; null: not suspended, or only with its account"),
  ),
  revokes_at: v.pipe(v.nullable(timestampSchema), v.description("When a scheduled revocation ends the key")),
  revoked_at: v.nullable(timestampSchema),
  replaced_by: v.pipe(
    v.nullable(v.pipe(v.string(), v.regex(KEY_ID_FORMAT))),
    v.description(
      "The id of the successor that a rotation has issued; null: not rotated, or the revocation was cancelled",
    ),
  ),
};

/** The receipt of a restriction: since when it is in effect everywhere. */
export const receiptEntries = {
  effective_at: v.pipe(
    timestampSchema,
    v.description(
      "After this moment no request succeeds anywhere that the change forbids, nor one in flight",
    ),
  ),
  waited_ms: v.pipe(
    v.number(),
    v.integer(),
    v.description("How long the change waited for the last lease from before it to end"),
  ),
};

/** The receipt of a change that may or may not restrict. */
export const optionalReceiptEntries = {
  effective_at: v.optional(receiptEntries.effective_at),
  waited_ms: v.optional(receiptEntries.waited_ms),
};

export const keySchema = v.strictObject(keyEntries);

export const issuedKeySchema = v.strictObject({
  ...keyEntries,
  secret: v.pipe(v.string(), v.description("The key itself; shown only in this answer")),
});

/** With the receipt if the change restricts the key. */
export const changedKeySchema = v.strictObject({ ...keyEntries, ...optionalReceiptEntries });

/** A key that was suspended or resumed. */
export const restrictedKeySchema = v.strictObject({ ...keyEntries, ...receiptEntries });

export const rotatedKeySchema = v.strictObject({
  ...issuedKeySchema.entries,
  replaces: v.pipe(changedKeySchema, v.description("The old key, with its end scheduled")),
});

export const revokedKeySchema = v.strictObject({
  ...restrictedKeySchema.entries,
  revoked_at: timestampSchema,
  lease_bound_ms: v.pipe(
    v.number(),
    v.integer(),
    v.minValue(0),
    v.description(
      "The longest that this revocation could have to wait for leases: LEASE_MS plus the margin, more for an account with very many lease calls, 0 at a scheduled end",
    ),
  ),
});

/** Plain data of known types, so that it is typed across RPC too. */
const detail = v.union([
  v.string(),
  v.number(),
  v.boolean(),
  v.null(),
  v.array(v.string()),
  v.record(v.string(), v.union([v.number(), v.string()])),
]);

export const eventSchema = v.strictObject({
  number: v.pipe(v.number(), v.integer()),
  at: timestampSchema,
  actor: v.pipe(v.string(), v.description("The name of the credential")),
  claimed_actor: v.pipe(
    v.nullable(v.string()),
    v.description("What the caller says of itself (Octopost-Actor); null: nothing"),
  ),
  action: v.picklist(
    [
      "created",
      "renamed",
      "rotated",
      "rescheduled",
      "expiry_changed",
      "permissions_changed",
      "allowed_ips_changed",
      "limits_changed",
      "labels_changed",
      "suspended",
      "resumed",
      "revoked",
      "creations_abandoned",
      "imported",
      "tier_changed",
      "policy_changed",
      "location_chosen",
      "account_suspended",
      "account_resumed",
      "kv_rebuilt",
      "answer_repeated",
      "portal_link_created",
      "portal_entered",
      "portal_sessions_ended",
      "expiring",
      "aging",
      "expired",
      "exposed",
      "delivery_failed",
    ],
    "must be an action of the event log",
  ),
  key_id: v.nullable(v.string()),
  key_name: v.pipe(v.nullable(v.string()), v.description("The key's present name; null: about the account")),
  key_hint: v.nullable(v.string()),
  details: v.record(v.string(), detail),
});

export const keyUsageSchema = v.strictObject({
  days: v.pipe(
    v.array(
      v.strictObject({
        date: v.pipe(v.string(), v.isoDate(), v.description("A UTC day")),
        requests: v.pipe(v.number(), v.integer(), v.minValue(0), v.description("Approximate")),
      }),
    ),
    v.description("The last 30 days, oldest first, today included"),
  ),
});

export type ApiKey = v.InferOutput<typeof keySchema>;
export type IssuedKey = v.InferOutput<typeof issuedKeySchema>;
export type ChangedKey = v.InferOutput<typeof changedKeySchema>;
export type RestrictedKey = v.InferOutput<typeof restrictedKeySchema>;
export type RotatedKey = v.InferOutput<typeof rotatedKeySchema>;
export type RevokedKey = v.InferOutput<typeof revokedKeySchema>;
export type KeyUsageDays = v.InferOutput<typeof keyUsageSchema>;
export type LedgerEvent = v.InferOutput<typeof eventSchema>;
