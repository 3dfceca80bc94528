/**
 * THE TABLE: which requests the gateway lets through, and what a key needs for each.
 *
 * Nothing is forwarded unless a row here says so, whatever the key may do: a new endpoint is a new
 * row. `:id` stands for one path segment. HEAD counts as GET. Data only; `gateway/authorize-route.ts`
 * reads it, and the table in the README is checked against it.
 */

/** The eight permissions of the Octopost documentation, in its order and its words. */
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

/** Which keys an endpoint is for: `oct_live_…`, `oct_test_…`. */
export type Mode = "live" | "test";

export interface PolicyRow {
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  readonly route: string;
  readonly permission: Permission;
  readonly modes: readonly Mode[];
  /** The rate limit that it counts in, if not that of all requests. */
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
  // Disconnects a real social account; the sandbox has none.
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
