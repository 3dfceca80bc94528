/**
 * Every operation of the control plane with a valid example: what the contract test expects in the OpenAPI document,
 * and a call of each that succeeds. Independent of src/control/operations.ts, which it checks.
 */

import { createHash, randomUUID } from "node:crypto";
import type { ControlAnswer, ControlOptions } from "../support/control-client.ts";
import type { GatewayCluster } from "../support/gateway-cluster.ts";
import { Account } from "./account.ts";

export interface Example {
  /** With the query. */
  readonly path: string;
  readonly body?: unknown;
  readonly options?: ControlOptions;
}

export interface Operation {
  readonly method: "get" | "post" | "patch" | "put" | "delete";
  /** As OpenAPI writes it. */
  readonly path: string;
  /** null: it needs no credential but a key. */
  readonly right: string | null;
  /** A call that succeeds; a fresh one each time. */
  readonly example: (cluster: GatewayCluster) => Promise<Example>;
}

const ACCOUNT = "/accounts/{account}";
const KEY = `${ACCOUNT}/keys/{id}`;

const ofAccount =
  (path: string, body?: unknown): Operation["example"] =>
  async (cluster) => {
    const account = new Account(cluster);
    await account.create();
    return { path: `/accounts/${account.name}${path}`, body };
  };
const ofKey =
  (path: string, body?: unknown): Operation["example"] =>
  async (cluster) => {
    const { account, id } = await new Account(cluster).create({ permissions: ["posts:read"] });
    return { path: `/accounts/${account}/keys/${id}${path}`, body };
  };

export const OPERATIONS: Readonly<Record<string, Operation>> = {
  createKey: {
    method: "post",
    path: `${ACCOUNT}/keys`,
    right: "keys:write",
    example: ofAccount("/keys", {
      name: "Production Server",
      mode: "live",
      permissions: ["posts:read", "posts:write"],
      expires_at: "2099-01-01T00:00:00+02:00",
      allowed_ips: ["203.0.113.7", "2001:db8::/32"],
      limits: { requests_per_minute: 30, publish_per_hour: 5 },
      labels: { team: "billing" },
    }),
  },
  listKeys: {
    method: "get",
    path: `${ACCOUNT}/keys`,
    right: "keys:read",
    example: ofAccount("/keys?include=revoked&limit=1&mode=live&state=active&q=a&label=team:x"),
  },
  importKeys: {
    method: "post",
    path: `${ACCOUNT}/keys/import`,
    right: "keys:write",
    example: async (cluster) => {
      const row = { sha256: randomSha256(), name: "an old key", mode: "live", expires_at: null };
      return await ofAccount("/keys/import", { keys: [row, { ...row, sha256: randomSha256() }] })(cluster);
    },
  },
  getKey: { method: "get", path: KEY, right: "keys:read", example: ofKey("") },
  getKeyUsage: { method: "get", path: `${KEY}/usage`, right: "keys:read", example: ofKey("/usage") },
  changeKey: {
    method: "patch",
    path: KEY,
    right: "keys:write",
    example: ofKey("", {
      name: "Another name",
      permissions: ["posts:read"],
      allowed_ips: ["203.0.113.0/24"],
      limits: null,
      expires_at: "2098-01-01T00:00:00Z",
      revokes_at: "2097-01-01T00:00:00Z",
      labels: { env: "production" },
    }),
  },
  suspendKey: {
    method: "post",
    path: `${KEY}/suspend`,
    right: "keys:revoke",
    example: ofKey("/suspend", { reason: "unclear" }),
  },
  resumeKey: {
    method: "post",
    path: `${KEY}/resume`,
    right: "keys:write",
    example: async (cluster) => {
      const { account, id } = await new Account(cluster).create();
      const path = `/accounts/${account}/keys/${id}`;
      await cluster.control("POST", `${path}/suspend`);
      return { path: `${path}/resume` };
    },
  },
  revokeKey: {
    method: "post",
    path: `${KEY}/revoke`,
    right: "keys:revoke",
    example: ofKey("/revoke", { reason: "leaked" }),
  },
  rotateKey: {
    method: "post",
    path: `${KEY}/rotate`,
    right: "keys:write",
    example: ofKey("/rotate", { overlap_seconds: 60 }),
  },
  revokeAll: {
    method: "post",
    path: `${ACCOUNT}/revoke-all`,
    right: "keys:revoke",
    example: ofAccount("/revoke-all", { mode: "live", created_before: "2099-01-01T00:00:00Z" }),
  },
  listEvents: {
    method: "get",
    path: `${ACCOUNT}/events`,
    right: "keys:read",
    example: ofAccount("/events?limit=1"),
  },
  getAccount: { method: "get", path: ACCOUNT, right: "keys:read", example: ofAccount("") },
  changeAccount: {
    method: "put",
    path: ACCOUNT,
    right: "accounts:write",
    example: ofAccount("", {
      tier: { requests_per_minute: 5000, publish_per_hour: 900 },
      policy: {
        max_lifetime_days: 90,
        require_permissions: true,
        allowed_ips: ["203.0.113.0/24"],
        account_limits: { requests_per_minute: 5000, publish_per_hour: 900 },
      },
    }),
  },
  suspendAccount: {
    method: "post",
    path: `${ACCOUNT}/suspend`,
    right: "accounts:write",
    example: ofAccount("/suspend", { reason: "spam" }),
  },
  resumeAccount: {
    method: "post",
    path: `${ACCOUNT}/resume`,
    right: "accounts:write",
    example: async (cluster) => {
      const { account } = await new Account(cluster).create();
      await cluster.control("POST", `/accounts/${account}/suspend`);
      return { path: `/accounts/${account}/resume` };
    },
  },
  createPortalSession: {
    method: "post",
    path: `${ACCOUNT}/portal-sessions`,
    right: "portal",
    example: ofAccount("/portal-sessions", { return_url: "http://localhost:3000/settings" }),
  },
  endPortalSessions: {
    method: "delete",
    path: `${ACCOUNT}/portal-sessions`,
    right: "portal",
    example: ofAccount("/portal-sessions"),
  },
  rebuildKv: {
    method: "post",
    path: `${ACCOUNT}/rebuild-kv`,
    right: "operate",
    example: ofAccount("/rebuild-kv", { limit: 1 }),
  },
  health: { method: "get", path: "/health", right: "operate", example: async () => ({ path: "/health" }) },
  identifyKey: {
    method: "post",
    path: "/identify",
    right: null,
    example: async (cluster) => {
      const { secret } = await new Account(cluster).create();
      return { path: "/identify", body: { secret }, options: { token: null, headers: from("203.0.113.1") } };
    },
  },
  revokeByPossession: {
    method: "post",
    path: "/revoke",
    right: null,
    example: async (cluster) => {
      const { secret } = await new Account(cluster).create();
      return { path: "/revoke", body: { secret }, options: { token: null, headers: from("203.0.113.1") } };
    },
  },
};

export async function exampleOf(cluster: GatewayCluster, name: string): Promise<Example> {
  const operation = OPERATIONS[name];
  if (!operation) throw new Error(`no operation ${name}`);
  return await operation.example(cluster);
}

export function make(
  cluster: GatewayCluster,
  name: string,
  { path, body, options }: Example,
): Promise<ControlAnswer> {
  return cluster.control(OPERATIONS[name]?.method.toUpperCase() ?? "", path, body, options);
}

export function from(address: string) {
  return [["CF-Connecting-IP", address]] as const;
}

function randomSha256(): string {
  return createHash("sha256").update(randomUUID()).digest("hex");
}
