/**
 * For each operation of the control plane and each status that it can answer, the requests that provoke it. The
 * contract test makes them all.
 */

import { randomUUID } from "node:crypto";
import type { ControlAnswer, IssuedKey } from "../support/control-client.ts";
import { unknownKey } from "../support/forged-keys.ts";
import type { GatewayCluster } from "../support/gateway-cluster.ts";
import { eventually } from "../support/time-limits.ts";
import { Account, type Content, callWithBytes } from "./account.ts";
import { RIGHTS, tokenOf } from "./credentials.ts";
import { type Example, exampleOf, from, make, OPERATIONS } from "./operations.ts";

export type Provoke = (cluster: GatewayCluster) => Promise<ControlAnswer>;

/** Operations that create the account, or have none. */
const ANSWERED_FOR_ANY_ACCOUNT = [
  "createKey",
  "importKeys",
  "changeAccount",
  "createPortalSession",
  "endPortalSessions",
  "health",
];
const BY_POSSESSION = ["revokeByPossession", "identifyKey"];
const KEY_PATH = "/accounts/{account}/keys/{id}";
const WITHOUT_BODY = ["resumeKey", "resumeAccount"];
const BODY_MAX_BYTES = 1_048_576;
/** By operation, then by status, the ways to provoke it. */
export const PROVOCATIONS: Readonly<
  Record<string, Readonly<Record<string, Readonly<Record<string, Provoke>>>>>
> = Object.fromEntries(Object.keys(OPERATIONS).map((name) => [name, provocationsOf(name)]));

function provocationsOf(name: string): Record<string, Record<string, Provoke>> {
  const success = ["createKey", "rotateKey"].includes(name) ? 201 : 200;
  const hasToken = !BY_POSSESSION.includes(name);
  const hasBody = !["get", "delete"].includes(OPERATIONS[name]?.method ?? "") && !WITHOUT_BODY.includes(name);
  return {
    [success]: { "a valid request": async (cluster) => make(cluster, name, await exampleOf(cluster, name)) },
    ...(hasBody && { 400: { "malformed JSON": (cluster) => callAs(cluster, name, { body: '{"name":' }) } }),
    ...(hasToken && { 401: withoutTheToken(name), 403: { "no right to it": withoutTheRight(name) } }),
    ...notFound(name),
    ...conflict(name),
    ...(hasBody && {
      413: {
        // Only the beginning is sent: a reset of a connection with much unread data can lose the answer.
        "a body one byte too long": (cluster) =>
          callWithBody(cluster, name, {
            body: '"x',
            contentType: "application/json",
            contentLength: BODY_MAX_BYTES + 1,
          }),
      },
      415: {
        "a body with the content type of a form": (cluster) =>
          callWithBody(cluster, name, { contentType: "application/x-www-form-urlencoded" }),
        "a body without a content type": (cluster) => callWithBody(cluster, name, { contentType: null }),
      },
    }),
    ...(name !== "health" && { 422: unprocessable(name, hasBody) }),
    ...(!hasToken && { 429: { "guess after guess": guessed(name) } }),
    ...(success === 201 && { 429: { "key after key": afterManyKeys(name) } }),
    // An import reports it row by row.
    ...(name !== "importKeys" && { 503: { "an unreachable store": unreachableStore(name) } }),
  };
}

/** An account gets 50 new keys a minute. */
function afterManyKeys(name: string): Provoke {
  return async (cluster) => {
    const example = await exampleOf(cluster, name);
    const account = /^\/accounts\/(\w+)/.exec(example.path)?.[1] ?? "";
    await cluster.network.ledgerRows(
      account,
      `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 50)
       INSERT INTO keys (id, account, name, mode, permissions, hint, hash, created_at, state, began_at)
       SELECT 'key_' || printf('%022d', i), '${account}', 'seeded', 'live', '[]', 'oct_live_…', 'hash ' || i,
         i, 'issued', unixepoch('now') * 1000 FROM n`,
    );
    return await make(cluster, name, example);
  };
}

