/**
 * A credential of the control plane that reaches for more than its rights or its accounts.
 *
 * The rights of `CONTROL_CREDENTIALS` are in attack-runner.ts: `{keys:read}` is the token of a credential with that right
 * alone, `{elsewhere}` of one with every right on another account.
 */
import { type Attack, FORBIDDEN, NOT_FOUND, UNAUTHORIZED } from "../attack.ts";

const NO_RIGHT = "RFC 6750, section 3.1";
const SHARED_PERMISSIONS = "CVE-2022-24812, Grafana";
const ANOTHER_TENANT = "CVE-2022-21713, Grafana";
const ACCOUNT = "/control/v1/accounts/attacker";
const KEY = `${ACCOUNT}/keys/{full.id}`;

type Call = Pick<Attack, "method" | "target" | "body">;

const post = (target: string, body = "{}"): Call => ({ method: "POST", target, body });
const CREATE = post(`${ACCOUNT}/keys`, '{"name":"mine","mode":"live"}');

const as = (
  token: string,
  name: string,
  { method, target, body }: Call,
  more: Partial<Attack> = {},
): Attack => ({
  name,
  incident: NO_RIGHT,
  key: null,
  ...(method && { method }),
  ...(target && { target }),
  ...more,
  headers: [
    ["Authorization", `Bearer {${token}}`],
    ...(body === undefined ? [] : [["Content-Type", "application/json"] as const]),
    ...(more.headers ?? []),
  ],
  ...(body !== undefined && { body }),
  outcome: more.outcome ?? FORBIDDEN,
});

export const CONTROL_RIGHTS: readonly Attack[] = [
  as("keys:read", "a reader cannot create a key", CREATE),
  as("keys:read", "a reader cannot rotate a key, which would give it a secret", post(`${KEY}/rotate`)),
  as("keys:read", "a reader cannot revoke a key", post(`${KEY}/revoke`)),
  as("keys:read", "a reader cannot open the key page", post(`${ACCOUNT}/portal-sessions`)),
  as("keys:write", "who creates keys cannot list them", { target: `${ACCOUNT}/keys` }),
  as("keys:write", "who creates keys cannot revoke all of them", post(`${ACCOUNT}/revoke-all`)),
  as("keys:revoke", "who only revokes cannot create a key", CREATE),
  as("keys:revoke", "who only revokes cannot rotate a key", post(`${KEY}/rotate`)),
  as("keys:revoke", "who only revokes cannot read the events", { target: `${ACCOUNT}/events` }),
  as("accounts:write", "who sets tiers cannot create a key", CREATE),
  as("accounts:write", "who sets tiers cannot rebuild KV", post(`${ACCOUNT}/rebuild-kv`)),
  as("portal", "who opens key pages cannot create a key directly", CREATE),
  as("portal", "who opens key pages cannot set a tier", {
    method: "PUT",
    target: ACCOUNT,
    body: '{"tier":"unlimited"}',
  }),
  as("operate", "an operator's probe cannot list keys", { target: `${ACCOUNT}/keys` }),
  as("operate", "an operator's probe cannot create a key", CREATE),
  as(
    "keys:read",
    "a claimed actor with more rights gives none",
    { ...CREATE },
    {
      incident: SHARED_PERMISSIONS,
      headers: [["Octopost-Actor", "control_token"]],
    },
  ),
  as(
    "keys:read",
    "a method override does not turn a read into a write",
    { target: `${KEY}/revoke` },
    { headers: [["X-HTTP-Method-Override", "POST"]], outcome: NOT_FOUND },
  ),
  as("keys:read", "rights are not taken from the body", post(`${ACCOUNT}/keys`, '{"may":["keys:write"]}')),
  as(
    "keys:read",
    "rights are not taken from the query",
    { ...CREATE, target: `${ACCOUNT}/keys?right=keys:write` },
    {},
  ),
  as(
    "elsewhere",
    "a credential of one account cannot read another's keys",
    { target: `${ACCOUNT}/keys` },
    { incident: ANOTHER_TENANT, outcome: NOT_FOUND },
  ),
  as("elsewhere", "a credential of one account cannot create a key in another", CREATE, {
    incident: ANOTHER_TENANT,
    outcome: NOT_FOUND,
  }),
  as(
    "elsewhere",
    "a credential of one account cannot open another's key page",
    post(`${ACCOUNT}/portal-sessions`),
    {
      incident: ANOTHER_TENANT,
      outcome: NOT_FOUND,
    },
  ),
  as(
    "elsewhere",
    "dot segments do not lead from one account to another",
    { target: "/control/v1/accounts/elsewhere/../attacker/keys" },
    {
      incident: ANOTHER_TENANT,
      outcome: NOT_FOUND,
    },
  ),
  as(
    "elsewhere",
    "an encoded slash does not lead from one account to another",
    { target: "/control/v1/accounts/elsewhere%2f..%2fattacker/keys" },
    {
      incident: ANOTHER_TENANT,
      outcome: NOT_FOUND,
    },
  ),
  as(
    "sha256",
    "the SHA-256 of a token, as the setting has it, is no token",
    { target: `${ACCOUNT}/keys` },
    {
      incident: "RFC 6819, section 5.1.4.1.3",
      outcome: UNAUTHORIZED,
    },
  ),
];
