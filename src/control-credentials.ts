/**
 * `CONTROL_CREDENTIALS`: credentials of the control plane beside `CONTROL_TOKEN`, each with a name for the event log,
 * its rights and, optionally, its accounts. A token is in the setting as its SHA-256 only.
 *
 * Guarantees that a malformed entry grants nothing: the whole setting is refused. Two entries may have the same name,
 * so that a token can be rotated without downtime. Pure.
 */
import * as v from "valibot";
import { ACCOUNT_FORMAT } from "./keys/key-record.ts";

/** What a credential can be allowed to do. */
export const RIGHTS = [
  "keys:read",
  "keys:write",
  "keys:revoke",
  "accounts:write",
  "portal",
  "operate",
] as const;

export type Right = (typeof RIGHTS)[number];

/** Actors of the event log that no credential can be named after. */
export const RESERVED_NAMES = ["control_token", "key_page", "possession", "gateway", "github"];

const CREDENTIALS_MAX = 100;
const ACCOUNTS_MAX = 1000;

const grantEntries = {
  name: v.pipe(
    v.string(),
    v.regex(/^[a-z0-9][a-z0-9_.-]{0,63}$/),
    v.check((name) => !RESERVED_NAMES.includes(name)),
  ),
  may: v.pipe(v.array(v.picklist(RIGHTS)), v.minLength(1)),
  /** Absent: every account. */
  accounts: v.optional(
    v.pipe(v.array(v.pipe(v.string(), v.regex(ACCOUNT_FORMAT))), v.minLength(1), v.maxLength(ACCOUNTS_MAX)),
  ),
};

/** The `props` of a service binding. Strict: a misspelled `accounts` must not mean every account. */
export const bindingProps = v.strictObject(grantEntries);

const credential = v.strictObject({
  ...grantEntries,
  sha256: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/)),
});

export type ControlCredential = v.InferOutput<typeof credential>;

/** The JSON text of the setting. */
export const controlCredentials = v.pipe(
  v.string(),
  v.parseJson(),
  v.array(credential),
  v.maxLength(CREDENTIALS_MAX),
  // With one token in two entries, its rights would depend on their order.
  v.check((list) => new Set(list.map(({ sha256 }) => sha256)).size === list.length),
);
