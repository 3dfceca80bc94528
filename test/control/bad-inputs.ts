/**
 * Invalid input that the control plane must refuse: by call, the mistake, the body or query, and the fields that the
 * refusal must name. Data only.
 */

import {
  LABEL_TEXTS,
  LABELS,
  LIMITS,
  LIMITS_IN_AN_OBJECT,
  MISSING,
  MODES,
  NAMES,
  NETWORK_LISTS,
  NETWORKS_IN_A_LIST,
  NOT_A_STRING,
  NOT_AN_OBJECT,
  PAST_TIMES,
  PERMISSIONS,
  PERMISSIONS_IN_A_LIST,
  TIMES,
  textOf,
  UNKNOWN_FIELDS,
  UNNAMEABLE_FIELDS,
  type Values,
} from "./bad-values.ts";

export interface BadInput {
  readonly call: string;
  readonly what: string;
  readonly method: string;
  /** `{account}` has a key `{id}`. */
  readonly path: string;
  readonly body?: unknown;
  /** Empty: any. */
  readonly fields: readonly string[];
}

const NEW_KEY = { name: "a key", mode: "live" };
const OLD_KEY = { sha256: "0".repeat(64), ...NEW_KEY };
const KEYS = "/accounts/{account}/keys";
const KEY = `${KEYS}/{id}`;

export const BAD_INPUTS: readonly BadInput[] = [
  ...call("creating", "POST", KEYS, NEW_KEY, {
    name: [...NAMES, MISSING],
    mode: [...MODES, MISSING],
    permissions: [...PERMISSIONS, ["one twice", ["posts:read", "posts:write", "posts:read"]]],
    "permissions.1": PERMISSIONS_IN_A_LIST,
    expires_at: [...TIMES, ...PAST_TIMES],
    allowed_ips: NETWORK_LISTS,
    "allowed_ips.1": NETWORKS_IN_A_LIST,
    limits: LIMITS,
    "limits.publish_per_hour": LIMITS_IN_AN_OBJECT,
    labels: LABELS,
    "labels.team": LABEL_TEXTS,
  }),
  ...call(
    "changing",
    "PATCH",
    KEY,
    {},
    {
      name: NAMES,
      revokes_at: [...TIMES, ...PAST_TIMES],
      expires_at: [...TIMES, ...PAST_TIMES],
      permissions: PERMISSIONS,
      allowed_ips: NETWORK_LISTS,
      "allowed_ips.1": NETWORKS_IN_A_LIST,
      limits: LIMITS,
      "limits.publish_per_hour": LIMITS_IN_AN_OBJECT,
      labels: LABELS,
      "labels.team": LABEL_TEXTS,
    },
  ),
  ...call("suspending", "POST", `${KEY}/suspend`, {}, { reason: textOf(500) }),
  ...call("suspending the account", "POST", "/accounts/{account}/suspend", {}, { reason: textOf(500) }),
  ...call(
    "setting the policy",
    "PUT",
    "/accounts/{account}",
    {},
    {
      policy: [
        ["a string", "strict"],
        ["null", null],
        ["a list", []],
      ],
      "policy.max_lifetime_days": [0, -1, 1.5, 3651, "90"].map((value) => [
        String(value),
        { max_lifetime_days: value },
      ]),
      "policy.max_active_keys": [0, -1, 1.5, 100_001].map((value) => [
        String(value),
        { max_active_keys: value },
      ]),
      "policy.require_permissions": [["a string", { require_permissions: "yes" }]],
      "policy.allowed_ips.0": [["no network", { allowed_ips: ["office"] }]],
      "policy.account_limits": LIMITS.map(([what, account_limits]) => [what, { account_limits }] as const),
      "policy.account_limits.publish_per_hour": LIMITS_IN_AN_OBJECT.map(
        ([what, account_limits]) => [what, { account_limits }] as const,
      ),
      "policy.unknown": [["a rule that does not exist", { unknown: 1 }]],
    },
  ),
  { ...on("changing", "PATCH", KEY), what: "nothing", body: {}, fields: ["body"] },
  {
    ...on("changing", "PATCH", KEY),
    what: "a good name and an end in the past",
    body: { name: "another", revokes_at: "2020-01-01T00:00:00Z" },
    fields: ["revokes_at"],
  },
  ...call("revoking", "POST", `${KEY}/revoke`, {}, { reason: textOf(500) }),
  ...call(
    "rotating",
    "POST",
    `${KEY}/rotate`,
    {},
    {
      overlap_seconds: [
        ["-1", -1],
        ["more than 30 days", 2_592_001],
        ["a fraction", 1.5],
        ["digits in a string", "60"],
        ["null", null],
        ["a list", [60]],
      ],
    },
  ),
  ...call(
    "revoking all",
    "POST",
    "/accounts/{account}/revoke-all",
    {},
    { mode: MODES, created_before: [...TIMES, ["null", null]] },
  ),
  ...call(
    "importing",
    "POST",
    `${KEYS}/import`,
    { keys: [OLD_KEY] },
    {
      keys: [
        MISSING,
        ["null", null],
        ["a string", "text"],
        ["an object", { 0: {} }],
        ["no row", []],
        ["1,001 rows", Array.from({ length: 1001 }, () => ({}))],
      ],
    },
  ),
  ...call(
    "setting the tier",
    "PUT",
    "/accounts/{account}",
    { tier: "pro" },
    {
      tier: [
        ["unknown", "gold"],
        ["null", null],
        ["a number", 60],
        ["an object without numbers", {}],
        ["an object with half of the numbers", { requests_per_minute: 60 }],
        ["an object with a string for a number", { requests_per_minute: "60", publish_per_hour: 60 }],
        ["an object with an unknown field", { requests_per_minute: 60, publish_per_hour: 60, burst: 1 }],
      ],
      "tier.requests_per_minute": [0, -1, 1.5, 1_000_000_001].map((value) => [
        String(value),
        { requests_per_minute: value, publish_per_hour: 1 },
      ]),
    },
  ),
  ...call(
    "rebuilding KV",
    "POST",
    "/accounts/{account}/rebuild-kv",
    {},
    {
      limit: [
        ["0", 0],
        ["201", 201],
        ["a fraction", 1.5],
      ],
      cursor: [
        ["a number", 1],
        ["no cursor", "x"],
      ],
    },
  ),
  ...call(
    "revoking by possession",
    "POST",
    "/revoke",
    { secret: "oct_live_abc123def456" },
    {
      secret: [...NOT_A_STRING, MISSING, ["empty", ""], ["1,001 characters", "x".repeat(1001)]],
    },
  ),
  ...queries("listing keys", KEYS, {
    limit: ["0", "201", "-1", "1.5", "x", "1e2", "", "9".repeat(400)],
    include: ["all", "", "Revoked"],
    mode: ["both", ""],
    state: ["creating", "issued", ""],
    q: ["", "x".repeat(101), `oct_live_${"aB3".repeat(12)}`, `x oct_live_${"aB3".repeat(12)}`],
    label: ["", "team", ":x", "Team:x", "constructor:x", 'a"]:x'],
    cursor: [
      "",
      "x",
      "7",
      `1-key_${"0".repeat(21)}`,
      `1-key_${"0".repeat(22)}x`,
      "1-key_'; DROP TABLE keys;--",
    ],
    page: ["2"],
  }),
  ...queries("listing events", "/accounts/{account}/events", {
    limit: ["0", "201", "-1", "1.5", "x", ""],
    cursor: ["", "x", "-1", "1.5", "1".repeat(17), `1-key_${"0".repeat(22)}`],
    include: ["revoked"],
  }),
];

