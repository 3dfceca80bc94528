/**
 * The outcome that the policy requires for a request, implemented a second time and as plainly as possible: no URL
 * parser, no regular expression, no code of the gateway. It shares only the rows of the policy table, as data.
 *
 * It implements the order of checks in the README: malformed before unauthorized, unauthorized before the client's address,
 * the address before unknown, live-only before the limit, the limit before permission. It does not count requests: whether
 * a limit is used up is given. It does not model revocation and failures.
 */
import { POLICY } from "../../../src/policy.ts";

export interface PolicyRequest {
  readonly method: string;
  /** Path as on the request line, without query. */
  readonly path: string;
  readonly hasBody: boolean;
  /** null: no valid credential. */
  readonly key: OracleKey | null;
  readonly address: string;
}

export interface OracleKey {
  readonly mode: "live" | "test";
  readonly permissions: readonly string[];
  /** Beginnings of the addresses from which it may be used; none: anywhere. */
  readonly addressesFrom?: readonly string[];
  /** The same for all keys of its account. */
  readonly accountAddressesFrom?: readonly string[];
  readonly isSuspended?: boolean;
  readonly isAccountSuspended?: boolean;
  /** Its limit of publish requests. */
  readonly isLimitUsedUp?: boolean;
}

export interface RequiredOutcome {
  readonly status: number;
  /** The path that the origin receives; null: not forwarded. */
  readonly path: string | null;
}

const PLAIN = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
const refused = (status: number): RequiredOutcome => ({ status, path: null });

export function requiredOutcome({
  method,
  path: written,
  hasBody,
  key,
  address,
}: PolicyRequest): RequiredOutcome {
  const path = resolved(written);
  if (!path.startsWith("/v1/")) return refused(404);
  const segments = path.slice(1).split("/");
  if (!segments.every(isPlain)) return refused(400);
  const isRead = method === "GET" || method === "HEAD";
  if (isRead && hasBody) return refused(400);
  if (!key || key.isSuspended || key.isAccountSuspended) return refused(401);
  for (const from of [key.addressesFrom ?? [], key.accountAddressesFrom ?? []])
    if (from.length > 0 && !from.some((beginning) => address.startsWith(beginning))) return refused(403);

  const rowsOfPath = POLICY.filter(({ route }) => matches(route, segments));
  const row = rowsOfPath.find((one) => one.method === (isRead ? "GET" : method));
  if (rowsOfPath.length === 0) return refused(404);
  if (!row) return refused(400);
  if (!row.modes.includes(key.mode)) return refused(401);
  if (row.limit === "publish" && key.isLimitUsedUp) return refused(429);
  // No permissions selected means full access.
  if (key.permissions.length > 0 && !key.permissions.includes(row.permission)) return refused(403);
  return { status: 200, path };
}

/** RFC 3986, section 5.2.4, plus the URL standard's extensions: a backslash is a slash, and `%2e` is a dot. */
function resolved(path: string): string {
  const out: string[] = [];
  const parts = path.split("\\").join("/").split("/").slice(1);
  parts.forEach((part, i) => {
    const last = i === parts.length - 1;
    const dots = part.toLowerCase().split("%2e").join(".");
    if (dots === "..") out.pop();
    else if (dots !== ".") out.push(part);
    if (last && (dots === "." || dots === "..")) out.push("");
  });
  return `/${out.join("/")}`;
}

function isPlain(segment: string): boolean {
  return segment.length >= 1 && segment.length <= 128 && [...segment].every((c) => PLAIN.includes(c));
}

function matches(route: string, segments: readonly string[]): boolean {
  const wanted = route.slice(1).split("/");
  return wanted.length === segments.length && wanted.every((one, i) => one === ":id" || one === segments[i]);
}
