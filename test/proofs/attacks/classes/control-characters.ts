/**
 * Bytes at which one parser ends a text and another does not: NUL, CR, LF, DEL, and non-ASCII bytes.
 */
import { type Attack, harmless, MALFORMED, NOT_FOUND, NOT_HTTP, UNAUTHORIZED } from "../attack.ts";

const NUL = "CVE-2019-9900, Envoy";
const LINE = "CVE-2023-27491, Envoy";
const VALUE = "CVE-2023-27493, Envoy";

const inPath = (name: string, byte: string, outcome: Attack["outcome"] = NOT_HTTP): Attack => ({
  name: `${name} in the path is refused`,
  incident: LINE,
  target: `/v1/posts/x${byte}y`,
  outcome,
});

const inHeader = (name: string, byte: string): Attack => ({
  name: `${name} in a client's header does not reach the origin`,
  incident: NUL,
  headers: [["User-Agent", `x${byte}X-Octopost-Account: forged`]],
  outcome: { statuses: [400] },
});

const inKey = (name: string, byte: string, outcome: Attack["outcome"]): Attack => ({
  name: `${name} after a key does not end it`,
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
  inPath("an overlong UTF-8 slash", "\xc0\xaf..\xc0\xafaccounts"),
  inPath("a byte that is not UTF-8", "\xff"),
  inPath("a space", " "),
  inPath("an encoded NUL", "%00", MALFORMED),
  inPath("an encoded line end", "%0d%0aX-Octopost-Account:%20forged", MALFORMED),
  inPath("an encoded full-width slash", "%EF%BC%8F", MALFORMED),
  {
    name: "a letter that case-folds to s is not s",
    incident: "RFC 3987, section 5.3",
    target: "/v1/po%C5%BFts",
    outcome: MALFORMED,
  },
  {
    name: "a Unicode two-dot leader is not a dot segment",
    incident: "RFC 3987, section 5.3",
    target: "/v1/x/%E2%80%A5/posts",
    outcome: MALFORMED,
  },
  {
    name: "an encoded line end in the query adds no header",
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
    name: "a NUL in a header name is refused",
    incident: NUL,
    bytes: "GET /v1/posts HTTP/1.1\r\nHost: {host}\r\nAuthorization\0: Bearer {full}\r\n\r\n",
    outcome: { statuses: [400] },
  },
  {
    name: "a header without a name is refused",
    incident: LINE,
    bytes: "GET /v1/posts HTTP/1.1\r\nHost: {host}\r\n: forged\r\nAuthorization: Bearer {full}\r\n\r\n",
    outcome: { statuses: [400] },
  },
  {
    name: "a request line without a version is refused",
    incident: LINE,
    bytes: "GET /v1/posts\r\nHost: {host}\r\nAuthorization: Bearer {full}\r\n\r\n",
    outcome: { statuses: [400] },
  },
  {
    name: "a request line with two targets is refused",
    incident: LINE,
    bytes: "GET /v1/posts /v1/accounts HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {full}\r\n\r\n",
    outcome: { statuses: [400] },
  },
  {
    name: "non-ASCII bytes in a header pass and split nothing",
    incident: VALUE,
    headers: [["Idempotency-Key", "\xe4\xf6\x8a"]],
    outcome: harmless("GET /v1/posts"),
  },
  {
    name: "a terminal escape in an unknown path is not echoed",
    incident: "CVE-2024-45808, Envoy",
    target: "/%1b%5b31m%0aforged",
    outcome: NOT_FOUND,
  },
];
