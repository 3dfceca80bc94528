/**
 * Bytes that end a text for one reader and not for another: NUL, CR, LF, DEL, and what is not ASCII.
 */
import { type Attack, harmless, MALFORMED, NOT_FOUND, NOT_HTTP, UNAUTHORIZED } from "../attack.ts";

const NUL = "CVE-2019-9900, Envoy";
const LINE = "CVE-2023-27491, Envoy";
const VALUE = "CVE-2023-27493, Envoy";

const inPath = (name: string, byte: string, outcome: Attack["outcome"] = NOT_HTTP): Attack => ({
  name: `${name} in the path is no path`,
  incident: LINE,
  target: `/v1/posts/x${byte}y`,
  outcome,
});

const inHeader = (name: string, byte: string): Attack => ({
  name: `${name} in a header of a client's does not reach the origin`,
  incident: NUL,
  headers: [["User-Agent", `x${byte}X-Octopost-Account: forged`]],
  outcome: { statuses: [400] },
});

const inKey = (name: string, byte: string, outcome: Attack["outcome"]): Attack => ({
  name: `${name} behind a key is no end of it`,
  incident: NUL,
  key: null,
  headers: [["Authorization", `Bearer {full}${byte}x`]],
  outcome,
});

export const CONTROL_CHARACTERS: readonly Attack[] = [
  inPath("a NUL", "\0"),
  inPath("a carriage return", "\r"),
  inPath("a tab", "\t"),
  inPath("a DEL", "\x7f"),
  inPath("an escape", "\x1b[31m"),
  inPath("UTF-8", "\xc3\xa9"),
  inPath("an over-long slash", "\xc0\xaf..\xc0\xafaccounts"),
  inPath("a byte that is no text", "\xff"),
  inPath("a space", " "),
  inPath("an encoded NUL", "%00", MALFORMED),
  inPath("an encoded line end", "%0d%0aX-Octopost-Account:%20forged", MALFORMED),
  inPath("an encoded letter of another alphabet", "%EF%BC%8F", MALFORMED),
  {
    name: "a letter that folds to another is not that letter",
    incident: "RFC 3987, section 5.3",
    target: "/v1/po%C5%BFts",
    outcome: MALFORMED,
  },
  {
    name: "a dot in another script is no dot",
    incident: "RFC 3987, section 5.3",
    target: "/v1/x/%E2%80%A5/posts",
    outcome: MALFORMED,
  },
  {
    name: "a line end in the query is the query's text, not a header",
    incident: VALUE,
    target: "/v1/posts?a=%0d%0aX-Octopost-Account:%20x",
    outcome: harmless("GET /v1/posts?a=%0d%0aX-Octopost-Account:%20x"),
  },
  inHeader("a NUL", "\0"),
  inHeader("a carriage return", "\r"),
  inKey("a NUL", "\0", { statuses: [400] }),
  inKey("a carriage return", "\r", { statuses: [400] }),
  inKey("a DEL", "\x7f", UNAUTHORIZED),
  inKey("a byte that is not ASCII", "\xe9", UNAUTHORIZED),
  {
    name: "a NUL in a header's name is no header",
    incident: NUL,
    bytes: "GET /v1/posts HTTP/1.1\r\nHost: {host}\r\nAuthorization\0: Bearer {full}\r\n\r\n",
    outcome: { statuses: [400] },
  },
  {
    name: "a header without a name is no header",
    incident: LINE,
    bytes: "GET /v1/posts HTTP/1.1\r\nHost: {host}\r\n: forged\r\nAuthorization: Bearer {full}\r\n\r\n",
    outcome: { statuses: [400] },
  },
  {
    name: "a request line of two words is no request",
    incident: LINE,
    bytes: "GET /v1/posts\r\nHost: {host}\r\nAuthorization: Bearer {full}\r\n\r\n",
    outcome: { statuses: [400] },
  },
  {
    name: "a request line with a second target is no request",
    incident: LINE,
    bytes: "GET /v1/posts /v1/accounts HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {full}\r\n\r\n",
    outcome: { statuses: [400] },
  },
  {
    name: "bytes that are not ASCII in a header pass as the text they are, and split nothing",
    incident: VALUE,
    headers: [["Idempotency-Key", "\xe4\xf6\x8a"]],
    outcome: harmless("GET /v1/posts"),
  },
  {
    name: "a path out of the API with an escape in it is not echoed",
    incident: "CVE-2024-45808, Envoy",
    target: "/%1b%5b31m%0aforged",
    outcome: NOT_FOUND,
  },
];
