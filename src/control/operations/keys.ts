/** The operations on one account's keys. What they do is the ledger's; importing keys is in import-keys.ts. */
import * as v from "valibot";
import {
  changedKeySchema,
  issuedKeySchema,
  KEY_STATES,
  keyLimitsSchema,
  keySchema,
  keyUsageSchema,
  restrictedKeySchema,
  revokedKeySchema,
  rotatedKeySchema,
} from "../../keys/api-key.ts";
import { modeSchema } from "../../keys/key-record.ts";
import { isRefusal } from "../../refusals.ts";
import { refusePast } from "../check-input.ts";
import { keyPageSchema, revokedCountSchema } from "../control-answers.ts";
import {
  name,
  newKeyFields,
  OVERLAP_MAX_SECONDS,
  pageLimit,
  permissions,
  plainText,
  reasonInput,
  time,
} from "../control-input.ts";
import { ACCOUNT, defineLedgerOperation, KEY, KEYS } from "../operation.ts";
import { keyCursor, keyCursorField, nextCursor } from "../page-cursor.ts";
import { allowedIps, labelFilter, labels } from "../terms-input.ts";

const SECOND_MS = 1000;
/** One day: time to deploy the new key, short enough that a leaked old one does not linger. */
const OVERLAP_DEFAULT_SECONDS = 86_400;

const searchText = v.pipe(
  plainText(1, 100),
  v.description("Only keys with this text in their name, or as their id, last characters or label"),
);

export const createKey = defineLedgerOperation({
  name: "createKey",
  summary: "Create a key. Its text is in this answer only.",
  method: "post",
  path: KEYS,
  right: "keys:write",
  body: v.strictObject({
    ...newKeyFields,
    allowed_ips: v.optional(allowedIps, []),
    limits: v.optional(keyLimitsSchema, null),
    labels: v.optional(labels, {}),
  }),
  idempotent: true,
  status: 201,
  answer: issuedKeySchema,
  refusals: [409, 422, 429],
  waitsFor: ["kv"],
  call: (ledger, { account, body, caller }) => ledger.createKey(account, body, caller),
});

export const listKeys = defineLedgerOperation({
  name: "listKeys",
  summary: "List an account's keys, newest first.",
  method: "get",
  path: KEYS,
  right: "keys:read",
  query: v.strictObject({
    include: v.optional(v.picklist(["revoked"], 'must be "revoked"')),
    mode: v.optional(modeSchema),
    state: v.optional(v.picklist(KEY_STATES)),
    q: v.optional(searchText),
    label: v.optional(labelFilter),
    limit: pageLimit(),
    cursor: keyCursorField,
  }),
  status: 200,
  answer: keyPageSchema,
  refusals: [404, 422],
  repeatable: true,
  call: async (ledger, { query: { include, mode, state, q: text, label, limit, cursor } }) => {
    const filter = { includeRevoked: include === "revoked", mode, state, text, label };
    const keys = await ledger.listKeys(limit, cursor ?? null, filter);
    return isRefusal(keys) ? keys : { keys, next_cursor: nextCursor(keys, limit, keyCursor) };
  },
});

export const getKey = defineLedgerOperation({
  name: "getKey",
  summary: "Get one key.",
  method: "get",
  path: KEY,
  right: "keys:read",
  status: 200,
  answer: keySchema,
  refusals: [404, 422],
  repeatable: true,
  call: (ledger, { id }) => ledger.getKey(id),
});

export const getKeyUsage = defineLedgerOperation({
  name: "getKeyUsage",
  summary: "Count a key's requests per day, for the last 30 days.",
  method: "get",
  path: `${KEY}/usage`,
  right: "keys:read",
  status: 200,
  answer: keyUsageSchema,
  refusals: [404, 422],
  repeatable: true,
  call: (ledger, { id }) => ledger.keyUsage(id),
});