function unreachableStore(name: string): Provoke {
  return async (cluster) => {
    const example = await refusedExampleOf(cluster, name);
    const lift = await cluster.network.fault({ on: "ledger", how: "fail-before" });
    const answer = await make(cluster, name, example);
    await lift();
    return answer;
  };
}

function withoutTheToken(name: string): Record<string, Provoke> {
  return {
    "no token": (cluster) => callAs(cluster, name, { options: { token: null } }),
    "a wrong token": (cluster) => callAs(cluster, name, { options: { token: `${"A".repeat(43)}=` } }),
    "the token with a character appended": (cluster) =>
      callAs(cluster, name, { options: { token: `${cluster.settings.CONTROL_TOKEN}A` } }),
    "an API key as the token": async (cluster) =>
      callAs(cluster, name, { options: { token: (await anyKeyOf(cluster)).secret } }),
    "the token under another scheme": (cluster) =>
      callAs(cluster, name, {
        options: { token: null, headers: [["Authorization", `Basic ${cluster.settings.CONTROL_TOKEN}`]] },
      }),
  };
}

function withoutTheRight(name: string): Provoke {
  return async (cluster) => {
    const { path, body, options } = await refusedExampleOf(cluster, name);
    const token = tokenOf(RIGHTS.filter((right) => right !== OPERATIONS[name]?.right));
    return await make(cluster, name, { path, body, options: { ...options, token } });
  };
}

function notFound(name: string): Record<string, Record<string, Provoke>> {
  if (ANSWERED_FOR_ANY_ACCOUNT.includes(name)) return {};
  if (BY_POSSESSION.includes(name))
    return { 404: { "a key that the ledger does not have": withUnknownKey(name) } };
  const unknownAccount: Provoke = async (cluster) => {
    const { path, body } = await refusedExampleOf(cluster, name);
    return make(cluster, name, { path: path.replace(/^\/accounts\/\w+/, "/accounts/nobody"), body });
  };
  const unknownKey: Provoke = async (cluster) => {
    const { path, body } = await refusedExampleOf(cluster, name);
    return make(cluster, name, { path: path.replace(/key_\w+/, `key_${"0".repeat(22)}`), body });
  };
  return {
    404: {
      "an unknown account": unknownAccount,
      ...(OPERATIONS[name]?.path.startsWith(KEY_PATH) && { "an unknown key": unknownKey }),
    },
  };
}

function conflict(name: string): Record<string, Record<string, Provoke>> {
  const ofRevoked: Provoke = async (cluster) => {
    const example = await exampleOf(cluster, name);
    await cluster.control("POST", `${example.path.replace(/\/(?:rotate|suspend|resume)$/, "")}/revoke`);
    return make(cluster, name, example);
  };
  const inProgress: Provoke = async (cluster) => {
    const example = await exampleOf(cluster, name);
    const options = { headers: [["Idempotency-Key", randomUUID()]] } as const;
    await cluster.network.resetCounts();
    const lift = await cluster.network.fault({ on: "kv", operation: "put", how: "hang-before" });
    const first = make(cluster, name, { ...example, options });
    await eventually("the first call at KV", async () => (await cluster.network.counts("owner")).kvPuts > 0);
    const second = await make(cluster, name, { ...example, options });
    await lift();
    await first;
    return second;
  };
  if (name === "createKey" || name === "importKeys")
    return { 409: { "the same request in progress": inProgress } };
  if (name === "rotateKey")
    return { 409: { "a revoked key": ofRevoked, "the same request in progress": inProgress } };
  if (name === "changeAccount") return { 409: { "a location after the first key": locatedLate } };
  if (name === "changeKey" || name === "suspendKey") return { 409: { "a revoked key": ofRevoked } };
  if (name === "resumeKey")
    return { 409: { "a revoked key": ofRevoked, "a key that was never suspended": neverSuspended(name) } };
  if (name === "resumeAccount")
    return { 409: { "an account that was never suspended": neverSuspended(name) } };
  return {};
}