function on(name: string, method: string, path: string) {
  return { call: name, method, path };
}

/** A valid body with one invalid field, for each of its values; then every body of another type. */
function call(
  name: string,
  method: string,
  path: string,
  good: object,
  wrong: Readonly<Record<string, Values>>,
): BadInput[] {
  const fields = Object.entries(wrong).flatMap(([field, values]) =>
    values.map(([what, value]) => ({
      ...on(name, method, path),
      what: `${field}: ${what}`,
      body: { ...good, [field.split(".")[0] as string]: value },
      fields: [field],
    })),
  );
  const unknown = UNKNOWN_FIELDS.filter((field) => !Object.hasOwn(wrong, field)).map((field) => ({
    ...on(name, method, path),
    what: `an unknown field: ${field}`,
    body: { ...good, [field]: 1 },
    fields: [field],
  }));
  const unnameable = UNNAMEABLE_FIELDS.map((field) => ({
    ...on(name, method, path),
    what: `an unknown field that may be a secret: ${field}`,
    body: { ...good, [field]: 1 },
    fields: ["body"],
  }));
  const forms = NOT_AN_OBJECT.map(([what, body]) => ({
    ...on(name, method, path),
    what: `instead of an object: ${what}`,
    body: JSON.stringify(body),
    fields: [],
  }));
  return [...fields, ...unknown, ...unnameable, ...forms];
}

function queries(name: string, path: string, wrong: Readonly<Record<string, readonly string[]>>): BadInput[] {
  return Object.entries(wrong).flatMap(([field, values]) =>
    values.map((value) => ({
      ...on(name, "GET", `${path}?${field}=${encodeURIComponent(value)}`),
      what: `${field}=${value.slice(0, 40)}`,
      fields: [field],
    })),
  );
}
