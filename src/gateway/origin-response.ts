/**
 * What the gateway reads of the origin's response: its framing, its media type, and the headers that must be changed.
 * Read in one pass, since every header that is read costs a call into the platform.
 *
 * Guarantees that a response that HTTP does not allow is refused before any of it is used. It does not check what
 * concerns only client and origin, such as a 206 without a range.
 */
import type { Refusal } from "../refusals.ts";
import { namesIn } from "./origin-request.ts";
import type { PublicAddress } from "./public-address.ts";
import { RESPONSE_HEADER_POLICY } from "./response-header-policy.ts";

/** Media types whose bodies have no expected end: a client waits for each piece. */
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

/** Statuses that concern the gateway's own credential, connection or protocol. */
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
  /** All cookies, without those that a replacement would damage; null: none has to be replaced. */
  readonly cookies: readonly string[] | null;
}

/** A refusal: the response is meant for the gateway, or HTTP does not allow it. */
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

/** RFC 9110 §15: statuses are 100 to 599; §15.3.5, §15.3.6, §8.6 and RFC 9112 §6.1: a response without content announces none. */
function isAllowed(status: number, { contentLength, transferEncoding }: Framing): boolean {
  if (status < 200 || status > 599) return false;
  // Any other coding would be removed, or would not reach the client (RFC 9112 §6.1, §7).
  if (transferEncoding !== null && transferEncoding.toLowerCase() !== "chunked") return false;
  if (status === 204 && transferEncoding !== null) return false;
  // The platform checks the length only where there is content, which HEAD and 304 do not have. Chunks override it.
  if (contentLength !== null && transferEncoding === null && !isLength(contentLength)) return false;
  const announcesContent = contentLength !== null && !/^0+$/.test(contentLength);
  return !((status === 204 || status === 205) && announcesContent);
}

/** One number, which may be repeated (RFC 9110 §8.6). */
function isLength(contentLength: string): boolean {
  return /^(\d+)(?:[\t ]*,[\t ]*\1)*$/.test(contentLength);
}

/** Chunks override a length that is announced with them (RFC 9112 §6.3). */
function lengthOf({ contentLength, transferEncoding }: Framing): number | null {
  if (transferEncoding !== null || contentLength === null || !/^\d+$/.test(contentLength)) return null;
  const length = Number(contentLength);
  return Number.isSafeInteger(length) ? length : null;
}
