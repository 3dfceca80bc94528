/**
 * Every refusal: reason (for the log) → status, code, public text and headers.
 *
 * The rest of the Worker refuses with data, a `Refusal`; only this file translates it to HTTP. Guarantees that every 401
 * to a request with a credential has the same body and headers, whatever its reason, and that no exception's message
 * reaches a client.
 */

import type { Permission } from "./policy.ts";
import type { Allowance } from "./rate-limits.ts";

export type Refusal =
  | { readonly reason: "key_in_url" | "malformed_path" | "body_on_get" }
  | { readonly reason: "outside_api" | "unknown_route" | "not_found" }
  | { readonly reason: "missing_credential" }
  | { readonly reason: CredentialRefusal }
  | { readonly reason: "missing_permission"; readonly permission: Permission }
  | { readonly reason: "method_not_allowed"; readonly allow: readonly string[] }
  | { readonly reason: "rate_limited"; readonly allowance: Allowance }
  | { readonly reason: "too_many_look_ups" }
  | { readonly reason: "store_unreachable" | "ledger_unreachable" }
  | { readonly reason: "origin_unreachable" | "origin_refused_gateway" | "origin_invalid_response" }
  | { readonly reason: "origin_timeout" | "client_gone" }
  | InvalidSetting
  | { readonly reason: "exception" }
  // Of the control plane and the key page.
  | { readonly reason: "https_required" }
  | ControlRefusal
  | PageRefusal;

/** Of the control plane. */
type ControlRefusal =
  | { readonly reason: "malformed_json" | "wrong_content_type" | "body_too_large" }
  | { readonly reason: "not_a_key" | "nothing_revoked" | "damaged_key_record" }
  | { readonly reason: "conflict"; readonly text: string }
  | { readonly reason: "in_progress" }
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

/** A credential was sent, and it is not good for this request. */
export type CredentialRefusal =
  | "malformed_credential"
  | "malformed_key"
  | "bad_checksum"
  | "unknown_key"
  | "corrupt_record"
  | "revoked"
  | "expired"
  | "not_in_ledger"
  | "refused_by_ledger"
  | "live_only"
  | "wrong_control_token";

export type Reason = Refusal["reason"];

/** No other result has a `reason`. */
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

const REALM = 'Bearer realm="octopost"';

/** The refusal as HTTP. `requestId` leads from a client's report to the log line. */
export function refusalResponse(refusal: Refusal, requestId: string): Response {
  const { status, code, error, details, headers } = publicAnswer(refusal);
  return new Response(JSON.stringify({ error, code, ...(details && { details }) }), {
    status,
    headers: {
      "Content-Type": "application/json",
      "Cache-Control": "no-store",
      "X-Request-Id": requestId,
      ...headers,
    },
  });
}

export function publicAnswer(refusal: Refusal): PublicAnswer {
  switch (refusal.reason) {
    case "key_in_url":
      return badRequest("API keys do not belong in URLs");
    case "malformed_path":
      return badRequest("The request path is malformed");
    case "body_on_get":
      return badRequest("A GET or HEAD request must not have a body");
    case "https_required":
      return badRequest("This endpoint requires HTTPS");
    case "method_not_allowed":
      return badRequest("Method not supported for this endpoint", { Allow: refusal.allow.join(", ") });

    case "missing_credential":
      return unauthorized(REALM);
    case "malformed_credential":
    case "malformed_key":
    case "bad_checksum":
    case "unknown_key":
    case "corrupt_record":
    case "revoked":
    case "expired":
    case "not_in_ledger":
    case "refused_by_ledger":
    case "live_only":
    case "wrong_control_token":
      return unauthorized(`${REALM}, error="invalid_token"`); // RFC 6750 §3.1
    case "missing_permission":
      return forbidden(refusal.permission);

    case "outside_api":
    case "unknown_route":
    case "not_found":
      return { status: 404, code: "not_found", error: "Not found" };
    case "rate_limited":
      return rateLimited(refusal.allowance);
    case "too_many_look_ups":
      return TOO_MANY_LOOK_UPS;

    case "store_unreachable":
    case "ledger_unreachable":
      return UNAVAILABLE;
    case "origin_unreachable":
    case "origin_refused_gateway":
    case "origin_invalid_response":
      return { status: 502, code: "bad_gateway", error: "Bad gateway" };
    case "origin_timeout":
      return { status: 504, code: "gateway_timeout", error: "Gateway timeout" };

    // No client reads it; 499 is the status that proxies log.
    case "client_gone":
      return { status: 499, code: "client_closed_request", error: "Client closed request" };
    case "invalid_setting":
    case "exception":
      return { status: 500, code: "internal_error", error: "Internal error" };
    default:
      return controlAnswer(refusal);
  }
}

