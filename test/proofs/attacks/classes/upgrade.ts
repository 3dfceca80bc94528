/**
 * A protocol upgrade, which would turn the connection into a tunnel past every check.
 *
 * The gateway never asks the origin for an upgrade, and bytes after one are ordinary requests.
 */
import type { Header } from "../../../support/raw-http.ts";
import { type Attack, harmless } from "../attack.ts";

const KUBERNETES = "CVE-2018-1002105, Kubernetes";
const PINGORA = "CVE-2026-2833, Pingora";

const upgrade = (name: string, incident: string, headers: readonly Header[]): Attack => ({
  name,
  incident,
  headers,
  outcome: {
    ...harmless("GET /v1/posts", { Upgrade: null, "HTTP2-Settings": null, "Sec-WebSocket-Key": null }),
    responseHeaders: { Upgrade: null, "Sec-WebSocket-Accept": null },
  },
});

const WEBSOCKET: readonly Header[] = [
  ["Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="],
  ["Sec-WebSocket-Version", "13"],
];

export const UPGRADE: readonly Attack[] = [
  upgrade("a WebSocket upgrade is an ordinary request", KUBERNETES, [
    ["Connection", "Upgrade"],
    ["Upgrade", "websocket"],
    ...WEBSOCKET,
  ]),
  upgrade("a WebSocket upgrade that Connection does not name is an ordinary request", KUBERNETES, [
    ["Upgrade", "websocket"],
    ...WEBSOCKET,
  ]),
  upgrade("a WebSocket upgrade of an unknown version is an ordinary request", KUBERNETES, [
    ["Connection", "Upgrade"],
    ["Upgrade", "websocket"],
    ["Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="],
    ["Sec-WebSocket-Version", "777"],
  ]),
  upgrade("an h2c upgrade is an ordinary request", PINGORA, [
    ["Connection", "Upgrade, HTTP2-Settings"],
    ["Upgrade", "h2c"],
    ["HTTP2-Settings", "AAMAAABkAAQCAAAAAAIAAAAA"],
  ]),
  upgrade("an h2c upgrade that Connection names in part is an ordinary request", PINGORA, [
    ["Connection", "Upgrade"],
    ["Upgrade", "h2c"],
    ["HTTP2-Settings", "AAMAAABkAAQCAAAAAAIAAAAA"],
  ]),
  upgrade("an upgrade to an unknown protocol is an ordinary request", PINGORA, [
    ["Connection", "upgrade"],
    ["Upgrade", "foo"],
  ]),
  upgrade("an upgrade to TLS is an ordinary request", "RFC 2817, section 3.2", [
    ["Connection", "Upgrade"],
    ["Upgrade", "TLS/1.0"],
  ]),
  {
    name: "a request after an upgrade needs a key of its own",
    incident: PINGORA,
    bytes:
      "GET /v1/posts HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {full}\r\nConnection: Upgrade\r\nUpgrade: foo\r\n\r\n" +
      "GET /v1/accounts HTTP/1.1\r\nHost: {host}\r\n\r\n",
    outcome: { statuses: [200, 401], live: ["GET /v1/posts"] },
  },
  {
    name: "an upgrade without a key gets 401",
    incident: KUBERNETES,
    key: null,
    headers: [["Connection", "Upgrade"], ["Upgrade", "websocket"], ...WEBSOCKET],
    outcome: { statuses: [401], code: "unauthorized" },
  },
  {
    name: "the HTTP/2 preface is refused",
    incident: PINGORA,
    bytes: "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    outcome: { statuses: [] },
  },
];
