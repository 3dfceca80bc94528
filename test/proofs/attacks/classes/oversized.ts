/**
 * Oversized requests: lines, headers, values, lists, queries, bodies.
 *
 * Each is refused or forwarded, never a 500, and a refused one costs the origins nothing.
 */
import { type Attack, harmless, MALFORMED, UNAUTHORIZED } from "../attack.ts";

const HEADERS = "CVE-2019-15226, Envoy";
const COOKIES = "CVE-2026-47774, Envoy";
const CHUNKS = "CVE-2024-21647, Puma";

/** Above the limit. Only the beginning is sent: a connection reset with much unread data can lose the response. */
const TOO_LONG = ["Content-Length", "1060000"] as const;

const numbered = (count: number, line: (i: number) => string): string =>
  Array.from({ length: count }, (_, i) => line(i)).join("");

const withHeaders = (headers: string): string =>
  `GET /v1/posts HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {full}\r\n${headers}\r\n`;

export const OVERSIZED: readonly Attack[] = [
  {
    name: "a thousand small headers do not reach the origin",
    incident: HEADERS,
    bytes: withHeaders(numbered(1000, (i) => `x-${i}: forged\r\n`)),
    outcome: harmless("GET /v1/posts", { "x-999": null }),
  },
  {
    name: "a thousand cookies do not reach the origin",
    incident: COOKIES,
    bytes: withHeaders(numbered(1000, (i) => `Cookie: c${i}=forged\r\n`)),
    outcome: harmless("GET /v1/posts", { Cookie: null }),
  },
  {
    name: "headers above the platform's limit are refused",
    incident: HEADERS,
    bytes: withHeaders(numbered(60_000, (i) => `x-${i}: forged\r\n`)),
    outcome: { statuses: [431] },
  },
  {
    name: "a credential of 32 KiB gets 401",
    incident: HEADERS,
    key: null,
    headers: [["Authorization", `Bearer oct_live_${"x".repeat(32_768)}`]],
    outcome: UNAUTHORIZED,
  },
  {
    name: "32 KiB of spaces before an invalid key get 401",
    incident: HEADERS,
    key: null,
    headers: [["Authorization", `Bearer ${" ".repeat(32_768)}x y`]],
    outcome: UNAUTHORIZED,
  },
  {
    name: "a Connection that names ten thousand headers removes no header of the gateway",
    incident: "CVE-2025-48865, Fabio",
    headers: [["Connection", numbered(10_000, (i) => `x${i},`)]],
    outcome: harmless("GET /v1/posts", { "X-Octopost-Key-Id": "{full.id}" }),
  },
  {
    name: "a path of 32 KiB is refused",
    incident: HEADERS,
    target: `/v1/${"a/".repeat(16_384)}`,
    outcome: MALFORMED,
  },
  {
    name: "a path of a thousand dot segments is judged resolved",
    incident: "CVE-2019-9901, Envoy",
    key: "posts",
    target: `/v1/${"x/../".repeat(1000)}accounts`,
    outcome: { statuses: [403], code: "forbidden" },
  },
  {
    name: "a query above the origin's limit gets the origin's refusal",
    incident: HEADERS,
    target: `/v1/posts?${"k=v&".repeat(8192)}`,
    outcome: { statuses: [431] },
  },
  {
    name: "a Content-Length above 2^64 is refused",
    incident: "CVE-2022-24790, Puma",
    bytes:
      "POST /v1/posts HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {full}\r\n" +
      "Content-Length: 18446744073709551617\r\n\r\nx",
    outcome: { statuses: [400] },
  },
  {
    name: "a chunk extension of 64 KiB ends its request",
    incident: CHUNKS,
    bytes:
      "POST /v1/posts HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {full}\r\nTransfer-Encoding: chunked\r\n\r\n" +
      `3;x=${"y".repeat(65_536)}\r\nabc\r\n0\r\n\r\n`,
    outcome: { statuses: [502], code: "bad_gateway" },
  },
  {
    name: "an oversized control-plane body without the token gets 401, unread",
    incident: CHUNKS,
    key: null,
    method: "POST",
    target: "/control/v1/accounts/attacker/keys",
    headers: [["Content-Type", "application/json"], TOO_LONG],
    body: `"${"x".repeat(1000)}`,
    outcome: UNAUTHORIZED,
  },
  {
    name: "a secret of more than a megabyte gets 413",
    incident: CHUNKS,
    key: null,
    method: "POST",
    target: "/control/v1/revoke",
    headers: [["Content-Type", "application/json"], TOO_LONG],
    body: `{"secret":"${"x".repeat(1000)}`,
    outcome: { statuses: [413], code: "payload_too_large" },
  },
];
