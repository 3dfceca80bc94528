/**
 * `Expect` before a body, and fields in a trailer that would be headers.
 */
import { type Attack, harmless } from "../attack.ts";

const GO = "CVE-2024-24791, Go net/http";
const PUMA = "CVE-2023-40175, Puma";

const POST = "POST /v1/posts HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {full}\r\n";

const trailing = (name: string, trailers: string, more = ""): Attack => ({
  name,
  incident: PUMA,
  bytes: `${POST}Transfer-Encoding: chunked\r\n${more}\r\n3\r\nabc\r\n0\r\n${trailers}\r\n`,
  outcome: harmless("POST /v1/posts", { Trailer: null, TE: null }),
});

export const EXPECT_AND_TRAILERS: readonly Attack[] = [
  {
    name: "100-continue is not forwarded, and does not desynchronise the connection",
    incident: GO,
    bytes:
      `${POST}Expect: 100-continue\r\nContent-Length: 3\r\n\r\nabc` +
      "GET /v1/accounts HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {full}\r\n\r\n",
    outcome: {
      statuses: [200, 200],
      live: ["POST /v1/posts", "GET /v1/accounts"],
      forwardedHeaders: { Expect: null },
    },
  },
  {
    name: "100-continue without a key gets 401 without a 100",
    incident: GO,
    key: null,
    method: "POST",
    headers: [["Expect", "100-continue"]],
    body: "abc",
    outcome: { statuses: [401], code: "unauthorized" },
  },
  {
    name: "100-continue on a GET is not forwarded",
    incident: GO,
    headers: [["Expect", "100-continue"]],
    outcome: harmless("GET /v1/posts", { Expect: null }),
  },
  {
    name: "an unknown expectation is not forwarded",
    incident: "RFC 9110, section 10.1.1",
    headers: [["Expect", "y 100-continue"]],
    outcome: harmless("GET /v1/posts", { Expect: null }),
  },
  trailing("identity in a trailer does not reach the origin", "X-Octopost-Account: forged\r\n"),
  trailing("permissions in a trailer do not reach the origin", "X-Octopost-Permissions: forged\r\n"),
  trailing(
    "an announced trailer does not reach the origin",
    "X-Forwarded-For: forged\r\n",
    "Trailer: X-Forwarded-For\r\nTE: trailers\r\n",
  ),
  trailing("a Content-Length in a trailer is ignored", "Content-Length: 0\r\n"),
  trailing("a Transfer-Encoding in a trailer is ignored", "Transfer-Encoding: identity\r\n"),
  {
    name: "a request line in a trailer is not a request",
    incident: PUMA,
    bytes: `${POST}Transfer-Encoding: chunked\r\n\r\n0\r\nX: y\r\nGET /v1/accounts HTTP/1.1\r\nHost: {host}\r\n\r\n`,
    outcome: { statuses: [502], code: "bad_gateway" },
  },
];
