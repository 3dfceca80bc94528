/**
 * Every refusal: reason (for the log) → status, code, public text and headers.
 *
 * The rest of the Worker refuses with data, a `Refusal`; only this file translates it to HTTP. Guarantees that every
 * 401 for a bad credential has the same body and headers, whatever its reason, and that no exception's message reaches
 * a client. A 401 gives hints only about what the client knows: a missing header, a scheme other than Bearer, a valid
 * test key where a live key is needed.
 */

import type { Right } from "./control-credentials.ts";
import type { Permission } from "./policy.ts";
import type { Allowance } from "./rate-limits.ts";

export type Refusal =
  | { readonly reason: "malformed_path"; readonly details: Readonly<Record<string, string>> }
  | { readonly reason: "key_in_url" | "body_on_get" }
  | { readonly reason: "outside_api" | "unknown_route" | "not_found" }
  | { readonly reason: "missing_credential" | CredentialRefusal | "live_only" }
  | { readonly reason: "malformed_credential"; readonly scheme?: "other" }
  | { readonly reason: "missing_permission"; readonly permission: Permission }
  | { readonly reason: "address_not_allowed" }
  | { readonly reason: "method_not_allowed"; readonly allow: readonly string[] }
  | { readonly reason: "rate_limited"; readonly allowance: Allowance }
  | { readonly reason: "too_many_lookups" | "store_unreachable" | "ledger_unreachable" }
  | { readonly reason: "origin_unreachable" | "origin_timeout" }
  | { readonly reason: "origin_refused_gateway" | "origin_invalid_response" }
  | { readonly reason: "client_gone" | "exception" | "bad_signature" | "scanning_keys_unreachable" }
  | InvalidSetting
  | { readonly reason: "https_required" }
  | ControlRefusal
  | PageRefusal;

/** Of the control plane. */
type ControlRefusal =
  | { readonly reason: "malformed_json" | "wrong_content_type" | "body_too_large" }
  | { readonly reason: "missing_right"; readonly right: Right }
  | { readonly reason: "not_a_key" | "nothing_revoked" | "damaged_key_record" | "in_progress" }
  | { readonly reason: "conflict"; readonly text: string }
  | { readonly reason: "too_many_new_keys"; readonly retryAfterSeconds: number }
  | { readonly reason: "secret_withheld"; readonly keyId: string }
  | { readonly reason: "unhealthy"; readonly health: Record<string, string | number | null> }
  | { readonly reason: "invalid_input"; readonly details: Record<string, string> };

/** Of the key page. */
export type PageRefusal =
  | { readonly reason: "link_used" | "csrf_failed" | "cookies_blocked" | "prefetch_refused" }
  | { readonly reason: "session_ended"; readonly returnUrl: string | null };

/** A setting is missing or malformed, so that no request is served. */
export interface InvalidSetting {
  readonly reason: "invalid_setting";
  readonly setting: string;
}

/** A credential was sent, and it is not valid. */
type CredentialRefusal =
  | "malformed_key"
  | "bad_checksum"
  | "unknown_key"
  | "corrupt_record"
  | "revoked"
  | "expired"
  | "suspended"
  | "not_in_ledger"
  | "refused_by_ledger"
  | "wrong_control_token";

export type Reason = Refusal["reason"];

/** Whether a step refused: no other result has a `reason`. */
export function isRefusal<R extends Refusal>(result: R | object): result is R {
  return "reason" in result;
}

export interface PublicAnswer {
  readonly status: number;
  readonly code: string;
  readonly error: string;
  readonly details?: Record<string, string | number | null>;
  readonly headers?: Readonly<Record<string, string>>;
}

/** RFC 6750 §3. */
const REALM = 'Bearer realm="octopost"';
const INVALID_TOKEN = `${REALM}, error="invalid_token"`;

function describe(challenge: string, description: string): string {
  return `${challenge}, error_description="${description}"`;
}

