/**
 * What comes before a body and what comes behind it: `Expect`, and fields in a trailer that would be headers.
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
    name: "100-continue is not passed on, and the next request on the connection is its own",
    incident: GO,
    bytes:
      `${POST}Expect: 100-continue\r\nContent-Length: 3\r\n\r\nabc` +
      "GET /v1/accounts HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {full}\r\n\r\n",
    outcome: { statuses: [200, 200], live: ["POST /v1/posts", "GET /v1/accounts"], seen: { Expect: null } },
  },
  {
    name: "100-continue without a key is refused without a 100",
    incident: GO,
    key: null,
    method: "POST",
    headers: [["Expect", "100-continue"]],
    body: "abc",
    outcome: { statuses: [401], code: "unauthorized" },
  },
  {
    name: "100-continue on a GET is not passed on",
    incident: GO,
    headers: [["Expect", "100-continue"]],
    outcome: harmless("GET /v1/posts", { Expect: null }),
  },
  {
    name: "an expectation that nobody knows is not passed on",
    incident: "RFC 9110, section 10.1.1",
    headers: [["Expect", "y 100-continue"]],
    outcome: harmless("GET /v1/posts", { Expect: null }),
  },
  trailing("identity in a trailer does not reach the origin", "X-Octopost-Account: forged\r\n"),
  trailing("permissions in a trailer do not reach the origin", "X-Octopost-Permissions: forged\r\n"),
  trailing(
    "a trailer that is announced does not reach the origin either",
    "X-Forwarded-For: forged\r\n",
    "Trailer: X-Forwarded-For\r\nTE: trailers\r\n",
  ),
  trailing("a length in a trailer changes no length", "Content-Length: 0\r\n"),
  trailing("a coding in a trailer changes no coding", "Transfer-Encoding: identity\r\n"),
  {
    name: "a request in a trailer is not a request",
    incident: PUMA,
    bytes: `${POST}Transfer-Encoding: chunked\r\n\r\n0\r\nX: y\r\nGET /v1/accounts HTTP/1.1\r\nHost: {host}\r\n\r\n`,
    outcome: { statuses: [502], code: "bad_gateway" },
  },
];
