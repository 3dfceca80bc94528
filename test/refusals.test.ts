// Every refusal as HTTP: status, exact body and headers. A new reason does not compile here until it has a row.

import { describe, expect, test } from "vitest";
import { isRefusal, publicAnswer, type Reason, type Refusal, refusalResponse } from "../src/refusals.ts";

const UNAUTHORIZED = '{"error":"Invalid or expired API key","code":"unauthorized"}';
const NOT_FOUND = '{"error":"Not found","code":"not_found"}';
const BAD_GATEWAY = '{"error":"Bad gateway","code":"bad_gateway"}';
const UNAVAILABLE = '{"error":"Service temporarily unavailable","code":"service_unavailable"}';
const INTERNAL = '{"error":"Internal error","code":"internal_error"}';

const INVALID_TOKEN = { "www-authenticate": 'Bearer realm="octopost", error="invalid_token"' };
const NO_CREDENTIAL =
  'Bearer realm="octopost", error_description="Send your key in the header Authorization: Bearer <key>"';
const LIVE_KEY_NEEDED =
  'Bearer realm="octopost", error="invalid_token", error_description="This endpoint needs a live key"';
const SOON = { "retry-after": "1" };

interface Answer {
  readonly status: number;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

const CREDENTIAL_REFUSED: Answer = { status: 401, body: UNAUTHORIZED, headers: INVALID_TOKEN };

const ANSWERS: Readonly<Record<Reason, Answer>> = {
  key_in_url: { status: 400, body: '{"error":"API keys do not belong in URLs","code":"bad_request"}' },
  malformed_path: {
    status: 400,
    body: '{"error":"The request path is malformed","code":"bad_request","details":{"path":"must not end with a slash"}}',
  },
  body_on_get: {
    status: 400,
    body: '{"error":"A GET or HEAD request must not have a body","code":"bad_request"}',
  },
  malformed_json: {
    status: 400,
    body: '{"error":"The request body is not valid JSON","code":"bad_request"}',
  },
  https_required: {
    status: 400,
    body: '{"error":"This endpoint requires HTTPS","code":"bad_request"}',
  },
  method_not_allowed: {
    status: 400,
    body: '{"error":"Method not supported for this endpoint","code":"bad_request"}',
    headers: { allow: "GET, HEAD, POST" },
  },

  missing_credential: {
    status: 401,
    body: UNAUTHORIZED,
    headers: { "www-authenticate": NO_CREDENTIAL },
  },
  malformed_credential: CREDENTIAL_REFUSED,
  malformed_key: CREDENTIAL_REFUSED,
  bad_checksum: CREDENTIAL_REFUSED,
  unknown_key: CREDENTIAL_REFUSED,
  corrupt_record: CREDENTIAL_REFUSED,
  revoked: CREDENTIAL_REFUSED,
  expired: CREDENTIAL_REFUSED,
  suspended: CREDENTIAL_REFUSED,
  not_in_ledger: CREDENTIAL_REFUSED,
  refused_by_ledger: CREDENTIAL_REFUSED,
  live_only: { status: 401, body: UNAUTHORIZED, headers: { "www-authenticate": LIVE_KEY_NEEDED } },
  wrong_control_token: CREDENTIAL_REFUSED,

  missing_permission: {
    status: 403,
    body: '{"error":"API key does not have permission for this action","code":"forbidden","details":{"required_permission":"posts:write"}}',
    headers: {
      "www-authenticate": 'Bearer realm="octopost", error="insufficient_scope", scope="posts:write"',
    },
  },

  address_not_allowed: {
    status: 403,
    body: '{"error":"API key may not be used from this IP address","code":"forbidden"}',
  },
  missing_right: {
    status: 403,
    body: '{"error":"The credential does not have this right","code":"forbidden","details":{"required_right":"keys:write"}}',
    headers: {
      "www-authenticate": 'Bearer realm="octopost", error="insufficient_scope", scope="keys:write"',
    },
  },

  bad_signature: {
    status: 403,
    body: '{"error":"The signature does not match the body","code":"forbidden"}',
  },

  outside_api: { status: 404, body: NOT_FOUND },
  unknown_route: { status: 404, body: NOT_FOUND },
  not_found: { status: 404, body: NOT_FOUND },
  not_a_key: {
    status: 404,
    body: '{"error":"Not an API key: its form or its checksum is wrong","code":"not_found"}',
  },
  nothing_revoked: {
    status: 404,
    body: '{"error":"No such key: nothing was revoked","code":"not_found"}',
  },
  damaged_key_record: {
    status: 500,
    body: '{"error":"The stored record of this key is damaged: nothing was revoked","code":"internal_error"}',
  },
  in_progress: {
    status: 409,
    body: '{"error":"A request with this Idempotency-Key is in progress","code":"conflict"}',
  },
  secret_withheld: {
    status: 409,
    body: '{"error":"This call was carried out before and issued key_1. Its secret is given for 10 minutes, to the same credential","code":"conflict"}',
  },
  conflict: { status: 409, body: '{"error":"It is so already","code":"conflict"}' },
  body_too_large: {
    status: 413,
    body: '{"error":"The request body is larger than 1 MiB","code":"payload_too_large"}',
  },
  wrong_content_type: {
    status: 415,
    body: '{"error":"The request body must be application/json","code":"unsupported_media_type"}',
  },
  invalid_input: {
    status: 422,
    body: '{"error":"Validation failed","code":"validation_error","details":{"name":"is required"}}',
  },
  rate_limited: {
    status: 429,
    body: '{"error":"Rate limit exceeded. Try again in 45 seconds.","code":"rate_limited","details":{"limit":300,"remaining":0,"reset_at":"2026-04-03T12:01:00Z","retry_after":45}}',
    headers: { "retry-after": "45" },
  },
  too_many_new_keys: {
    status: 429,
    body: '{"error":"Too many new keys in this account. Try again in 42 seconds.","code":"rate_limited"}',
    headers: { "retry-after": "42" },
  },
  too_many_lookups: {
    status: 429,
    body: '{"error":"Rate limit exceeded. Try again in 60 seconds.","code":"rate_limited"}',
    headers: { "retry-after": "60" },
  },
  link_used: { status: 410, body: '{"error":"The link has been used or has expired","code":"gone"}' },
  session_ended: { status: 403, body: '{"error":"The session has ended","code":"forbidden"}' },
  cookies_blocked: {
    status: 403,
    body: '{"error":"The session cookie is missing","code":"forbidden"}',
  },
  prefetch_refused: {
    status: 503,
    body: '{"error":"The page cannot be prefetched","code":"service_unavailable"}',
  },
  csrf_failed: {
    status: 403,
    body: '{"error":"The form was not sent from this session\'s page","code":"forbidden"}',
  },
  client_gone: { status: 499, body: '{"error":"Client closed request","code":"client_closed_request"}' },

  invalid_setting: { status: 500, body: INTERNAL },
  exception: { status: 500, body: INTERNAL },
  origin_unreachable: { status: 502, body: BAD_GATEWAY },
  origin_invalid_response: { status: 502, body: BAD_GATEWAY },
  origin_refused_gateway: { status: 502, body: BAD_GATEWAY },
  store_unreachable: { status: 503, body: UNAVAILABLE, headers: SOON },
  scanning_keys_unreachable: { status: 503, body: UNAVAILABLE, headers: SOON },
  ledger_unreachable: { status: 503, body: UNAVAILABLE, headers: SOON },
  unhealthy: {
    status: 503,
    body: '{"error":"Service temporarily unavailable","code":"service_unavailable","details":{"kv_ms":null}}',
    headers: SOON,
  },
  origin_timeout: { status: 504, body: '{"error":"Gateway timeout","code":"gateway_timeout"}' },
};

/** The data of refusals that carry more than a reason. */
const DATA: Partial<Record<Reason, object>> = {
  too_many_new_keys: { retryAfterSeconds: 42 },
  malformed_path: { details: { path: "must not end with a slash" } },
  method_not_allowed: { allow: ["GET", "HEAD", "POST"] },
  missing_permission: { permission: "posts:write" },
  missing_right: { right: "keys:write" },
  rate_limited: {
    allowance: {
      bucket: "requests",
      limit: 300,
      remaining: 0,
      windowMs: 60_000,
      resetsAt: Date.UTC(2026, 3, 3, 12, 1) / 1000,
      resetsInSeconds: 45,
      retryInSeconds: 45,
    },
  },
  conflict: { text: "It is so already" },
  secret_withheld: { keyId: "key_1" },
  invalid_input: { details: { name: "is required" } },
  unhealthy: { health: { kv_ms: null } },
};

const REASONS = Object.keys(ANSWERS) as Reason[];

describe("answers", () => {
  test.each(REASONS)("%s", async (reason) => {
    const { status, body, headers = {} } = ANSWERS[reason];
    expect(await answerTo(reason)).toEqual({
      status,
      body,
      headers: {
        "content-type": "application/json",
        "cache-control": "no-store",
        "x-request-id": "request-1",
        ...headers,
      },
    });
  });
});

test("a bad credential gets the same body and headers for every cause", async () => {
  const causes = REASONS.filter((reason) => ANSWERS[reason] === CREDENTIAL_REFUSED);
  expect(causes).toHaveLength(11);
  const answers = await Promise.all(causes.map((cause) => answerTo(cause)));
  for (const answer of answers) expect(answer).toEqual(answers[0]);
});

test("another scheme than Bearer gets the same body, and a challenge that names Bearer", async () => {
  const refusal = { reason: "malformed_credential", scheme: "other" } as const;
  expect(publicAnswer(refusal)).toEqual({
    ...publicAnswer({ reason: "malformed_credential" }),
    headers: {
      "WWW-Authenticate":
        'Bearer realm="octopost", error="invalid_token", error_description="Use the Bearer scheme: Authorization: Bearer <key>"',
    },
  });
});

test("a description has only the characters of RFC 6750, section 3", () => {
  const refusals: Refusal[] = [
    { reason: "missing_credential" },
    { reason: "malformed_credential", scheme: "other" },
    { reason: "live_only" },
  ];
  for (const refusal of refusals) {
    const challenge = publicAnswer(refusal).headers?.["WWW-Authenticate"] ?? "";
    expect(challenge).toMatch(/, error_description="[\x20-\x21\x23-\x5b\x5d-\x7e]+"$/);
  }
});

describe("with a DOCS_URL", () => {
  test.each(REASONS)("%s links to its code", (reason) => {
    const refusal = { reason, ...DATA[reason] } as Refusal;
    const { headers } = refusalResponse(refusal, "request-1", "https://docs.octopost.ink/errors");
    expect(headers.get("Link")).toBe(
      `<https://docs.octopost.ink/errors#${publicAnswer(refusal).code}>; rel="help"`,
    );
  });
});

test("two responses to the same refusal differ only in the request id", async () => {
  const [one, other] = [await answerTo("revoked", "request-1"), await answerTo("revoked", "request-2")];
  expect(other).toEqual({ ...one, headers: { ...one.headers, "x-request-id": "request-2" } });
});

test.each([
  "posts:read",
  "posts:write",
  "accounts:read",
  "accounts:write",
  "presets:read",
  "presets:write",
  "webhooks:read",
  "webhooks:write",
] as const)("the challenge names the missing permission: %s", (permission) => {
  const { headers } = refusalResponse({ reason: "missing_permission", permission }, "request-1", null);
  expect(headers.get("WWW-Authenticate")).toBe(
    `Bearer realm="octopost", error="insufficient_scope", scope="${permission}"`,
  );
});

test("isRefusal recognises a refusal by its reason", () => {
  expect(isRefusal({ reason: "revoked" })).toBe(true);
  expect(isRefusal({})).toBe(false);
  expect(isRefusal({ record: {}, lease: {} })).toBe(false);
});

async function answerTo(reason: Reason, requestId = "request-1") {
  const response = refusalResponse({ reason, ...DATA[reason] } as Refusal, requestId, null);
  return {
    status: response.status,
    body: await response.text(),
    headers: Object.fromEntries(response.headers),
  };
}
