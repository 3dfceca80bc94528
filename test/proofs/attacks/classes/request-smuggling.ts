/**
 * Two readers that disagree on where a request ends, so that a second one hides in the body of the first.
 *
 * Whatever the framing, the origin gets one request or none; the hidden one, for which the key has no permission, is
 * never asked for and never answered.
 */
import type { Attack, Outcome } from "../attack.ts";

const HIDDEN = "GET /v1/accounts HTTP/1.1\r\nHost: {host}\r\nX-Octopost-Permissions: all\r\n\r\n";
const REFUSED: Outcome = { statuses: [400] };
/** The request that carries the other, as the origin may get it: with a key that may write presets. */
const CARRIED: Outcome = { statuses: [200], live: ["POST /v1/presets"] };

/** Chunks overrule a length (RFC 9112, section 6.3), which goes no further, and the connection ends. */
const CHUNKS_COUNT: Outcome = {
  ...CARRIED,
  seen: { "Content-Length": null, "Transfer-Encoding": "chunked" },
};
/** What follows is a request of its own, without a key. */
const FOLLOWED: Outcome = { ...CARRIED, statuses: [200, 401] };
/** The body breaks off before it is sent; the connection ends. */
const BROKEN: Outcome = { statuses: [502], code: "bad_gateway" };

const hidden = (name: string, incident: string, framing: string, outcome: Outcome = REFUSED): Attack => ({
  name,
  incident,
  key: "presets",
  bytes: `POST /v1/presets HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {presets}\r\n${framing}`,
  outcome,
});

export const REQUEST_SMUGGLING: readonly Attack[] = [
  hidden(
    "a length before chunks carries nothing",
    "CVE-2026-2835, Pingora",
    `Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${HIDDEN}`,
    CHUNKS_COUNT,
  ),
  hidden(
    "a length behind chunks carries nothing",
    "CVE-2026-2835, Pingora",
    `Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n${HIDDEN}`,
    CHUNKS_COUNT,
  ),
  hidden(
    "two lengths carry nothing",
    "CVE-2022-24790, Puma",
    `Content-Length: 0\r\nContent-Length: ${HIDDEN.length}\r\n\r\n${HIDDEN}`,
  ),
  hidden(
    "a list of lengths carries nothing",
    "CVE-2022-24790, Puma",
    `Content-Length: 0, 0\r\n\r\n${HIDDEN}`,
  ),
  hidden("an empty length carries nothing", "CVE-2023-40175, Puma", `Content-Length:\r\n\r\n${HIDDEN}`),
  hidden("a signed length carries nothing", "CVE-2022-24790, Puma", `Content-Length: +0\r\n\r\n${HIDDEN}`),
  hidden("a length in hex carries nothing", "CVE-2022-24790, Puma", `Content-Length: 0x0\r\n\r\n${HIDDEN}`),
  hidden(
    "a list of codings carries nothing",
    "CVE-2026-2835, Pingora",
    `Transfer-Encoding: identity, chunked\r\n\r\n0\r\n\r\n${HIDDEN}`,
    FOLLOWED,
  ),
  hidden(
    "two codings carry nothing",
    "CVE-2026-2835, Pingora",
    `Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n${HIDDEN}`,
  ),
  hidden(
    "a coding that nobody knows carries nothing",
    "CVE-2022-24790, Puma",
    `Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n${HIDDEN}`,
  ),
  hidden(
    "a coding behind a vertical tab carries nothing",
    "CVE-2022-24790, Puma",
    `Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n${HIDDEN}`,
  ),
  hidden(
    "a space before the colon carries nothing",
    "RFC 9112, section 5.1",
    `Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n${HIDDEN}`,
  ),
  hidden(
    "a folded header carries nothing",
    "RFC 9112, section 5.2",
    `X-Fold: a\r\n Transfer-Encoding: chunked\r\nContent-Length: 0\r\n\r\n${HIDDEN}`,
  ),
  {
    name: "chunks in HTTP/1.0 carry nothing",
    incident: "CVE-2026-2835, Pingora",
    key: "presets",
    bytes: `POST /v1/presets HTTP/1.0\r\nHost: {host}\r\nAuthorization: Bearer {presets}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${HIDDEN}`,
    outcome: REFUSED,
  },
  hidden(
    "a line end of LF alone behind a chunk's size carries nothing",
    "CVE-2025-22871, Go net/http",
    `Transfer-Encoding: chunked\r\n\r\n3\nabc\r\n0\r\n\r\n${HIDDEN}`,
    BROKEN,
  ),
  hidden(
    "a line end of LF alone in a chunk's extension carries nothing",
    "CVE-2025-55315, ASP.NET Core",
    `Transfer-Encoding: chunked\r\n\r\n3;\nxx\r\nabc\r\n0\r\n\r\n${HIDDEN}`,
    BROKEN,
  ),
  hidden(
    "two bytes that are no line end behind a chunk carry nothing",
    "CVE-2025-43859, h11",
    `Transfer-Encoding: chunked\r\n\r\n3\r\nabcXX0\r\n\r\n${HIDDEN}`,
    BROKEN,
  ),
  hidden(
    "a chunk's size that is none carries nothing",
    "CVE-2022-24790, Puma",
    `Transfer-Encoding: chunked\r\n\r\n0_0\r\n\r\n${HIDDEN}`,
    BROKEN,
  ),
  hidden(
    "a chunk's size in 0x carries nothing",
    "CVE-2022-24790, Puma",
    `Transfer-Encoding: chunked\r\n\r\n0x3\r\nabc\r\n0\r\n\r\n${HIDDEN}`,
    BROKEN,
  ),
  hidden(
    "a whole request in a body of the announced length stays a body",
    "CVE-2026-2833, Pingora",
    `Content-Length: ${HIDDEN.length - "{host}".length + "api.octopost.ink".length}\r\n\r\n${HIDDEN}`,
    CARRIED,
  ),
  {
    name: "a GET with a length, whose body a server would take for the next request, is refused",
    incident: "CVE-2025-4366, Pingora",
    key: "presets",
    bytes: `GET /v1/presets HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {presets}\r\nContent-Length: 41\r\n\r\nGET /v1/accounts HTTP/1.1\r\nX-Ignored: yes`,
    outcome: { statuses: [400], code: "bad_request" },
  },
  {
    name: "a request that follows in the open needs a key of its own",
    incident: "CVE-2025-4366, Pingora",
    key: "presets",
    bytes: `GET /v1/presets HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {presets}\r\n\r\n${HIDDEN}`,
    outcome: { statuses: [200, 401], live: ["GET /v1/presets"] },
  },
];