function controlAnswer(refusal: ControlRefusal | PageRefusal): PublicAnswer {
  switch (refusal.reason) {
    case "malformed_json":
      return badRequest("The request body is not valid JSON");
    case "body_too_large":
      return { status: 413, code: "payload_too_large", error: "The request body is larger than 1 MiB" };
    case "wrong_content_type":
      return { status: 415, code: "unsupported_media_type", error: NOT_JSON };
    case "invalid_input":
      return { status: 422, code: "validation_error", error: "Validation failed", details: refusal.details };
    case "not_a_key":
      return { status: 404, code: "not_found", error: "Not an API key: its form or its checksum is wrong" };
    case "nothing_revoked":
      return { status: 404, code: "not_found", error: "No such key: nothing was revoked" };
    case "damaged_key_record":
      return { status: 500, code: "internal_error", error: DAMAGED };
    case "conflict":
      return { status: 409, code: "conflict", error: refusal.text };
    case "in_progress":
      return { status: 409, code: "conflict", error: "A request with this Idempotency-Key is in progress" };
    case "unhealthy":
      return { ...UNAVAILABLE, details: refusal.health };
    default:
      return pageAnswer(refusal);
  }
}

const NOT_JSON = "The request body must be application/json";
const DAMAGED = "The stored record of this key is damaged: nothing was revoked";

function pageAnswer(refusal: PageRefusal): PublicAnswer {
  switch (refusal.reason) {
    case "link_used":
      return { status: 410, code: "gone", error: "The link has been used or has expired" };
    case "session_ended":
      return { status: 403, code: "forbidden", error: "The session has ended" };
    case "csrf_failed":
      return { status: 403, code: "forbidden", error: "The form was not sent from this session's page" };
    case "cookies_blocked":
      return { status: 403, code: "forbidden", error: "The session cookie is missing" };
    case "prefetch_refused":
      return { status: 503, code: "service_unavailable", error: "The page cannot be prefetched" };
  }
}

const UNAVAILABLE: PublicAnswer = {
  status: 503,
  code: "service_unavailable",
  error: "Service temporarily unavailable",
  headers: { "Retry-After": "1" },
};

const TOO_MANY_LOOK_UPS: PublicAnswer = {
  status: 429,
  code: "rate_limited",
  error: "Rate limit exceeded. Try again in 60 seconds.",
  headers: { "Retry-After": "60" },
};

/** The body is the documented one; `gateway/rate-limit-headers.ts` adds the other headers. */
function rateLimited({ limit, resetsAt, resetsInSeconds }: Allowance): PublicAnswer {
  return {
    status: 429,
    code: "rate_limited",
    error: `Rate limit exceeded. Try again in ${resetsInSeconds} seconds.`,
    details: {
      limit,
      remaining: 0,
      reset_at: new Date(resetsAt * 1000).toISOString().replace(".000Z", "Z"),
      retry_after: resetsInSeconds,
    },
    headers: { "Retry-After": String(resetsInSeconds) },
  };
}

function badRequest(error: string, headers: Readonly<Record<string, string>> = {}): PublicAnswer {
  return { status: 400, code: "bad_request", error, headers };
}

function unauthorized(challenge: string): PublicAnswer {
  return {
    status: 401,
    code: "unauthorized",
    error: "Invalid or expired API key",
    headers: { "WWW-Authenticate": challenge },
  };
}

/** RFC 6750 §3.1: the challenge names the missing permission. */
function forbidden(permission: Permission): PublicAnswer {
  return {
    status: 403,
    code: "forbidden",
    error: "API key does not have permission for this action",
    headers: { "WWW-Authenticate": `${REALM}, error="insufficient_scope", scope="${permission}"` },
  };
}
