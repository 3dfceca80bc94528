/**
 * THE TABLE of the control plane: each call's method, path, input, answer and what it runs.
 *
 * The router is made from it and so is the OpenAPI document, so the two cannot differ. Data, and one line per
 * call that hands it to `KeyOperations`.
 */
import * as v from "valibot";
import {
  accountSchema,
  issuedKeySchema,
  keySchema,
  revokedKeySchema,
  rotatedKeySchema,
} from "../keys/key-object.ts";
import type { Refusal } from "../refusals.ts";
import {
  eventPageSchema,
  healthSchema,
  keyPageSchema,
  rebuiltSchema,
  revokedCountSchema,
  verdictsSchema,
} from "./control-answers.ts";
import {
  type CallerInput,
  changeInput,
  eventListQuery,
  importBodyShown,
  keyListQuery,
  newKeyInput,
  possessionInput,
  rebuildInput,
  revocationInput,
  revokeAllInput,
  rotationInput,
  tierInput,
} from "./control-input.ts";
import type { KeyOperations } from "./key-operations.ts";
import { createPortalSession } from "./portal-operation.ts";

export interface OperationRequest {
  readonly account: string;
  readonly id: string;
  readonly query: unknown;
  readonly body: unknown;
  readonly caller: CallerInput;
  /** The client's. */
  readonly address: string;
  /** The one that was called, such as `https://api.octopost.ink`. */
  readonly origin: string;
}

export interface HttpOperation {
  readonly name: string;
  readonly summary: string;
  readonly method: "get" | "post" | "patch" | "put";
  /** As OpenAPI writes it. */
  readonly path: string;
  /** false: whoever holds a key may call it, without the control token. */
  readonly needsToken: boolean;
  readonly query?: v.GenericSchema;
  readonly body?: v.GenericSchema;
  /** A body may be left out altogether. */
  readonly bodyOptional?: boolean;
  /** Whether it takes an `Idempotency-Key`. */
  readonly idempotent?: boolean;
  readonly status: 200 | 201;
  readonly answer: v.GenericSchema;
  /** Statuses beyond those that every call may have. */
  readonly refusals: readonly (404 | 409 | 422 | 429)[];
  /** A store out of reach is a verdict on each row, never a 503. */
  readonly answersByRow?: boolean;
  readonly run: (operations: KeyOperations, request: OperationRequest) => Promise<object>;
}

const ACCOUNT = "/accounts/{account}";
const KEYS = `${ACCOUNT}/keys`;
const KEY = `${KEYS}/{id}`;

export const HTTP_OPERATIONS: readonly HttpOperation[] = [
  {
    name: "createKey",
    summary: "Make a key. Its text is in this answer and never again.",
    method: "post",
    path: KEYS,
    needsToken: true,
    body: newKeyInput,
    idempotent: true,
    status: 201,
    answer: issuedKeySchema,
    refusals: [409, 422],
    run: (operations, { account, body, caller }) => operations.createKey(account, body, caller),
  },
  {
    name: "listKeys",
    summary: "An account's keys, newest first.",
    method: "get",
    path: KEYS,
    needsToken: true,
    query: keyListQuery,
    status: 200,
    answer: keyPageSchema,
    refusals: [404, 422],
    run: (operations, { account, query }) => operations.listKeys(account, query),
  },
  {
    name: "importKeys",
    summary: "Import keys issued before the gateway from their SHA-256; a verdict per row.",
    method: "post",
    path: `${KEYS}/import`,
    needsToken: true,
    body: importBodyShown,
    idempotent: true,
    status: 200,
    answer: verdictsSchema,
    answersByRow: true,
    refusals: [409, 422],
    run: (operations, { account, body, caller }) => operations.importKeys(account, body, caller),
  },
  {
    name: "getKey",
    summary: "One key.",
    method: "get",
    path: KEY,
    needsToken: true,
    status: 200,
    answer: keySchema,
    refusals: [404, 422],
    run: (operations, { account, id }) => operations.getKey(account, id),
  },
  {
    name: "changeKey",
    summary: "Rename a key, or move its scheduled revocation.",
    method: "patch",
    path: KEY,
    needsToken: true,
    body: changeInput,
    status: 200,
    answer: keySchema,
    refusals: [404, 409, 422],
    run: (operations, { account, id, body, caller }) => operations.changeKey(account, id, body, caller),
  },
  {
    name: "revokeKey",
    summary: "Revoke a key; answers once no request with it can succeed anywhere.",
    method: "post",
    path: `${KEY}/revoke`,
    needsToken: true,
    body: revocationInput,
    bodyOptional: true,
    status: 200,
    answer: revokedKeySchema,
    refusals: [404, 422],
    run: (operations, { account, id, body, caller }) => operations.revokeKey(account, id, body, caller),
  },
  {
    name: "rotateKey",
    summary: "Make a key's successor and schedule the old key's end.",
    method: "post",
    path: `${KEY}/rotate`,
    needsToken: true,
    body: rotationInput,
    bodyOptional: true,
    idempotent: true,
    status: 201,
    answer: rotatedKeySchema,
    refusals: [404, 409, 422],
    run: (operations, { account, id, body, caller }) => operations.rotateKey(account, id, body, caller),
  },
  {
    name: "revokeAll",
    summary: "Revoke every key of an account, or those of a mode or an age.",
    method: "post",
    path: `${ACCOUNT}/revoke-all`,
    needsToken: true,
    body: revokeAllInput,
    bodyOptional: true,
    status: 200,
    answer: revokedCountSchema,
    refusals: [404, 422],
    run: (operations, { account, body, caller }) => operations.revokeAll(account, body, caller),
  },
  {
    name: "listEvents",
    summary: "Who did what when, newest first.",
    method: "get",
    path: `${ACCOUNT}/events`,
    needsToken: true,
    query: eventListQuery,
    status: 200,
    answer: eventPageSchema,
    refusals: [404, 422],
    run: (operations, { account, query }) => operations.listEvents(account, query),
  },
  {
    name: "setTier",
    summary: "Set an account's tier.",
    method: "put",
    path: ACCOUNT,
    needsToken: true,
    body: tierInput,
    status: 200,
    answer: accountSchema,
    refusals: [422],
    run: (operations, { account, body, caller }) => operations.setTier(account, body, caller),
  },
  createPortalSession,
  {
    name: "rebuildKv",
    summary: "Write an account's KV entries again from its ledger, a page at a time.",
    method: "post",
    path: `${ACCOUNT}/rebuild-kv`,
    needsToken: true,
    body: rebuildInput,
    bodyOptional: true,
    status: 200,
    answer: rebuiltSchema,
    refusals: [422],
    run: (operations, { account, body, caller }) => operations.rebuildKv(account, body, caller),
  },
  {
    name: "health",
    summary: "A round trip to KV and to a ledger.",
    method: "get",
    path: "/health",
    needsToken: true,
    status: 200,
    answer: healthSchema,
    refusals: [],
    run: async (operations) => {
      const health = await operations.health();
      return health.status === "ok"
        ? health
        : ({ reason: "unhealthy", health: { ...health } } satisfies Refusal);
    },
  },
  {
    name: "revokeByPossession",
    summary: "End a key by showing it. The same answer whether the key existed or not.",
    method: "post",
    path: "/revoke",
    needsToken: false,
    body: possessionInput,
    status: 200,
    answer: v.strictObject({}),
    refusals: [422, 429],
    run: (operations, { body, address }): Promise<object | Refusal> =>
      operations.revokeByPossession(body, address),
  },
];
