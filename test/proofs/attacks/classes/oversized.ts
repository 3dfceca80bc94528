/**
 * More of everything than anybody sends: lines, headers, values, lists, queries, bodies.
 *
 * It is refused or passed, never a fault, and what is refused costs the origins nothing.
 */
import { type Attack, harmless, MALFORMED, UNAUTHORIZED } from "../attack.ts";

const HEADERS = "CVE-2019-15226, Envoy";
const COOKIES = "CVE-2026-47774, Envoy";
const CHUNKS = "CVE-2024-21647, Puma";

/** Beyond the limit. Only a beginning follows: an answer can be lost to the reset of a connection with much unread. */
const TOO_LONG = ["Content-Length", "1060000"] as const;

const numbered = (count: number, line: (i: number) => string): string =>
  Array.from({ length: count }, (_, i) => line(i)).join("");

const withHeaders = (headers: string): string =>
  `GET /v1/posts HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {full}\r\n${headers}\r\n`;

export const OVERSIZED: readonly Attack[] = [
  {
    name: "a thousand small headers reach the origin as none",
    incident: HEADERS,
    bytes: withHeaders(numbered(1000, (i) => `x-${i}: forged\r\n`)),
    outcome: harmless("GET /v1/posts", { "x-999": null }),
  },
  {
    name: "a thousand cookies reach the origin as none",
    incident: COOKIES,
    bytes: withHeaders(numbered(1000, (i) => `Cookie: c${i}=forged\r\n`)),
    outcome: harmless("GET /v1/posts", { Cookie: null }),
  },
  {
    name: "more headers than the platform takes are refused",
    incident: HEADERS,
    bytes: withHeaders(numbered(60_000, (i) => `x-${i}: forged\r\n`)),
    outcome: { statuses: [431] },
  },
  {
    name: "a credential of 32 KiB is a bad credential",
    incident: HEADERS,
    key: null,
    headers: [["Authorization", `Bearer oct_live_${"x".repeat(32_768)}`]],
    outcome: UNAUTHORIZED,
  },
  {
    name: "32 KiB of spaces before a key that is none is a bad credential",
    incident: HEADERS,
    key: null,
    headers: [["Authorization", `Bearer ${" ".repeat(32_768)}x y`]],
    outcome: UNAUTHORIZED,
  },
  {
    name: "a Connection that names ten thousand headers takes nothing away",
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
    name: "a path of a thousand dots is where they lead",
    incident: "CVE-2019-9901, Envoy",
    key: "posts",
    target: `/v1/${"x/../".repeat(1000)}accounts`,
    outcome: { statuses: [403], code: "forbidden" },
  },
  {
    name: "a query longer than the origin takes is the origin's to refuse",
    incident: HEADERS,
    target: `/v1/posts?${"k=v&".repeat(8192)}`,
    outcome: { statuses: [431] },
  },
  {
    name: "a length beyond all numbers is refused",
    incident: "CVE-2022-24790, Puma",
    bytes:
      "POST /v1/posts HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {full}\r\n" +
      "Content-Length: 18446744073709551617\r\n\r\nx",
    outcome: { statuses: [400] },
  },
  {
    name: "a chunk's extension of 64 KiB ends its request",
    incident: CHUNKS,
    bytes:
      "POST /v1/posts HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {full}\r\nTransfer-Encoding: chunked\r\n\r\n" +
      `3;x=${"y".repeat(65_536)}\r\nabc\r\n0\r\n\r\n`,
    outcome: { statuses: [502], code: "bad_gateway" },
  },
  {
    name: "a body to manage keys beyond its limit is not read by whoever has no token",
    incident: CHUNKS,
    key: null,
    method: "POST",
    target: "/control/v1/accounts/attacker/keys",
    headers: [["Content-Type", "application/json"], TOO_LONG],
    body: `"${"x".repeat(1000)}`,
    outcome: UNAUTHORIZED,
  },
  {
    name: "a secret of more than a megabyte is not looked up",
    incident: CHUNKS,
    key: null,
    method: "POST",
    target: "/control/v1/revoke",
    headers: [["Content-Type", "application/json"], TOO_LONG],
    body: `{"secret":"${"x".repeat(1000)}`,
    outcome: { statuses: [413], code: "payload_too_large" },
  },
];
