/** Every way in by which a caller can revoke a key and wait until the revocation is in effect. */
import type { GatewayCluster } from "../support/gateway-cluster.ts";
import type { Account } from "./account.ts";
import type { Dashboard } from "./dashboard.ts";

export interface RevocableKey {
  readonly cluster: GatewayCluster;
  readonly dashboard: Dashboard;
  readonly account: Account;
  readonly key: { readonly id: string; readonly secret: string };
}

/** Each with its name for a test's title; it resolves with the HTTP status, or with `ok` of the RPC answer. */
export const WAYS_TO_REVOKE: readonly (readonly [string, (of: RevocableKey) => Promise<unknown>])[] = [
  ["over HTTP", async ({ account, key }) => (await account.call("POST", `/keys/${key.id}/revoke`)).status],
  ["together with all keys", async ({ account }) => (await account.call("POST", "/revoke-all")).status],
  [
    "with its successor",
    async ({ account, key }) =>
      (await account.call("POST", `/keys/${key.id}/rotate`, { overlap_seconds: 0 })).status,
  ],
  [
    "by possession",
    async ({ cluster, key }) =>
      (await cluster.control("POST", "/revoke", { secret: key.secret }, { token: null })).status,
  ],
  [
    "over RPC",
    async ({ dashboard, account, key }) => (await dashboard.call("revokeKey", account.name, key.id)).ok,
  ],
  [
    "over RPC by possession",
    async ({ dashboard, key }) => (await dashboard.call("revokeByPossession", key.secret)).ok,
  ],
];
