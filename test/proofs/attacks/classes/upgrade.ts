/**
 * A connection that becomes another protocol's, and with it a tunnel past every check.
 *
 * Nothing asks the origin for an upgrade, and what is sent behind one is a request like any other.
 */
import type { Header } from "../../../support/raw-http.ts";
import { type Attack, harmless } from "../attack.ts";

const KUBERNETES = "CVE-2018-1002105, Kubernetes";
const PINGORA = "CVE-2026-2833, Pingora";

const asking = (name: string, incident: string, headers: readonly Header[]): Attack => ({
  name,
  incident,
  headers,
  outcome: {
    ...harmless("GET /v1/posts", { Upgrade: null, "HTTP2-Settings": null, "Sec-WebSocket-Key": null }),
    answered: { Upgrade: null, "Sec-WebSocket-Accept": null },
  },
});

const WEBSOCKET: readonly Header[] = [
  ["Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="],
  ["Sec-WebSocket-Version", "13"],
];

export const UPGRADE: readonly Attack[] = [
  asking("a WebSocket is an ordinary request", KUBERNETES, [
    ["Connection", "Upgrade"],
    ["Upgrade", "websocket"],
    ...WEBSOCKET,
  ]),
  asking("a WebSocket that Connection does not name is an ordinary request", KUBERNETES, [
    ["Upgrade", "websocket"],
    ...WEBSOCKET,
  ]),
  asking("a WebSocket of a version that nobody speaks is an ordinary request", KUBERNETES, [
    ["Connection", "Upgrade"],
    ["Upgrade", "websocket"],
    ["Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="],
    ["Sec-WebSocket-Version", "777"],
  ]),
  asking("h2c is an ordinary request", PINGORA, [
    ["Connection", "Upgrade, HTTP2-Settings"],
    ["Upgrade", "h2c"],
    ["HTTP2-Settings", "AAMAAABkAAQCAAAAAAIAAAAA"],
  ]),
  asking("h2c that Connection names only in part is an ordinary request", PINGORA, [
    ["Connection", "Upgrade"],
    ["Upgrade", "h2c"],
    ["HTTP2-Settings", "AAMAAABkAAQCAAAAAAIAAAAA"],
  ]),
  asking("a protocol of our making is an ordinary request", PINGORA, [
    ["Connection", "upgrade"],
    ["Upgrade", "foo"],
  ]),
  asking("TLS inside HTTP is an ordinary request", "RFC 2817, section 3.2", [
    ["Connection", "Upgrade"],
    ["Upgrade", "TLS/1.0"],
  ]),
  {
    name: "a request behind an upgrade needs a key of its own",
    incident: PINGORA,
    bytes:
      "GET /v1/posts HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {full}\r\nConnection: Upgrade\r\nUpgrade: foo\r\n\r\n" +
      "GET /v1/accounts HTTP/1.1\r\nHost: {host}\r\n\r\n",
    outcome: { statuses: [200, 401], live: ["GET /v1/posts"] },
  },
  {
    name: "an upgrade without a key is refused, not begun",
    incident: KUBERNETES,
    key: null,
    headers: [["Connection", "Upgrade"], ["Upgrade", "websocket"], ...WEBSOCKET],
    outcome: { statuses: [401], code: "unauthorized" },
  },
  {
    name: "the preface of HTTP/2 is no HTTP/1.1",
    incident: PINGORA,
    bytes: "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    outcome: { statuses: [] },
  },
];
