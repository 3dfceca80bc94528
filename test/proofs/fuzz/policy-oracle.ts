/**
 * What the gateway owes a request, said a second time and as plainly as can be: no URL parser, no regular
 * expression of the code's own, no step of its. Only the rows of the policy table are taken from it, as data.
 *
 * It knows the order of the README: malformed before unauthorized, unauthorized before unknown, live-only before
 * permission. It does not know of rate limits, revocation and failures.
 */
import { POLICY } from "../../../src/policy.ts";

export interface Asked {
  readonly method: string;
  /** Path as written on the request line, without a query. */
  readonly path: string;
  readonly hasBody: boolean;
  /** null: no good credential. */
  readonly key: { readonly mode: "live" | "test"; readonly permissions: readonly string[] } | null;
}

export interface Owed {
  readonly status: number;
  /** The path that the origin gets; null when none gets any. */
  readonly path: string | null;
}

const PLAIN = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
const no = (status: number): Owed => ({ status, path: null });

export function owed({ method, path: written, hasBody, key }: Asked): Owed {
  const path = resolved(written);
  if (!path.startsWith("/v1/")) return no(404);
  const segments = path.slice(1).split("/");
  if (!segments.every(isPlain)) return no(400);
  const reads = method === "GET" || method === "HEAD";
  if (reads && hasBody) return no(400);
  if (!key) return no(401);

  const rowsOfPath = POLICY.filter(({ route }) => fits(route, segments));
  const row = rowsOfPath.find((one) => one.method === (reads ? "GET" : method));
  if (rowsOfPath.length === 0) return no(404);
  if (!row) return no(400);
  if (!row.modes.includes(key.mode)) return no(401);
  // No permissions chosen is full access.
  if (key.permissions.length > 0 && !key.permissions.includes(row.permission)) return no(403);
  return { status: 200, path };
}

/** RFC 3986, section 5.2.4, with what browsers' URLs add: a backslash is a slash, and `%2e` is a dot. */
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

function fits(route: string, segments: readonly string[]): boolean {
  const wanted = route.slice(1).split("/");
  return wanted.length === segments.length && wanted.every((one, i) => one === ":id" || one === segments[i]);
}
