/**
 * The public shape of an account, its tier and its policy: one schema each, from which the types here and the OpenAPI
 * document derive. No I/O.
 */
import * as v from "valibot";
import { LEDGER_LOCATIONS } from "../ledger-locations.ts";
import { TIER_NAMES } from "../rate-limits.ts";
import { countUpTo, optionalReceiptEntries, ownLimitsSchema, receiptEntries } from "./api-key.ts";
import { ACCOUNT_FORMAT } from "./key-record.ts";
import { timestampSchema } from "./timestamp.ts";

export const tierSchema = v.union(
  [v.picklist(TIER_NAMES), ownLimitsSchema],
  `must be one of ${TIER_NAMES.join(", ")}, or an object with requests_per_minute and publish_per_hour`,
);

const POLICY_DAYS_MAX = 3650;
const POLICY_KEYS_MAX = 100_000;

/** The rules of a policy for keys that are issued later. */
export const newKeyRules = {
  max_lifetime_days: v.pipe(
    v.nullable(countUpTo(POLICY_DAYS_MAX)),
    v.description("A new key expires after at most this many days; null: no such rule"),
  ),
  max_active_keys: v.pipe(
    v.nullable(countUpTo(POLICY_KEYS_MAX)),
    v.description("The most keys that are neither revoked, expired nor retiring; null: no such rule"),
  ),
  require_permissions: v.pipe(
    v.boolean("must be true or false"),
    v.description("A new key must not have full access"),
  ),
};

export const accountLimitsSchema = v.pipe(
  v.nullable(ownLimitsSchema),
  v.description("The limits of all keys of the account together; null: none"),
);

export const policySchema = v.strictObject({
  ...newKeyRules,
  allowed_ips: v.pipe(
    v.array(v.string()),
    v.description("The networks from which all keys of the account may be used; empty: anywhere"),
  ),
  account_limits: accountLimitsSchema,
});

export const locationSchema = v.pipe(
  v.picklist(LEDGER_LOCATIONS),
  v.description(
    "Where Cloudflare creates the account's ledger. It takes effect in the first call about the account, and never again",
  ),
);

const accountEntries = {
  account: v.pipe(v.string(), v.regex(ACCOUNT_FORMAT)),
  tier: tierSchema,
  location: v.pipe(
    v.nullable(locationSchema),
    v.description(
      "Where the account's ledger was to be created; null: LEDGER_LOCATION, or near the first caller",
    ),
  ),
  policy: policySchema,
  suspended_at: v.nullable(timestampSchema),
};

export const accountSchema = v.strictObject(accountEntries);
export const changedAccountSchema = v.strictObject({ ...accountEntries, ...optionalReceiptEntries });
export const restrictedAccountSchema = v.strictObject({ ...accountEntries, ...receiptEntries });

export type Policy = v.InferOutput<typeof policySchema>;
export type Account = v.InferOutput<typeof accountSchema>;
export type ChangedAccount = v.InferOutput<typeof changedAccountSchema>;
export type RestrictedAccount = v.InferOutput<typeof restrictedAccountSchema>;
