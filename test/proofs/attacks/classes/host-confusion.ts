/**
 * A `Host` that is read in two ways: to reach keys' management from the API's host, to be asked in another's name, or
 * to be told a false address.
 *
 * The second gateway manages keys on `CONTROL_HOST` alone.
 */
import { type Attack, harmless, MALFORMED, NOT_FOUND, NOT_HTTP } from "../attack.ts";

const ISTIO = "CVE-2021-39155, Istio";
const CADDY = "CVE-2026-27588, Caddy";
const PINGORA = "CVE-2026-2836, Pingora";

const KEYS_OF_ACCOUNT = "/control/v1/accounts/attacker/keys";

/** With the right token, so that only the host stands in the way. */
const managing = (name: string, incident: string, host: string, more: Partial<Attack> = {}): Attack => ({
  name,
  incident,
  gateway: 1,
  key: null,
  host,
  target: KEYS_OF_ACCOUNT,
  outcome: NOT_FOUND,
  ...more,
  headers: [["Authorization", "Bearer {token}"], ...(more.headers ?? [])],
});

export const HOST_CONFUSION: readonly Attack[] = [
  managing("keys are not managed on the API's host", ISTIO, "{host}"),
  managing("a dot behind the control host makes another host", ISTIO, "{controlHost}."),
  managing("a port behind the control host makes another host", PINGORA, "{controlHost}:8443"),
  managing("a host that begins as the control host is another", CADDY, "{controlHost}.evil.example"),
  managing("a host that ends as the control host is another", CADDY, "evil-{controlHost}"),
  managing("the control host before an @ is a user's name, no host", PINGORA, "{controlHost}@{host}", {
    outcome: MALFORMED,
  }),
  managing("the path to manage keys in a Host is no path", PINGORA, `{host}${KEYS_OF_ACCOUNT}?`, {
    gateway: 0,
    target: "/healthz",
    outcome: MALFORMED,
  }),
  managing("the control host in X-Forwarded-Host is not asked", "CVE-2024-45410, Traefik", "{host}", {
    headers: [
      ["X-Forwarded-Host", "{controlHost}"],
      ["X-Host", "{controlHost}"],
      ["Forwarded", "host={controlHost}"],
    ],
  }),
  managing("the control host in absolute form is not asked", PINGORA, "{host}", {
    target: `http://{controlHost}${KEYS_OF_ACCOUNT}`,
  }),
  {
    name: "the API is not served on the control host",
    incident: ISTIO,
    gateway: 1,
    host: "{controlHost}",
    outcome: NOT_FOUND,
  },
  {
    name: "the API is not served on the control host in capitals either",
    incident: ISTIO,
    gateway: 1,
    host: "CONTROL.OctoPost.INK",
    outcome: NOT_FOUND,
  },
  {
    name: "the control host with the scheme's own port is the control host",
    incident: PINGORA,
    gateway: 1,
    host: "{controlHost}:80",
    outcome: NOT_FOUND,
  },
  {
    name: "another Host reaches the same origin, which is told the host that was asked",
    incident: PINGORA,
    host: "evil.example",
    outcome: harmless("GET /v1/posts", { "X-Forwarded-Host": "evil.example", Host: "{live}" }),
  },
  {
    name: "an origin's own address as Host leads nowhere else",
    incident: "CVE-2021-40438, Apache httpd",
    host: "{sandbox}",
    outcome: { statuses: [200], live: ["GET /v1/posts"] },
  },
  {
    name: "a Host with a path in it lends the path to no request",
    incident: PINGORA,
    host: "{host}/v1/posts?",
    key: "posts",
    target: "/v1/accounts",
    outcome: MALFORMED,
  },
  {
    name: "a Host that is no host is refused",
    incident: "CVE-2023-27491, Envoy",
    host: "not a host",
    outcome: MALFORMED,
  },
  {
    name: "a Host in brackets that is no address is refused",
    incident: "CVE-2023-27491, Envoy",
    host: "[::1",
    outcome: MALFORMED,
  },
  {
    name: "two hosts are no host",
    incident: PINGORA,
    gateway: 1,
    bytes:
      "GET /v1/posts HTTP/1.1\r\nHost: {host}\r\nHost: {controlHost}\r\nAuthorization: Bearer {full}\r\n\r\n",
    outcome: MALFORMED,
  },
  {
    name: "no Host at all is refused",
    incident: "RFC 9112, section 3.2",
    host: null,
    bytes: "GET /v1/posts HTTP/1.1\r\nAuthorization: Bearer {full}\r\n\r\n",
    outcome: NOT_HTTP,
  },
];