export const changeKey = defineLedgerOperation({
  name: "changeKey",
  summary: "Change a key. A change that restricts it is answered once it is in effect everywhere.",
  method: "patch",
  path: KEY,
  right: "keys:write",
  body: v.pipe(
    v.strictObject({
      name: v.optional(name),
      permissions: v.optional(permissions),
      allowed_ips: v.optional(allowedIps),
      limits: v.optional(keyLimitsSchema),
      expires_at: v.optional(v.pipe(v.nullable(time), v.description("null: never"))),
      revokes_at: v.optional(
        v.pipe(v.nullable(time), v.description("Reschedules the revocation; null cancels it")),
      ),
      labels: v.optional(labels),
    }),
    v.check((change) => Object.keys(change).length > 0, "must have at least one field"),
  ),
  status: 200,
  answer: changedKeySchema,
  refusals: [404, 409, 422],
  // Only a difference is written, with its event: a repeat of a lost answer changes nothing.
  repeatable: true,
  waitsFor: ["leases"],
  call: (ledger, { id, body, caller }, { now }) =>
    refusePast({ expires_at: body.expires_at, revokes_at: body.revokes_at }, now()) ??
    ledger.changeKey(id, body, caller),
});

export const suspendKey = defineLedgerOperation({
  name: "suspendKey",
  summary: "Suspend a key until it is resumed. Answers once no request with it can succeed anywhere.",
  method: "post",
  path: `${KEY}/suspend`,
  right: "keys:revoke",
  body: reasonInput,
  bodyOptional: true,
  status: 200,
  answer: restrictedKeySchema,
  refusals: [404, 409, 422],
  repeatable: true,
  waitsFor: ["leases"],
  call: (ledger, { id, body, caller }) => ledger.suspendKey(id, caller, body.reason ?? null),
});

export const resumeKey = defineLedgerOperation({
  name: "resumeKey",
  summary: "Resume a suspended key. It works again within a lease.",
  method: "post",
  path: `${KEY}/resume`,
  right: "keys:write",
  status: 200,
  answer: restrictedKeySchema,
  refusals: [404, 409, 422],
  repeatable: true,
  call: (ledger, { id, caller }) => ledger.resumeKey(id, caller),
});

export const revokeKey = defineLedgerOperation({
  name: "revokeKey",
  summary: "Revoke a key. Answers once no request with it can succeed anywhere.",
  method: "post",
  path: `${KEY}/revoke`,
  right: "keys:revoke",
  body: reasonInput,
  bodyOptional: true,
  status: 200,
  answer: revokedKeySchema,
  refusals: [404, 422],
  repeatable: true,
  waitsFor: ["leases"],
  call: (ledger, { id, body, caller }) => ledger.revokeKey(id, caller, body.reason ?? null),
});

export const rotateKey = defineLedgerOperation({
  name: "rotateKey",
  summary: "Create a key's successor and schedule the old key's revocation.",
  method: "post",
  path: `${KEY}/rotate`,
  right: "keys:write",
  body: v.strictObject({
    overlap_seconds: v.optional(
      v.pipe(
        v.number("must be a number of seconds"),
        v.integer("must be a whole number of seconds"),
        v.minValue(0, "must be at least 0"),
        v.maxValue(OVERLAP_MAX_SECONDS, `must be at most ${OVERLAP_MAX_SECONDS}`),
        v.description("How long the old key keeps working; 0 revokes it at once"),
      ),
      OVERLAP_DEFAULT_SECONDS,
    ),
  }),
  bodyOptional: true,
  idempotent: true,
  status: 201,
  answer: rotatedKeySchema,
  refusals: [404, 409, 422, 429],
  waitsFor: ["leases", "kv"],
  call: (ledger, { id, body, caller }) => ledger.rotateKey(id, body.overlap_seconds * SECOND_MS, caller),
});

export const revokeAll = defineLedgerOperation({
  name: "revokeAll",
  summary: "Revoke all keys of an account, or those of a mode or an age.",
  method: "post",
  path: `${ACCOUNT}/revoke-all`,
  right: "keys:revoke",
  body: v.strictObject({ mode: v.optional(modeSchema), created_before: v.optional(time) }),
  bodyOptional: true,
  status: 200,
  answer: revokedCountSchema,
  refusals: [404, 422],
  waitsFor: ["leases", "bulk"],
  call: (ledger, { body: { mode, created_before }, caller }) => {
    const createdBefore = created_before === undefined ? undefined : Date.parse(created_before);
    return ledger.revokeAll({ mode, createdBefore }, caller);
  },
});
