/**
 * The origin's response as far as the gateway must understand it: its framing, its media type, and which of its
 * headers need a hand. Read in one pass, since every header that is read costs a call into the platform.
 *
 * Guarantees that a response which HTTP does not allow is found before anything is made of it. It does not judge what
 * is between client and origin alone, such as a 206 without a range.
 */
import type { Refusal } from "../refusals.ts";
import { namesIn } from "./origin-request.ts";
import type { PublicAddress } from "./public-address.ts";
import { RESPONSE_HEADER_POLICY } from "./response-header-policy.ts";

/** Media types whose bodies are sent piece by piece for as long as they like; a client waits for each piece. */
const STREAM_TYPES: ReadonlySet<string> = new Set([
  "text/event-stream",
  "application/x-ndjson",
  "application/ndjson",
  "application/jsonl",
  "application/x-jsonlines",
  "application/json-seq",
  "application/stream+json",
  "application/x-json-stream",
  "application/grpc",
  "application/grpc-web",
  "multipart/x-mixed-replace",
]);

/** What the platform reads in place of a byte that is not UTF-8; a value with it cannot be written as it came. */
const LOST_BYTE = "\uFFFD";

/** Statuses with which an origin speaks to the gateway alone: of its credential, its connection or its protocol. */
const MEANT_FOR_THE_GATEWAY: ReadonlySet<number> = new Set([401, 407, 421, 426]);

export interface OriginResponse {
  readonly response: Response;
  /** Null: not announced, in chunks, or beyond what a number can say. */
  readonly length: number | null;
  readonly isStream: boolean;
  readonly cacheControl: string;
  /** Lower-case names that must not pass. */
  readonly dropped: readonly string[];
  /** Headers with another value than the origin's. */
  readonly replaced: readonly (readonly [name: string, value: string])[];
  /** All cookies, if one of them was replaced, but for those that replacing would damage. */
  readonly cookies: readonly string[] | null;
}

/** A refusal: the response is meant for the gateway, or is none that HTTP allows. */
export function readOriginResponse(response: Response, address: PublicAddress): OriginResponse | Refusal {
  const { status, headers } = response;
  if (MEANT_FOR_THE_GATEWAY.has(status)) return { reason: "origin_refused_gateway" };

  const framing: Framing = { contentLength: null, transferEncoding: null };
  // An assignment in a callback is none to TypeScript's narrowing.
  let connection = null as string | null;
  let contentType = "";
  let cacheControl = "";
  let isCookieReplaced = false;
  const dropped: string[] = [];
  const replaced: [string, string][] = [];
  const cookies: string[] = [];
  headers.forEach((value, name) => {
    if (name === "content-length") framing.contentLength = value;
    if (name === "transfer-encoding") framing.transferEncoding = value;
    if (name === "connection") connection = value;
    if (name === "content-type") contentType = value;
    if (name === "cache-control") cacheControl = value;
    const translated = address.translate(value, RESPONSE_HEADER_POLICY.get(name));
    if (name === "set-cookie") {
      if (!value.includes(LOST_BYTE)) cookies.push(translated ?? value);
      isCookieReplaced ||= translated !== value;
    } else if (translated === null || (translated !== value && value.includes(LOST_BYTE))) dropped.push(name);
    else if (translated !== value) replaced.push([name, translated]);
  });
  if (!isAllowed(status, framing)) return { reason: "origin_invalid_response" };

  const length = lengthOf(framing);
  if (length === null) dropped.push("content-length");
  for (const name of namesIn(connection)) if (!dropped.includes(name)) dropped.push(name);
  const isStream = STREAM_TYPES.has((contentType.split(";", 1)[0] ?? "").trim().toLowerCase());
  return {
    response,
    length,
    isStream,
    cacheControl,
    dropped,
    replaced,
    cookies: isCookieReplaced ? cookies : null,
  };
}

interface Framing {
  contentLength: string | null;
  transferEncoding: string | null;
}

/** RFC 9110 §15: statuses are 100 to 599; §15.3.5, §15.3.6, §8.6 and RFC 9112 §6.1: what has no content announces none. */
function isAllowed(status: number, { contentLength, transferEncoding }: Framing): boolean {
  if (status < 200 || status > 599) return false;
  // Any other coding would reach the client undone or not at all (RFC 9112 §6.1, §7).
  if (transferEncoding !== null && transferEncoding.toLowerCase() !== "chunked") return false;
  if (status === 204 && transferEncoding !== null) return false;
  // The platform looks at the length of content alone, of which HEAD and 304 have none. Chunks overrule it.
  if (contentLength !== null && transferEncoding === null && !isLength(contentLength)) return false;
  const announcesContent = contentLength !== null && !/^0+$/.test(contentLength);
  return !((status === 204 || status === 205) && announcesContent);
}

/** One number, which may be said several times (RFC 9110 §8.6). */
function isLength(contentLength: string): boolean {
  return /^(\d+)(?:[\t ]*,[\t ]*\1)*$/.test(contentLength);
}

/** Chunks overrule a length that is announced beside them (RFC 9112 §6.3). */
function lengthOf({ contentLength, transferEncoding }: Framing): number | null {
  if (transferEncoding !== null || contentLength === null || !/^\d+$/.test(contentLength)) return null;
  const length = Number(contentLength);
  return Number.isSafeInteger(length) ? length : null;
}
