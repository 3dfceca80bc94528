/**
 * The kinds of restriction: the call that makes each, what it forbids, what it leaves allowed, and what undoes it.
 *
 * Each forbids GET and POST of `/v1/posts` from `USUAL.address`; nothing else here depends on the kind.
 */
import type { IssuedKey } from "../../support/control-client.ts";
import type { Case, Situation } from "./history.ts";

/** The requests of one client, apart from their number. */
export interface RequestShape {
  readonly path: string;
  /** The client's address. */
  readonly address: string;
}

export const USUAL: RequestShape = { path: "/v1/posts", address: "203.0.113.7" };

export interface ControlCall {
  readonly method: "POST" | "PATCH" | "PUT";
  readonly path: (key: IssuedKey) => string;
  readonly body: (key: IssuedKey) => object;
}

export interface Restriction {
  readonly call: ControlCall;
  /** The answer to requests that it forbids. */
  readonly status: 401 | 403;
  /** Affects every key of the account. */
  readonly ofAccount?: true;
  /** Requests with the key that it leaves allowed. Absent: it forbids all. */
  readonly allows?: RequestShape;
  /** Absent: it is for good. */
  readonly undo?: ControlCall;
  readonly notIn?: readonly Situation[];
}

/** Where a call may be repeated. */
const REPEATED: readonly Situation[] = ["called twice at once", "caller disconnects", "ledger restarted"];

const ELSEWHERE: RequestShape = { ...USUAL, address: "198.51.100.1" };
const ELSEWHERE_ONLY = ["198.51.100.0/24"];
const PRESETS: RequestShape = { ...USUAL, path: "/v1/presets" };
const PRESETS_ONLY = ["presets:read", "presets:write"];

/** Sooner than the leases in use expire, whatever they are. */
const SOON_MS = 600;
/** At a repeated call the key has ended; an idle key ends after the answer. */
const NOT_FOR_ENDS: readonly Situation[] = [...REPEATED, "idle"];

export const RESTRICTIONS = {
  revoke: { call: onKey("POST", "/revoke"), status: 401 },
  "revoke by the holder": {
    call: { method: "POST", path: () => "/revoke", body: ({ secret }) => ({ secret }) },
    status: 401,
    notIn: REPEATED,
  },
  "rotate without overlap": {
    call: onKey("POST", "/rotate", () => ({ overlap_seconds: 0 })),
    status: 401,
    notIn: REPEATED,
  },
  "revoke-all": { call: onAccount("POST", "/revoke-all"), status: 401, ofAccount: true },
  suspend: { call: onKey("POST", "/suspend"), status: 401, undo: onKey("POST", "/resume") },
  "suspend the account": {
    call: onAccount("POST", "/suspend"),
    status: 401,
    ofAccount: true,
    undo: onAccount("POST", "/resume"),
  },
  "remove permissions": {
    call: onKey("PATCH", "", () => ({ permissions: PRESETS_ONLY })),
    status: 403,
    allows: PRESETS,
    undo: onKey("PATCH", "", () => ({ permissions: [...PRESETS_ONLY, "posts:read"] })),
  },
  "narrow the key's addresses": {
    call: onKey("PATCH", "", () => ({ allowed_ips: ELSEWHERE_ONLY })),
    status: 403,
    allows: ELSEWHERE,
    undo: onKey("PATCH", "", () => ({ allowed_ips: [] })),
  },
  "narrow the account's addresses": {
    call: onAccount("PUT", "", () => ({ policy: { allowed_ips: ELSEWHERE_ONLY } })),
    status: 403,
    ofAccount: true,
    allows: ELSEWHERE,
    undo: onAccount("PUT", "", () => ({ policy: { allowed_ips: [] } })),
  },
  "expire sooner": {
    call: onKey("PATCH", "", () => ({ expires_at: soon() })),
    status: 401,
    notIn: NOT_FOR_ENDS,
  },
  "schedule the revocation sooner": {
    call: onKey("PATCH", "", () => ({ revokes_at: soon() })),
    status: 401,
    notIn: NOT_FOR_ENDS,
  },
} as const satisfies Record<string, Restriction>;

export type RestrictionName = keyof typeof RESTRICTIONS;

export const RESTRICTION_NAMES = Object.keys(RESTRICTIONS) as RestrictionName[];

export function restrictionOf(name: RestrictionName): Restriction {
  return RESTRICTIONS[name];
}

/** The requests that stay allowed and are sent all the time, or null. A key that is in use is not idle. */
export function allowedIn({ restriction, situation }: Case): RequestShape | null {
  return situation === "idle" ? null : (restrictionOf(restriction).allows ?? null);
}

function onKey(
  method: ControlCall["method"],
  path: string,
  body: ControlCall["body"] = () => ({}),
): ControlCall {
  return { method, path: ({ account, id }) => `/accounts/${account}/keys/${id}${path}`, body };
}

function onAccount(
  method: ControlCall["method"],
  path: string,
  body: ControlCall["body"] = () => ({}),
): ControlCall {
  return { method, path: ({ account }) => `/accounts/${account}${path}`, body };
}

function soon(): string {
  return new Date(Date.now() + SOON_MS).toISOString();
}
