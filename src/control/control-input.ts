/**
 * What the control plane accepts: one schema per input, from which come the checks, the types and the OpenAPI
 * document. No I/O and no clock: a time that must lie ahead is checked where the clock is read.
 */
import * as v from "valibot";
import { tierSchema } from "../keys/api-key.ts";
import { ACCOUNT_FORMAT, modeSchema, permissionSchema } from "../keys/key-record.ts";
import { PERMISSIONS } from "../policy.ts";

export const PAGE_DEFAULT = 50;
export const PAGE_MAX = 200;
export const IMPORT_MAX_KEYS = 1000;
export const OVERLAP_MAX_SECONDS = 2_592_000;
/** One day: time to deploy the new key, short enough that a leaked old one does not linger. */
export const OVERLAP_DEFAULT_SECONDS = 86_400;

const NO_CONTROL_CHARACTERS = /^\P{Cc}*$/u;

function plainText(least: number, most: number) {
  return v.pipe(
    v.string("must be a text"),
    v.trim(),
    v.regex(NO_CONTROL_CHARACTERS, "must not contain control characters"),
    v.check(hasLength(least, most), `must have ${least} to ${most} characters`),
    v.metadata({ minLength: least, maxLength: most }),
  );
}

/** Counted as people count: an emoji is one character. */
function hasLength(least: number, most: number): (text: string) => boolean {
  return (text) => {
    const length = [...text].length;
    return length >= least && length <= most;
  };
}

/** What the standard allows and this runtime cannot tell, or what would not fit four digits of a year, is no time. */
function isTellable(text: string): boolean {
  const day = text.slice(0, "2026-11-24".length);
  const midnight = Date.parse(`${day}T00:00:00Z`);
  // 30 February is read as 2 March.
  if (Number.isNaN(midnight) || !new Date(midnight).toISOString().startsWith(day)) return false;
  const unixMs = Date.parse(text);
  return unixMs >= Date.parse("0001-01-01T00:00:00Z") && unixMs <= Date.parse("9999-12-31T23:59:59Z");
}

const time = v.pipe(
  v.string("must be an ISO 8601 time"),
  v.isoTimestamp("must be an ISO 8601 time"),
  v.check(isTellable, "must be an ISO 8601 time"),
  v.transform((text) => new Date(text).toISOString()),
);

const name = plainText(1, 100);

const permissions = v.pipe(
  v.array(permissionSchema, `must be a list of: ${Object.keys(PERMISSIONS).join(", ")}`),
  v.check((list) => new Set(list).size === list.length, "must not name a permission twice"),
  v.description("None: full access"),
);

export const newKeyInput = v.strictObject({
  name,
  mode: modeSchema,
  permissions: v.optional(permissions, []),
  expires_at: v.optional(v.nullable(time), null),
});

export const changeInput = v.pipe(
  v.strictObject({
    name: v.optional(name),
    revokes_at: v.optional(
      v.pipe(v.nullable(time), v.description("Moves a scheduled revocation; null takes it back")),
    ),
  }),
  v.check((change) => Object.keys(change).length > 0, "must change something"),
);

export const revocationInput = v.strictObject({ reason: v.optional(plainText(1, 500)) });

export const rotationInput = v.strictObject({
  overlap_seconds: v.optional(
    v.pipe(
      v.number("must be a number of seconds"),
      v.integer("must be a whole number of seconds"),
      v.minValue(0, "must be at least 0"),
      v.maxValue(OVERLAP_MAX_SECONDS, `must be at most ${OVERLAP_MAX_SECONDS}`),
      v.description("How long the old key keeps working; 0 revokes it at once"),
    ),
    OVERLAP_DEFAULT_SECONDS,
  ),
});

export const revokeAllInput = v.strictObject({
  mode: v.optional(modeSchema),
  created_before: v.optional(time),
});

/** Each row is checked by itself, so that one bad row gets its own verdict. */
export const importInput = v.strictObject({
  keys: v.pipe(
    v.array(v.unknown(), "must be a list"),
    v.minLength(1, "must have at least 1 row"),
    v.maxLength(IMPORT_MAX_KEYS, `must have at most ${IMPORT_MAX_KEYS} rows`),
  ),
});

export const importRowInput = v.strictObject({
  sha256: v.pipe(
    v.string("must be the SHA-256 of the key, as hex or base64"),
    v.regex(
      /^(?:[0-9a-fA-F]{64}|[A-Za-z0-9+/_-]{43}=?)$/,
      "must be the SHA-256 of the key, as hex or base64",
    ),
    v.transform(hexDigits),
    v.description("SHA-256 of the key, as hex or base64"),
  ),
  name,
  mode: modeSchema,
  permissions: v.optional(permissions, []),
  created_at: v.optional(v.nullable(time), null),
  expires_at: v.optional(v.nullable(time), null),
});

/** For the OpenAPI document: the same with the rows' schema in place. */
export const importBodyShown = v.strictObject({
  keys: v.pipe(v.array(importRowInput), v.minLength(1), v.maxLength(IMPORT_MAX_KEYS)),
});

export const tierInput = v.strictObject({ tier: tierSchema });

export const possessionInput = v.strictObject({
  secret: v.pipe(
    v.string("must be a text"),
    v.minLength(1, "must not be empty"),
    v.maxLength(1000, "is too long"),
  ),
});

export const keyListQuery = v.strictObject({
  include: v.optional(v.picklist(["revoked"], 'must be "revoked"')),
  limit: pageLimit(),
  cursor: v.optional(v.string("must be a text")),
});

export const eventListQuery = v.strictObject({
  limit: pageLimit(),
  cursor: v.optional(v.string("must be a text")),
});

export const rebuildInput = v.strictObject({
  limit: pageLimit(),
  cursor: v.optional(v.string("must be a text")),
});

export const accountInput = v.pipe(
  v.string("must be a text"),
  v.regex(ACCOUNT_FORMAT, "must match ^[A-Za-z0-9_-]{1,64}$"),
);

const HEADER_TEXT = /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/;

export const callerInput = v.strictObject({
  /** Who asks, for the events: the `Octopost-Actor` header. */
  actor: v.optional(
    v.pipe(
      v.string("must be a text"),
      v.regex(HEADER_TEXT, "must be printable ASCII"),
      v.maxLength(100, "must have at most 100 characters"),
    ),
    "control_token",
  ),
  /** The `Idempotency-Key` header. */
  idempotency_key: v.optional(
    v.pipe(
      v.string("must be a text"),
      v.regex(HEADER_TEXT, "must be printable ASCII"),
      v.maxLength(255, "must have at most 255 characters"),
    ),
  ),
});

export type CallerInput = v.InferInput<typeof callerInput>;

/** In a query a number is its digits; over RPC it is a number. */
function pageLimit() {
  const message = `must be 1 to ${PAGE_MAX}`;
  return v.optional(
    v.pipe(
      v.union([v.number(), v.pipe(v.string(), v.regex(/^\d{1,3}$/), v.transform(Number))], message),
      v.integer(message),
      v.minValue(1, message),
      v.maxValue(PAGE_MAX, message),
    ),
    PAGE_DEFAULT,
  );
}

function hexDigits(sha256: string): string {
  if (sha256.length === 64) return sha256.toLowerCase();
  const bytes = Uint8Array.from(atob(sha256.replaceAll("-", "+").replaceAll("_", "/")), (c) =>
    c.charCodeAt(0),
  );
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
