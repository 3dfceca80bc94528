/**
 * The public shape of keys, events and accounts: one schema each, from which the types here and the OpenAPI document
 * derive. Times are ISO 8601 UTC. No I/O.
 */
import * as v from "valibot";
import { TIER_NAMES } from "../rate-limits.ts";
import { ACCOUNT_FORMAT, KEY_ID_FORMAT, modeSchema, permissionSchema } from "./key-record.ts";
import { timestampSchema } from "./timestamp.ts";

const leaseBound = v.pipe(v.number(), v.integer(), v.minValue(0));
const LEASE_BOUND =
  "The longest that this revocation could have to wait for leases: LEASE_MS plus the margin, more for an account with very many lease calls, 0 at a scheduled end";

const keyEntries = {
  id: v.pipe(v.string(), v.regex(KEY_ID_FORMAT)),
  account: v.pipe(v.string(), v.regex(ACCOUNT_FORMAT)),
  name: v.string(),
  mode: modeSchema,
  permissions: v.pipe(v.array(permissionSchema), v.description("Empty: full access")),
  hint: v.pipe(v.string(), v.description("The prefix and the last four characters of the key")),
  created_at: timestampSchema,
  expires_at: v.nullable(timestampSchema),
  last_used_at: v.pipe(v.nullable(timestampSchema), v.description("Up to a minute old; null: never used")),
  use_count: v.pipe(v.number(), v.integer(), v.description("Approximate")),
  revokes_at: v.pipe(v.nullable(timestampSchema), v.description("When a scheduled revocation ends the key")),
  revoked_at: v.nullable(timestampSchema),
  replaced_by: v.pipe(
    v.nullable(v.pipe(v.string(), v.regex(KEY_ID_FORMAT))),
    v.description(
      "The id of the successor that a rotation has issued; null: not rotated, or the revocation was cancelled",
    ),
  ),
  effective_at: v.pipe(
    v.nullable(timestampSchema),
    v.description(
      "After this moment no request with the key succeeds anywhere (at a scheduled end: within the lease margin); null: not revoked",
    ),
  ),
  lease_bound_ms: v.pipe(v.nullable(leaseBound), v.description(`${LEASE_BOUND}; null: not revoked`)),
};

export const keySchema = v.strictObject(keyEntries);

export const issuedKeySchema = v.strictObject({
  ...keyEntries,
  secret: v.pipe(v.string(), v.description("The key itself; shown only in this answer")),
});

export const rotatedKeySchema = v.strictObject({
  ...issuedKeySchema.entries,
  replaces: v.pipe(keySchema, v.description("The old key, with its end scheduled")),
});

export const revokedKeySchema = v.strictObject({
  ...keyEntries,
  revoked_at: timestampSchema,
  effective_at: timestampSchema,
  lease_bound_ms: v.pipe(leaseBound, v.description(LEASE_BOUND)),
  waited_ms: v.pipe(
    v.number(),
    v.integer(),
    v.description("How long the revocation waited for the last lease on the key to end"),
  ),
});

/** Plain data of known types, so that it is typed across RPC too. */
const detail = v.union([v.string(), v.number(), v.boolean(), v.null(), v.record(v.string(), v.number())]);

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
      "revoked",
      "creations_abandoned",
      "imported",
      "tier_changed",
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

const LIMIT_MESSAGE = "must be a whole number from 1 to 1000000000";
const limit = v.pipe(
  v.number(LIMIT_MESSAGE),
  v.integer(LIMIT_MESSAGE),
  v.minValue(1, LIMIT_MESSAGE),
  v.maxValue(1_000_000_000, LIMIT_MESSAGE),
);

export const tierSchema = v.union(
  [v.picklist(TIER_NAMES), v.strictObject({ requests_per_minute: limit, publish_per_hour: limit })],
  `must be one of ${TIER_NAMES.join(", ")}, or an object with requests_per_minute and publish_per_hour`,
);

export const accountSchema = v.strictObject({
  account: v.pipe(v.string(), v.regex(ACCOUNT_FORMAT)),
  tier: tierSchema,
});

export type ApiKey = v.InferOutput<typeof keySchema>;
export type IssuedKey = v.InferOutput<typeof issuedKeySchema>;
export type RotatedKey = v.InferOutput<typeof rotatedKeySchema>;
export type RevokedKey = v.InferOutput<typeof revokedKeySchema>;
export type KeyUsageDays = v.InferOutput<typeof keyUsageSchema>;
export type LedgerEvent = v.InferOutput<typeof eventSchema>;
export type Account = v.InferOutput<typeof accountSchema>;
