/**
 * A `Host` that two parsers read differently: to reach the control plane from the API host, to select another origin, or
 * to make the origin believe a false address.
 *
 * The second gateway serves the control plane on `CONTROL_HOST` only.
 */
import { type Attack, harmless, MALFORMED, NOT_FOUND, NOT_HTTP } from "../attack.ts";

const ISTIO = "CVE-2021-39155, Istio";
const CADDY = "CVE-2026-27588, Caddy";
const PINGORA = "CVE-2026-2836, Pingora";

const KEYS_OF_ACCOUNT = "/control/v1/accounts/attacker/keys";

/** Sends the right token over HTTPS, so that only the host can stop the call. */
const controlCall = (name: string, incident: string, host: string, more: Partial<Attack> = {}): Attack => ({
  name,
  incident,
  gateway: 1,
  // A malformed host would not get past the front.
  ...(more.outcome === MALFORMED ? {} : { https: true }),
  key: null,
  host,
  target: KEYS_OF_ACCOUNT,
  outcome: NOT_FOUND,
  ...more,
  headers: [["Authorization", "Bearer {token}"], ...(more.headers ?? [])],
});

export const HOST_CONFUSION: readonly Attack[] = [
  controlCall("the control plane is not served on the API host", ISTIO, "{host}"),
  controlCall("the control host with a trailing dot is not the control host", ISTIO, "{controlHost}."),
  controlCall("the control host with another port is not the control host", PINGORA, "{controlHost}:8443"),
  controlCall(
    "a host with the control host as prefix is not the control host",
    CADDY,
    "{controlHost}.evil.example",
  ),
  controlCall("a host with the control host as suffix is not the control host", CADDY, "evil-{controlHost}"),
  controlCall("the control host as userinfo is refused", PINGORA, "{controlHost}@{host}", {
    outcome: MALFORMED,
  }),
  controlCall("a control-plane path in Host is refused", PINGORA, `{host}${KEYS_OF_ACCOUNT}?`, {
    gateway: 0,
    target: "/healthz",
    outcome: MALFORMED,
  }),
  controlCall("the control host in X-Forwarded-Host is ignored", "CVE-2024-45410, Traefik", "{host}", {
    headers: [
      ["X-Forwarded-Host", "{controlHost}"],
      ["X-Host", "{controlHost}"],
      ["Forwarded", "host={controlHost}"],
    ],
  }),
  controlCall("the control host in absolute form is ignored", PINGORA, "{host}", {
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
    name: "the API is not served on the control host in capitals",
    incident: ISTIO,
    gateway: 1,
    host: "CONTROL.OctoPost.INK",
    outcome: NOT_FOUND,
  },
  {
    name: "the control host with the default port is the control host",
    incident: PINGORA,
    gateway: 1,
    host: "{controlHost}:80",
    outcome: NOT_FOUND,
  },
  {
    name: "another Host reaches the same origin, which receives the public host",
    incident: PINGORA,
    host: "evil.example",
    outcome: harmless("GET /v1/posts", { "X-Forwarded-Host": "{host}", Host: "{live}" }),
  },
  {
    name: "an origin's address as Host does not select that origin",
    incident: "CVE-2021-40438, Apache httpd",
    host: "{sandbox}",
    outcome: { statuses: [200], live: ["GET /v1/posts"] },
  },
  {
    name: "a Host with a path is refused",
    incident: PINGORA,
    host: "{host}/v1/posts?",
    key: "posts",
    target: "/v1/accounts",
    outcome: MALFORMED,
  },
  {
    name: "a Host that is not a host name is refused",
    incident: "CVE-2023-27491, Envoy",
    host: "not a host",
    outcome: MALFORMED,
  },
  {
    name: "a Host with an incomplete IPv6 address is refused",
    incident: "CVE-2023-27491, Envoy",
    host: "[::1",
    outcome: MALFORMED,
  },
  {
    name: "two Host headers are refused",
    incident: PINGORA,
    gateway: 1,
    bytes:
      "GET /v1/posts HTTP/1.1\r\nHost: {host}\r\nHost: {controlHost}\r\nAuthorization: Bearer {full}\r\n\r\n",
    outcome: MALFORMED,
  },
  {
    name: "a request without Host is refused",
    incident: "RFC 9112, section 3.2",
    host: null,
    bytes: "GET /v1/posts HTTP/1.1\r\nAuthorization: Bearer {full}\r\n\r\n",
    outcome: NOT_HTTP,
  },
];
