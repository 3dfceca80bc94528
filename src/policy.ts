/**
 * THE TABLE: which requests are forwarded, and the permission and mode that each needs.
 *
 * A request without a row is never forwarded, whatever its key: a new endpoint is a new row. `:id` stands for one path
 * segment. HEAD counts as GET. Data only; `gateway/authorize-route.ts` evaluates it, and a test compares the table in
 * the README with it.
 */

/** The permissions of the Octopost documentation, in its order and words. */
export const PERMISSIONS = {
  "posts:read": "List and retrieve posts",
  "posts:write": "Create, update, delete, and publish posts",
  "accounts:read": "List and retrieve connected accounts",
  "accounts:write": "Connect and disconnect social accounts",
  "presets:read": "List and retrieve publishing presets",
  "presets:write": "Create, update, and delete presets",
  "webhooks:read": "List and retrieve webhooks",
  "webhooks:write": "Create, update, and delete webhooks",
} as const;

export type Permission = keyof typeof PERMISSIONS;

/** `oct_live_…` and `oct_test_…`. */
export type Mode = "live" | "test";

export interface PolicyRow {
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  readonly route: string;
  readonly permission: Permission;
  readonly modes: readonly Mode[];
  /** The bucket that the request counts in; `requests` if absent. */
  readonly limit?: "publish";
}

const ANY_KEY = ["live", "test"] as const;
const LIVE_KEYS_ONLY = ["live"] as const;

export const POLICY: readonly PolicyRow[] = [
  { method: "GET", route: "/v1/posts", permission: "posts:read", modes: ANY_KEY },
  { method: "POST", route: "/v1/posts", permission: "posts:write", modes: ANY_KEY },
  { method: "GET", route: "/v1/posts/:id", permission: "posts:read", modes: ANY_KEY },
  { method: "PUT", route: "/v1/posts/:id", permission: "posts:write", modes: ANY_KEY },
  { method: "DELETE", route: "/v1/posts/:id", permission: "posts:write", modes: ANY_KEY },
  {
    method: "POST",
    route: "/v1/posts/:id/publish",
    permission: "posts:write",
    modes: ANY_KEY,
    limit: "publish",
  },

  { method: "GET", route: "/v1/accounts", permission: "accounts:read", modes: ANY_KEY },
  { method: "GET", route: "/v1/accounts/:id", permission: "accounts:read", modes: ANY_KEY },
  // Disconnects a real social account, which the sandbox does not have.
  { method: "DELETE", route: "/v1/accounts/:id", permission: "accounts:write", modes: LIVE_KEYS_ONLY },

  { method: "GET", route: "/v1/presets", permission: "presets:read", modes: ANY_KEY },
  { method: "POST", route: "/v1/presets", permission: "presets:write", modes: ANY_KEY },
  { method: "GET", route: "/v1/presets/:id", permission: "presets:read", modes: ANY_KEY },
  { method: "PUT", route: "/v1/presets/:id", permission: "presets:write", modes: ANY_KEY },
  { method: "DELETE", route: "/v1/presets/:id", permission: "presets:write", modes: ANY_KEY },

  { method: "GET", route: "/v1/webhooks", permission: "webhooks:read", modes: ANY_KEY },
  { method: "POST", route: "/v1/webhooks", permission: "webhooks:write", modes: ANY_KEY },
  { method: "GET", route: "/v1/webhooks/:id", permission: "webhooks:read", modes: ANY_KEY },
  { method: "PUT", route: "/v1/webhooks/:id", permission: "webhooks:write", modes: ANY_KEY },
  { method: "DELETE", route: "/v1/webhooks/:id", permission: "webhooks:write", modes: ANY_KEY },
];