/**
 * The refusal as HTTP. `requestId` leads from a client's report to the log line; `docsUrl` is `DOCS_URL`, null if it is
 * not set.
 */
export function refusalResponse(refusal: Refusal, requestId: string, docsUrl: string | null): Response {
  const answer = publicAnswer(refusal);
  const { status, code, error, details, headers } = answer;
  return new Response(JSON.stringify({ error, code, ...(details && { details }) }), {
    status,
    headers: {
      "Content-Type": "application/json",
      "Cache-Control": "no-store",
      "X-Request-Id": requestId,
      ...headers,
      ...helpLink(answer, docsUrl),
    },
  });
}

/** The header that links to the documentation of the code (RFC 8288); empty without `DOCS_URL`. */
export function helpLink({ code }: PublicAnswer, docsUrl: string | null): Record<string, string> {
  return docsUrl === null ? {} : { Link: `<${docsUrl}#${code}>; rel="help"` };
}

/** The status, code, text and headers of the refusal. */
export function publicAnswer(refusal: Refusal): PublicAnswer {
  switch (refusal.reason) {
    case "malformed_path":
      return { ...badRequest("The request path is malformed"), details: refusal.details };
    case "method_not_allowed":
      return badRequest("Method not supported for this endpoint", { Allow: refusal.allow.join(", ") });
    case "malformed_credential":
      return refusal.scheme === "other" ? OTHER_SCHEME : BAD_CREDENTIAL;
    case "missing_permission":
      return forbidden("API key does not have permission for this action", "permission", refusal.permission);
    case "missing_right":
      return forbidden("The credential does not have this right", "right", refusal.right);
    case "rate_limited":
      return rateLimited(refusal.allowance);
    case "too_many_new_keys":
      return tooMany("Too many new keys in this account", refusal.retryAfterSeconds);
    case "conflict":
      return plainAnswer(409, "conflict", refusal.text);
    case "secret_withheld":
      return plainAnswer(409, "conflict", secretWithheld(refusal.keyId));
    case "invalid_input":
      return { status: 422, code: "validation_error", error: "Validation failed", details: refusal.details };
    case "unhealthy":
      return { ...UNAVAILABLE, details: refusal.health };
    default:
      return CONSTANT_ANSWERS[refusal.reason];
  }
}

function secretWithheld(keyId: string): string {
  return `This call was carried out before and issued ${keyId}. Its secret is given for 10 minutes, to the same credential`;
}

/** The body is the documented one; `gateway/rate-limit-headers.ts` adds the other headers. */
function rateLimited({ limit, remaining, resetsAt, retryInSeconds }: Allowance): PublicAnswer {
  const reset_at = new Date(resetsAt * 1000).toISOString().replace(".000Z", "Z");
  const details = { limit, remaining, reset_at, retry_after: retryInSeconds };
  return { ...tooMany("Rate limit exceeded", retryInSeconds), details };
}

function tooMany(error: string, seconds: number): PublicAnswer {
  return {
    ...plainAnswer(429, "rate_limited", `${error}. Try again in ${seconds} seconds.`),
    headers: { "Retry-After": String(seconds) },
  };
}

function plainAnswer(status: number, code: string, error: string): PublicAnswer {
  return { status, code, error };
}

function badRequest(error: string, headers: Readonly<Record<string, string>> = {}): PublicAnswer {
  return { status: 400, code: "bad_request", error, headers };
}

function unauthorized(challenge: string): PublicAnswer {
  return {
    ...plainAnswer(401, "unauthorized", "Invalid or expired API key"),
    headers: { "WWW-Authenticate": challenge },
  };
}

/** RFC 6750 §3.1: the challenge names the missing permission or right. */
function forbidden(error: string, what: string, scope: Permission | Right): PublicAnswer {
  return {
    ...plainAnswer(403, "forbidden", error),
    details: { [`required_${what}`]: scope },
    headers: { "WWW-Authenticate": `${REALM}, error="insufficient_scope", scope="${scope}"` },
  };
}

