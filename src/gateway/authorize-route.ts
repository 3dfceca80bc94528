/**
 * Step 3, authorize: does a row of the policy table let this key make this request?
 *
 * Guarantees that nothing passes without a row, full access or not. Pure: no I/O, and it knows
 * nothing that `policy.ts` does not say.
 */
import type { KeyRecord } from "../keys/key-record.ts";
import { type Mode, POLICY, type PolicyRow } from "../policy.ts";
import type { Refusal } from "../refusals.ts";

interface Route {
  readonly segments: readonly string[];
  readonly rows: ReadonlyMap<string, PolicyRow>;
}

const ROUTES = compile(POLICY);

/** The row that judges the request, or the refusal when there is none. */
export function findRow(method: string, path: string): PolicyRow | Refusal {
  const route = findRoute(path);
  if (!route) return { reason: "unknown_route" };
  const row = route.rows.get(method === "HEAD" ? "GET" : method);
  return row ?? { reason: "method_not_allowed", allow: allowedMethods(route) };
}

/** Why the row does not let the key through, or null. `hasSandbox`: whether test keys lead anywhere. */
export function authorizeRow(
  row: PolicyRow,
  key: Pick<KeyRecord, "mode" | "permissions">,
  hasSandbox: boolean,
): Refusal | null {
  // A test key on a live-only endpoint is no key there at all, so this comes before its permissions.
  if (key.mode === "test" && !(hasSandbox && row.modes.includes(key.mode satisfies Mode))) {
    return { reason: "live_only" };
  }
  if (key.permissions !== "all" && !key.permissions.includes(row.permission)) {
    return { reason: "missing_permission", permission: row.permission };
  }
  return null;
}

function findRoute(path: string): Route | undefined {
  const segments = path.split("/");
  return ROUTES.find(
    (route) =>
      route.segments.length === segments.length &&
      route.segments.every((segment, i) => segment === segments[i] || segment === ":id"),
  );
}

function allowedMethods(route: Route): string[] {
  const methods = [...route.rows.keys()];
  return methods.includes("GET") ? ["GET", "HEAD", ...methods.filter((method) => method !== "GET")] : methods;
}

function compile(policy: readonly PolicyRow[]): readonly Route[] {
  const routes = Map.groupBy(policy, (row) => row.route);
  return [...routes].map(([route, rows]) => ({
    segments: route.split("/"),
    rows: new Map(rows.map((row) => [row.method, row])),
  }));
}