function neverSuspended(name: string): Provoke {
  return async (cluster) => {
    const { account, id } = await new Account(cluster).create();
    const path = OPERATIONS[name]?.path.replace("{account}", account).replace("{id}", id) ?? "";
    return await make(cluster, name, { path });
  };
}

async function locatedLate(cluster: GatewayCluster): Promise<ControlAnswer> {
  const account = new Account(cluster);
  await account.create();
  return await account.call("PUT", "", { location: "weur" });
}

function unprocessable(name: string, hasBody: boolean): Record<string, Provoke> {
  const malformedAccount: Provoke = async (cluster) => {
    const { path, body } = await refusedExampleOf(cluster, name);
    return make(cluster, name, { path: path.replace(/^\/accounts\/\w+/, "/accounts/no%20account"), body });
  };
  const unknownParameter: Provoke = async (cluster) => {
    const { path } = await refusedExampleOf(cluster, name);
    return make(cluster, name, { path: `${path}&page=2` });
  };
  return {
    ...(!BY_POSSESSION.includes(name) && { "a malformed account": malformedAccount }),
    ...(hasBody && { "an unknown field": (cluster) => callAs(cluster, name, { body: { unknown: 1 } }) }),
    ...(name.startsWith("list") && { "an unknown parameter": unknownParameter }),
  };
}

function withUnknownKey(name: string): Provoke {
  return async (cluster) => await callAs(cluster, name, { body: { secret: await unknownKey(cluster) } });
}

const anyKeys = new WeakMap<GatewayCluster, Promise<IssuedKey>>();

function anyKeyOf(cluster: GatewayCluster): Promise<IssuedKey> {
  const key = anyKeys.get(cluster) ?? new Account(cluster).create();
  anyKeys.set(cluster, key);
  return key;
}

const refusedExamples = new WeakMap<GatewayCluster, Map<string, Promise<Example>>>();

/** One for all calls of an operation that are refused, since those change nothing. */
export function refusedExampleOf(cluster: GatewayCluster, name: string): Promise<Example> {
  const examples = refusedExamples.get(cluster) ?? new Map<string, Promise<Example>>();
  refusedExamples.set(cluster, examples);
  const example = examples.get(name) ?? exampleOf(cluster, name);
  examples.set(name, example);
  return example;
}

/** Guesses until the address is blocked. */
function guessed(name: string): Provoke {
  return async (cluster) => {
    const options = { token: null, headers: from("203.0.113.2") };
    const path = OPERATIONS[name]?.path ?? "";
    const guess = () => cluster.control("POST", path, { secret: `oct_live_${randomUUID()}` }, options);
    let answer = await guess();
    // The limit is 20 a minute; when a minute ends during the test, a second limit applies.
    for (let guesses = 1; guesses < 60 && answer.status !== 429; guesses++) answer = await guess();
    return answer;
  };
}

/** The operation's example with one change, for which it is refused. */
async function callAs(
  cluster: GatewayCluster,
  name: string,
  changes: Omit<Partial<Example>, "path">,
): Promise<ControlAnswer> {
  return await make(cluster, name, { ...(await refusedExampleOf(cluster, name)), ...changes });
}

/** The operation's example, with another body or content headers, for which it is refused. */
async function callWithBody(
  cluster: GatewayCluster,
  name: string,
  content: Pick<Content, "contentType"> & Partial<Content>,
): Promise<ControlAnswer> {
  const { path, body } = await refusedExampleOf(cluster, name);
  const method = OPERATIONS[name]?.method.toUpperCase() ?? "";
  return await callWithBytes(cluster, method, path, { body: JSON.stringify(body), ...content });
}