const BAD_CREDENTIAL = unauthorized(INVALID_TOKEN);
const OTHER_SCHEME = unauthorized(
  describe(INVALID_TOKEN, "Use the Bearer scheme: Authorization: Bearer <key>"),
);
const NOT_FOUND = plainAnswer(404, "not_found", "Not found");
const INTERNAL_ERROR = plainAnswer(500, "internal_error", "Internal error");
const BAD_GATEWAY = plainAnswer(502, "bad_gateway", "Bad gateway");
const UNAVAILABLE: PublicAnswer = {
  ...plainAnswer(503, "service_unavailable", "Service temporarily unavailable"),
  headers: { "Retry-After": "1" },
};

/** The answers to refusals without data. A new reason does not compile without its answer. */
const CONSTANT_ANSWERS = {
  key_in_url: badRequest("API keys do not belong in URLs"),
  body_on_get: badRequest("A GET or HEAD request must not have a body"),
  https_required: badRequest("This endpoint requires HTTPS"),
  malformed_json: badRequest("The request body is not valid JSON"),
  missing_credential: unauthorized(
    describe(REALM, "Send your key in the header Authorization: Bearer <key>"),
  ),
  malformed_key: BAD_CREDENTIAL,
  bad_checksum: BAD_CREDENTIAL,
  unknown_key: BAD_CREDENTIAL,
  corrupt_record: BAD_CREDENTIAL,
  revoked: BAD_CREDENTIAL,
  expired: BAD_CREDENTIAL,
  suspended: BAD_CREDENTIAL,
  not_in_ledger: BAD_CREDENTIAL,
  refused_by_ledger: BAD_CREDENTIAL,
  wrong_control_token: BAD_CREDENTIAL,
  live_only: unauthorized(describe(INVALID_TOKEN, "This endpoint needs a live key")),
  bad_signature: plainAnswer(403, "forbidden", "The signature does not match the body"),
  address_not_allowed: plainAnswer(403, "forbidden", "API key may not be used from this IP address"),
  session_ended: plainAnswer(403, "forbidden", "The session has ended"),
  csrf_failed: plainAnswer(403, "forbidden", "The form was not sent from this session's page"),
  cookies_blocked: plainAnswer(403, "forbidden", "The session cookie is missing"),
  outside_api: NOT_FOUND,
  unknown_route: NOT_FOUND,
  not_found: NOT_FOUND,
  not_a_key: { ...NOT_FOUND, error: "Not an API key: its form or its checksum is wrong" },
  nothing_revoked: { ...NOT_FOUND, error: "No such key: nothing was revoked" },
  in_progress: plainAnswer(409, "conflict", "A request with this Idempotency-Key is in progress"),
  link_used: plainAnswer(410, "gone", "The link has been used or has expired"),
  body_too_large: plainAnswer(413, "payload_too_large", "The request body is larger than 1 MiB"),
  wrong_content_type: plainAnswer(415, "unsupported_media_type", "The request body must be application/json"),
  too_many_lookups: tooMany("Rate limit exceeded", 60),
  // No client reads it; 499 is the status that proxies log.
  client_gone: plainAnswer(499, "client_closed_request", "Client closed request"),
  invalid_setting: INTERNAL_ERROR,
  exception: INTERNAL_ERROR,
  damaged_key_record: {
    ...INTERNAL_ERROR,
    error: "The stored record of this key is damaged: nothing was revoked",
  },
  origin_unreachable: BAD_GATEWAY,
  origin_refused_gateway: BAD_GATEWAY,
  origin_invalid_response: BAD_GATEWAY,
  store_unreachable: UNAVAILABLE,
  ledger_unreachable: UNAVAILABLE,
  scanning_keys_unreachable: UNAVAILABLE,
  prefetch_refused: plainAnswer(503, "service_unavailable", "The page cannot be prefetched"),
  origin_timeout: plainAnswer(504, "gateway_timeout", "Gateway timeout"),
} as const satisfies Record<string, PublicAnswer>;
