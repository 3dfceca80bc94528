/**
 * Two parsers that disagree on where a request ends, so that a second request hides in the body of the first.
 *
 * Whatever the framing, the origin gets one request or none; the smuggled one, for which the key has no permission, is
 * neither forwarded nor answered.
 */
import type { Attack, Outcome } from "../attack.ts";

const SMUGGLED = "GET /v1/accounts HTTP/1.1\r\nHost: {host}\r\nX-Octopost-Permissions: all\r\n\r\n";
const REFUSED: Outcome = { statuses: [400] };
/** The outer request reaches the origin: its key may write presets. */
const OUTER: Outcome = { statuses: [200], live: ["POST /v1/presets"] };

/** Transfer-Encoding overrides Content-Length (RFC 9112, section 6.3), which is not forwarded, and the connection ends. */
const CHUNKED_WINS: Outcome = {
  ...OUTER,
  forwardedHeaders: { "Content-Length": null, "Transfer-Encoding": "chunked" },
};
/** The rest is a request of its own, without a key. */
const PIPELINED: Outcome = { ...OUTER, statuses: [200, 401] };
/** The body is aborted before it is forwarded; the connection ends. */
const ABORTED: Outcome = { statuses: [502], code: "bad_gateway" };

const smuggled = (name: string, incident: string, framing: string, outcome: Outcome = REFUSED): Attack => ({
  name,
  incident,
  key: "presets",
  bytes: `POST /v1/presets HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {presets}\r\n${framing}`,
  outcome,
});

export const REQUEST_SMUGGLING: readonly Attack[] = [
  smuggled(
    "Content-Length before Transfer-Encoding smuggles nothing",
    "CVE-2026-2835, Pingora",
    `Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${SMUGGLED}`,
    CHUNKED_WINS,
  ),
  smuggled(
    "Content-Length after Transfer-Encoding smuggles nothing",
    "CVE-2026-2835, Pingora",
    `Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n${SMUGGLED}`,
    CHUNKED_WINS,
  ),
  smuggled(
    "two Content-Length headers are refused",
    "CVE-2022-24790, Puma",
    `Content-Length: 0\r\nContent-Length: ${SMUGGLED.length}\r\n\r\n${SMUGGLED}`,
  ),
  smuggled(
    "a list in Content-Length is refused",
    "CVE-2022-24790, Puma",
    `Content-Length: 0, 0\r\n\r\n${SMUGGLED}`,
  ),
  smuggled(
    "an empty Content-Length is refused",
    "CVE-2023-40175, Puma",
    `Content-Length:\r\n\r\n${SMUGGLED}`,
  ),
  smuggled(
    "a signed Content-Length is refused",
    "CVE-2022-24790, Puma",
    `Content-Length: +0\r\n\r\n${SMUGGLED}`,
  ),
  smuggled(
    "a hexadecimal Content-Length is refused",
    "CVE-2022-24790, Puma",
    `Content-Length: 0x0\r\n\r\n${SMUGGLED}`,
  ),
  smuggled(
    "Transfer-Encoding: identity, chunked smuggles nothing",
    "CVE-2026-2835, Pingora",
    `Transfer-Encoding: identity, chunked\r\n\r\n0\r\n\r\n${SMUGGLED}`,
    PIPELINED,
  ),
  smuggled(
    "two Transfer-Encoding headers are refused",
    "CVE-2026-2835, Pingora",
    `Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n${SMUGGLED}`,
  ),
  smuggled(
    "an unknown transfer coding is refused",
    "CVE-2022-24790, Puma",
    `Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n${SMUGGLED}`,
  ),
  smuggled(
    "a vertical tab before the transfer coding is refused",
    "CVE-2022-24790, Puma",
    `Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n${SMUGGLED}`,
  ),
  smuggled(
    "a space before the colon is refused",
    "RFC 9112, section 5.1",
    `Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n${SMUGGLED}`,
  ),
  smuggled(
    "a folded header is refused",
    "RFC 9112, section 5.2",
    `X-Fold: a\r\n Transfer-Encoding: chunked\r\nContent-Length: 0\r\n\r\n${SMUGGLED}`,
  ),
  {
    name: "Transfer-Encoding in HTTP/1.0 is refused",
    incident: "CVE-2026-2835, Pingora",
    key: "presets",
    bytes: `POST /v1/presets HTTP/1.0\r\nHost: {host}\r\nAuthorization: Bearer {presets}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${SMUGGLED}`,
    outcome: REFUSED,
  },
  smuggled(
    "a bare LF after a chunk size smuggles nothing",
    "CVE-2025-22871, Go net/http",
    `Transfer-Encoding: chunked\r\n\r\n3\nabc\r\n0\r\n\r\n${SMUGGLED}`,
    ABORTED,
  ),
  smuggled(
    "a bare LF in a chunk extension smuggles nothing",
    "CVE-2025-55315, ASP.NET Core",
    `Transfer-Encoding: chunked\r\n\r\n3;\nxx\r\nabc\r\n0\r\n\r\n${SMUGGLED}`,
    ABORTED,
  ),
  smuggled(
    "a chunk without its line end smuggles nothing",
    "CVE-2025-43859, h11",
    `Transfer-Encoding: chunked\r\n\r\n3\r\nabcXX0\r\n\r\n${SMUGGLED}`,
    ABORTED,
  ),
  smuggled(
    "an invalid chunk size smuggles nothing",
    "CVE-2022-24790, Puma",
    `Transfer-Encoding: chunked\r\n\r\n0_0\r\n\r\n${SMUGGLED}`,
    ABORTED,
  ),
  smuggled(
    "a chunk size with 0x smuggles nothing",
    "CVE-2022-24790, Puma",
    `Transfer-Encoding: chunked\r\n\r\n0x3\r\nabc\r\n0\r\n\r\n${SMUGGLED}`,
    ABORTED,
  ),
  smuggled(
    "a whole request inside a body stays a body",
    "CVE-2026-2833, Pingora",
    `Content-Length: ${SMUGGLED.length - "{host}".length + "api.octopost.ink".length}\r\n\r\n${SMUGGLED}`,
    OUTER,
  ),
  {
    name: "a GET whose body is a request is refused",
    incident: "CVE-2025-4366, Pingora",
    key: "presets",
    bytes: `GET /v1/presets HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {presets}\r\nContent-Length: 41\r\n\r\nGET /v1/accounts HTTP/1.1\r\nX-Ignored: yes`,
    outcome: { statuses: [400], code: "bad_request" },
  },
  {
    name: "a pipelined request needs a key of its own",
    incident: "CVE-2025-4366, Pingora",
    key: "presets",
    bytes: `GET /v1/presets HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {presets}\r\n\r\n${SMUGGLED}`,
    outcome: { statuses: [200, 401], live: ["GET /v1/presets"] },
  },
];
