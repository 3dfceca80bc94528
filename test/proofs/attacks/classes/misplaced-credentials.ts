/**
 * A good credential where none is read, so that it ends up in logs, caches or another service's hands; and where a
 * careless server would take it.
 */
import type { Header } from "../../../support/raw-http.ts";
import { type Attack, harmless, NOT_FOUND, refused, UNAUTHORIZED } from "../attack.ts";

const GRAFANA = "CVE-2023-1387, Grafana";

const elsewhere = (name: string, incident: string, headers: Header[], target = "/v1/posts"): Attack => ({
  name,
  incident,
  key: null,
  target,
  headers,
  outcome: { ...UNAUTHORIZED, answered: { "WWW-Authenticate": 'Bearer realm="octopost"' } },
});

export const MISPLACED_CREDENTIALS: readonly Attack[] = [
  ...[
    "auth_token",
    "access_token",
    "api_key",
    "apikey",
    "key",
    "token",
    "Authorization",
    "authorization",
  ].map((name) =>
    elsewhere(`a key as ${name} in the query is none`, GRAFANA, [], `/v1/posts?${name}={full}`),
  ),
  elsewhere("a whole header in the query is none", GRAFANA, [], "/v1/posts?Authorization=Bearer%20{full}"),
  elsewhere("a key in a fragment is none", "RFC 6750, section 5.3", [], "/v1/posts#access_token={full}"),
  ...["X-Api-Key", "Api-Key", "X-Auth-Token", "X-Access-Token", "X-Authorization", "Authentication"].map(
    (name) => elsewhere(`a key in ${name} is none`, "CVE-2023-1387, Grafana", [[name, "{full}"]]),
  ),
  ...["Proxy-Authorization", "X-Forwarded-Authorization", "X-Original-Authorization", "X-Octopost-Key"].map(
    (name) => elsewhere(`a key in ${name} is none`, "CVE-2024-52003, Traefik", [[name, "Bearer {full}"]]),
  ),
  elsewhere("a key in a cookie is none", "RFC 6750, section 2", [["Cookie", "Authorization=Bearer {full}"]]),
  elsewhere("a key in a header that looks alike is none", "CVE-2025-64484, oauth2-proxy", [
    ["Authorization_", "Bearer {full}"],
    ["_Authorization", "Bearer {full}"],
    ["HTTP_AUTHORIZATION", "Bearer {full}"],
  ]),
  {
    name: "a key as the user of an absolute target is none",
    incident: "CVE-2011-3368, Apache httpd",
    key: null,
    target: "http://{full}:x@{host}/v1/posts",
    outcome: UNAUTHORIZED,
  },
  {
    name: "a key in a form is none",
    incident: "RFC 6750, section 2.2",
    key: null,
    method: "POST",
    headers: [["Content-Type", "application/x-www-form-urlencoded"]],
    body: "access_token={full}",
    outcome: UNAUTHORIZED,
  },
  {
    name: "a key in a trailer is none",
    incident: "RFC 9110, section 6.5.1",
    key: null,
    bytes:
      "POST /v1/posts HTTP/1.1\r\nHost: {host}\r\nTransfer-Encoding: chunked\r\nTrailer: Authorization\r\n\r\n" +
      "0\r\nAuthorization: Bearer {full}\r\n\r\n",
    outcome: UNAUTHORIZED,
  },
  {
    name: "a key in the path is an unknown path, and is not told to anybody",
    incident: "RFC 6750, section 5.3",
    target: "/v1/{test}",
    outcome: NOT_FOUND,
  },
  {
    name: "an API key does not manage keys",
    incident: "CVE-2025-62610, Hono",
    target: "/control/v1/accounts/attacker/keys",
    outcome: UNAUTHORIZED,
  },
  {
    name: "an API key makes no keys",
    incident: "CVE-2025-62610, Hono",
    method: "POST",
    target: "/control/v1/accounts/attacker/keys",
    headers: [["Content-Type", "application/json"]],
    body: '{"name":"mine","mode":"live"}',
    outcome: UNAUTHORIZED,
  },
  {
    name: "the control token in the query manages no keys",
    incident: GRAFANA,
    key: null,
    target: "/control/v1/accounts/attacker/keys?access_token={token}",
    outcome: UNAUTHORIZED,
  },
  {
    name: "cookies beside a good key do not reach the origin",
    incident: "CVE-2022-21673, Grafana",
    headers: [["Cookie", "session=forged"]],
    outcome: harmless("GET /v1/posts", { Cookie: null }),
  },
  {
    name: "a second key in another header does not reach the origin",
    incident: "CVE-2022-21673, Grafana",
    key: "posts",
    headers: [["X-Api-Key", "{full}"]],
    outcome: harmless("GET /v1/posts", { "X-Api-Key": null }),
  },
  {
    name: "a control path with a good key and no such route says nothing of it",
    incident: "CVE-2026-27880, Grafana",
    target: "/control/v1//accounts/attacker/keys",
    outcome: refused(401, "unauthorized"),
  },
];
