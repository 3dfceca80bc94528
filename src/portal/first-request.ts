/**
 * The request that a new key is tried with: one that this key may make and that changes nothing, by the policy table.
 * Pure.
 */
import { type Mode, type Permission, POLICY, type PolicyRow } from "../policy.ts";

/** The id of nothing: a request that names it finds nothing to change. */
const NO_ID = "none";

export interface FirstRequest {
  readonly method: PolicyRow["method"];
  readonly path: string;
  /** Whether it reads. If not, the key may only write, and the request names something that does not exist. */
  readonly isRead: boolean;
}

interface KeyTerms {
  readonly mode: Mode;
  /** Empty: full access. */
  readonly permissions: readonly Permission[];
}

/** null: every request that the key may make could change something, or test keys have no sandbox. */
export function firstRequest({ mode, permissions }: KeyTerms, hasSandbox: boolean): FirstRequest | null {
  if (mode === "test" && !hasSandbox) return null;
  const rows = POLICY.filter(
    ({ permission, modes }) =>
      modes.includes(mode) && (permissions.length === 0 || permissions.includes(permission)),
  );
  const row =
    rows.find(({ method, route }) => method === "GET" && !route.includes(":")) ??
    rows.find(({ method }) => method === "GET") ??
    rows.find(({ method, route }) => method !== "POST" && route.includes(":"));
  if (row === undefined) return null;
  const { method, route } = row;
  return { method, path: route.replace(":id", NO_ID), isRead: method === "GET" };
}

/** Whether a permission opens endpoints to live keys only. */
export function isForLiveKeysOnly(permission: Permission): boolean {
  const rows = POLICY.filter((row) => row.permission === permission);
  return rows.length > 0 && rows.every(({ modes }) => !modes.includes("test"));
}
