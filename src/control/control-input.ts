/**
 * The fields that the control plane accepts, each with its check and its text for the OpenAPI document; operations
 * compose their inputs from them. No I/O and no clock: a time that must be in the future is checked where the clock
 * is read.
 */
import * as v from "valibot";
import { ACCOUNT_FORMAT, modeSchema, permissionSchema } from "../keys/key-record.ts";
import { PERMISSIONS } from "../policy.ts";

export const PAGE_DEFAULT = 50;
export const PAGE_MAX = 200;
export const IMPORT_MAX_KEYS = 1000;
export const OVERLAP_MAX_SECONDS = 2_592_000;

const NO_CONTROL_CHARACTERS = /^\P{Cc}*$/u;
/** Printable ASCII without a space at either end. */
const HEADER_TEXT = /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/;

export function plainText(minLength: number, maxLength: number) {
  return v.pipe(
    v.string("must be a string"),
    v.trim(),
    v.regex(NO_CONTROL_CHARACTERS, "must not contain control characters"),
    v.check(hasLength(minLength, maxLength), `must have ${minLength} to ${maxLength} characters`),
    v.metadata({ minLength, maxLength }),
  );
}

/** Counts code points, so that an emoji is one character. */
function hasLength(minLength: number, maxLength: number): (text: string) => boolean {
  return (text) => {
    const length = [...text].length;
    return length >= minLength && length <= maxLength;
  };
}

/** ISO 8601 allows days that do not exist and years that this runtime cannot write in four digits. */
function isRepresentable(text: string): boolean {
  const day = text.slice(0, "2026-11-24".length);
  const midnight = Date.parse(`${day}T00:00:00Z`);
  // 30 February is read as 2 March.
  if (Number.isNaN(midnight) || !new Date(midnight).toISOString().startsWith(day)) return false;
  const unixMs = Date.parse(text);
  return unixMs >= Date.parse("0001-01-01T00:00:00Z") && unixMs <= Date.parse("9999-12-31T23:59:59Z");
}

export const time = v.pipe(
  v.string("must be an ISO 8601 time"),
  v.isoTimestamp("must be an ISO 8601 time"),
  v.check(isRepresentable, "must be an ISO 8601 time"),
  v.transform((text) => new Date(text).toISOString()),
);

export const name = plainText(1, 100);

export const permissions = v.pipe(
  v.array(permissionSchema, `must be a list of: ${Object.keys(PERMISSIONS).join(", ")}`),
  v.check((list) => new Set(list).size === list.length, "must not name a permission twice"),
  v.description("None: full access"),
);

/** What a new key is made from, whether it is created or imported. */
export const newKeyFields = {
  name,
  mode: modeSchema,
  permissions: v.optional(permissions, []),
  expires_at: v.optional(v.nullable(time), null),
};

/** In a query a number is its digits; over RPC it is a number. */
export function pageLimit() {
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

/** The path's `{account}`. */
export const accountInput = v.pipe(
  v.string("must be a string"),
  v.regex(ACCOUNT_FORMAT, "must match ^[A-Za-z0-9_-]{1,64}$"),
);

/** The path's `{id}`. A string of another form is the id of no key. */
export const keyIdInput = v.string("must be a string");

/** The `Octopost-Actor` and `Idempotency-Key` headers. */
export const callerInput = v.strictObject({
  /** Who makes the call, for the event log. */
  actor: v.optional(
    v.pipe(
      v.string("must be a string"),
      v.regex(HEADER_TEXT, "must be printable ASCII"),
      v.maxLength(100, "must have at most 100 characters"),
    ),
  ),
  idempotency_key: v.optional(
    v.pipe(
      v.string("must be a string"),
      v.regex(HEADER_TEXT, "must be printable ASCII"),
      v.maxLength(255, "must have at most 255 characters"),
    ),
  ),
});

export type CallerInput = v.InferInput<typeof callerInput>;
