/**
 * The terms in a key's row: how they are read, whether a change restricts them, and whether a policy allows them. Pure;
 * times are Unix milliseconds.
 *
 * Guarantees that a change counts as a restriction unless the new terms allow everything that was allowed before.
 */
import type { Policy } from "../keys/account.ts";
import { containsNetwork, type IpNetwork, parseIpNetwork } from "../keys/ip-network.ts";
import type { Permission } from "../policy.ts";
import type { Bucket, Limits, OwnLimits } from "../rate-limits.ts";
import type { KeyRow } from "./keys-schema.ts";

const DAY_MS = 86_400_000;

/** Empty: full access. */
export function permissionsOf({ permissions }: Pick<KeyRow, "permissions">): Permission[] {
  return JSON.parse(permissions) as Permission[];
}

/** Empty: anywhere. */
export function allowedIpsOf({ allowed_ips }: Pick<KeyRow, "allowed_ips">): string[] {
  return JSON.parse(allowed_ips) as string[];
}

export function labelsOf({ labels }: Pick<KeyRow, "labels">): Record<string, string> {
  return JSON.parse(labels) as Record<string, string>;
}

/** Whether an action is no longer allowed. Empty: all are. */
export function losesPermission(from: readonly Permission[], to: readonly Permission[]): boolean {
  if (to.length === 0) return false;
  return from.length === 0 || from.some((permission) => !to.includes(permission));
}

/** Whether an address may be no longer allowed. Empty: all are. */
export function losesAddress(from: readonly string[], to: readonly string[]): boolean {
  if (to.length === 0) return false;
  const networks = networksOf(to);
  const isKept = (network: IpNetwork) => networks.some((one) => containsNetwork(one, network));
  return from.length === 0 || !networksOf(from).every(isKept);
}

function networksOf(texts: readonly string[]): IpNetwork[] {
  return texts.map(parseIpNetwork).filter((network) => network !== null);
}

/** null: the tier's apply. */
export function ownLimitsOf({ limits }: Pick<KeyRow, "limits">): OwnLimits | null {
  return limits === null ? null : (JSON.parse(limits) as OwnLimits);
}

/** In each bucket the lower limit. null: no limits. */
export function lowerLimits(one: Limits | null, other: Limits | null): Limits | null {
  if (one === null || other === null) return one ?? other;
  const lower = (bucket: Bucket) => Math.min(one[bucket], other[bucket]);
  return { requests: lower("requests"), publish: lower("publish") };
}

/** Whether fewer requests are allowed in a bucket. */
export function losesRequests(from: Limits | null, to: Limits | null): boolean {
  if (to === null) return false;
  return from === null || to.requests < from.requests || to.publish < from.publish;
}

/** Whether the new end is sooner than the old one. null: no end. */
export function endsSooner(from: number | null, to: number | null): boolean {
  return to !== null && (from === null || to < from);
}

interface PolicyChecked {
  readonly permissions: readonly Permission[];
  readonly createdAt: number;
  readonly expiresAt: number | null;
}

/** Why the policy does not allow the key, by field; null: it does. */
export function policyProblems(
  policy: Policy,
  { permissions, createdAt, expiresAt }: PolicyChecked,
): Record<string, string> | null {
  const { max_lifetime_days: days, require_permissions } = policy;
  const latest = latestEnd(policy, createdAt);
  const problems: Record<string, string> = {};
  if (latest !== null && (expiresAt === null || expiresAt > latest))
    problems.expires_at = `must be at most ${days} days after the key's creation: policy max_lifetime_days`;
  if (require_permissions && permissions.length === 0)
    problems.permissions = "must name at least one permission: policy require_permissions";
  return Object.keys(problems).length > 0 ? problems : null;
}

/** The latest expiry that the policy allows; null: no such rule. */
export function latestEnd({ max_lifetime_days: days }: Policy, createdAt: number): number | null {
  return days === null ? null : createdAt + days * DAY_MS;
}

export function tooManyActiveKeys(max: number): string {
  return `The account may have at most ${max} active keys (policy max_active_keys)`;
}
