/**
 * The fields that the control plane accepts, each with its check and its text for the OpenAPI document; operations
 * compose their inputs from them. No I/O and no clock: a time that must be in the future is checked where the clock
 * is read.
 */
import * as v from "valibot";
import { HEADER_TEXT } from "../http/header-text.ts";
import { ACCOUNT_FORMAT, modeSchema, permissionSchema } from "../keys/key-record.ts";
import { containsKey } from "../keys/key-text.ts";
import { PERMISSIONS } from "../policy.ts";
import { parseIsoTime } from "./iso-time.ts";

export const PAGE_DEFAULT = 50;
export const PAGE_MAX = 200;
export const IMPORT_MAX_KEYS = 1000;
export const OVERLAP_MAX_SECONDS = 2_592_000;

/** Nor a line separator, nor a change of the direction of writing, with which a name looks like another (CVE-2021-42574). */
const CONTROL_CLASS = String.raw`\p{Cc}\u2028\u2029\u202A-\u202E\u2066-\u2069`;
const NO_CONTROL_CHARACTERS = new RegExp(`^[^${CONTROL_CLASS}]*$`, "u");

/** Every such character of a text. */
export const CONTROL_CHARACTERS = new RegExp(`[${CONTROL_CLASS}]`, "gu");

/** Of text that is stored, shown and sent to the receiver of events: a key's text does not belong in it. */
export const noKey = v.check<string, string>((text) => !containsKey(text), "must not contain an API key");

export function plainText(minLength: number, maxLength: number) {
  return v.pipe(
    v.string("must be a string"),
    // SQLite would store half a surrogate pair as another character.
    v.check((text) => text.isWellFormed(), "must be well-formed Unicode"),
    v.trim(),
    v.regex(NO_CONTROL_CHARACTERS, "must not contain control characters"),
    v.check(hasLength(minLength, maxLength), `must have ${minLength} to ${maxLength} characters`),
    noKey,
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

const TIME_MESSAGE = "must be an ISO 8601 time with a zone, such as 2027-01-31T12:00:00Z";

export const time = v.pipe(
  v.string(TIME_MESSAGE),
  v.check((text) => parseIsoTime(text) !== null, TIME_MESSAGE),
  v.transform((text) => new Date(parseIsoTime(text) ?? Number.NaN).toISOString()),
  v.metadata({ format: "date-time" }),
);

export const name = plainText(1, 100);

export const permissions = v.pipe(
  v.array(permissionSchema, `must be a list of: ${Object.keys(PERMISSIONS).join(", ")}`),
  v.check((list) => new Set(list).size === list.length, "must not name a permission twice"),
  v.description("Empty: full access"),
);

/** The fields of a new key, created or imported; those of terms-input.ts come on top. */
export const newKeyFields = {
  name,
  mode: modeSchema,
  permissions: v.optional(permissions, []),
  expires_at: v.optional(v.nullable(time), null),
};

/** Why a key or an account is restricted, for the event log. */
export const reasonInput = v.strictObject({ reason: v.optional(plainText(1, 500)) });

/** In a query a number is its digits; over RPC it is a number. */
export function pageLimit() {
  const message = `must be a whole number from 1 to ${PAGE_MAX}`;
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

/** In a query a number is its digits; over RPC it is a number. */
export const eventNumber = v.pipe(
  v.union([v.pipe(v.number(), v.transform(String)), v.string()], "must be the number of an event"),
  v.regex(/^\d{1,15}$/, "must be the number of an event"),
  v.description("Oldest first, from the event after this number on"),
);

/** The query of an operation without parameters. */
export const NO_PARAMETERS = v.strictObject({});

/** The path's `{account}`. */
export const accountInput = v.pipe(
  v.string("must be a string"),
  v.regex(ACCOUNT_FORMAT, "must be 1 to 64 letters, digits, _ or -"),
  noKey,
);

/** The client's network address, by which guesses are counted. */
export const addressInput = v.string("must be a string");

/** The path's `{id}`. A string of another form is the id of no key. */
export const keyIdInput = v.string("must be a string");

/** The `Octopost-Actor` and `Idempotency-Key` headers. */
export const callerInput = v.strictObject({
  /** Who makes the call, as the caller says; the event log has it beside the credential's name. */
  actor: v.optional(
    v.nullable(
      v.pipe(
        v.string("must be a string"),
        v.regex(HEADER_TEXT, "must be printable ASCII"),
        v.maxLength(100, "must have at most 100 characters"),
        noKey,
      ),
    ),
  ),
  idempotency_key: v.optional(
    v.pipe(
      v.string("must be a string"),
      v.regex(HEADER_TEXT, "must be printable ASCII"),
      v.maxLength(255, "must have at most 255 characters"),
      noKey,
    ),
  ),
});

export type CallerInput = v.InferInput<typeof callerInput>;
