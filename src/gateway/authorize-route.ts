/**
 * Step 3, authorize: does a row of the policy table allow this request with this key?
 *
 * Guarantees that nothing passes without a row, also with full access. Pure: it evaluates `policy.ts` and nothing else.
 */
import type { Terms } from "../leases/protocol.ts";
import { type Mode, POLICY, type PolicyRow } from "../policy.ts";
import type { Refusal } from "../refusals.ts";

interface Route {
  readonly segments: readonly string[];
  readonly rows: ReadonlyMap<string, PolicyRow>;
}

const ROUTES = compile(POLICY);

/** The row of the request, or why it has none. */
export function findRow(method: string, path: string): PolicyRow | Refusal {
  const route = findRoute(path);
  if (!route) return { reason: "unknown_route" };
  const row = route.rows.get(method === "HEAD" ? "GET" : method);
  return row ?? { reason: "method_not_allowed", allow: allowedMethods(route) };
}

/** Why the row does not allow the key on these terms, or null. `hasSandbox`: whether test keys have an origin. */
export function authorizeRow(
  row: PolicyRow,
  mode: Mode,
  { permissions }: Pick<Terms, "permissions">,
  hasSandbox: boolean,
): Refusal | null {
  // Before the permissions: a test key on a live-only endpoint is answered like a bad key.
  if (mode === "test" && !(hasSandbox && row.modes.includes(mode))) {
    return { reason: "live_only" };
  }
  if (permissions.length > 0 && !permissions.includes(row.permission)) {
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
