/**
 * A valid credential in a place where it must not be read, because it would end up in logs, caches or another service.
 */
import type { Header } from "../../../support/raw-http.ts";
import { type Attack, harmless, MALFORMED, NOT_FOUND, refused, UNAUTHORIZED } from "../attack.ts";

const NO_CREDENTIAL =
  'Bearer realm="octopost", error_description="Send your key in the header Authorization: Bearer <key>"';

const GRAFANA = "CVE-2023-1387, Grafana";

const misplaced = (name: string, incident: string, headers: Header[], target = "/v1/posts"): Attack => ({
  name,
  incident,
  key: null,
  target,
  headers,
  outcome: { ...UNAUTHORIZED, responseHeaders: { "WWW-Authenticate": NO_CREDENTIAL } },
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
    misplaced(`a key as ${name} in the query is not accepted`, GRAFANA, [], `/v1/posts?${name}={full}`),
  ),
  misplaced(
    "an Authorization header in the query is not accepted",
    GRAFANA,
    [],
    "/v1/posts?Authorization=Bearer%20{full}",
  ),
  misplaced(
    "a key in a fragment is not accepted",
    "RFC 6750, section 5.3",
    [],
    "/v1/posts#access_token={full}",
  ),
  ...["X-Api-Key", "Api-Key", "X-Auth-Token", "X-Access-Token", "X-Authorization", "Authentication"].map(
    (name) => misplaced(`a key in ${name} is not accepted`, "CVE-2023-1387, Grafana", [[name, "{full}"]]),
  ),
  ...["Proxy-Authorization", "X-Forwarded-Authorization", "X-Original-Authorization", "X-Octopost-Key"].map(
    (name) =>
      misplaced(`a key in ${name} is not accepted`, "CVE-2024-52003, Traefik", [[name, "Bearer {full}"]]),
  ),
  misplaced("a key in a cookie is not accepted", "RFC 6750, section 2", [
    ["Cookie", "Authorization=Bearer {full}"],
  ]),
  misplaced("a key in a header with a similar name is not accepted", "CVE-2025-64484, oauth2-proxy", [
    ["Authorization_", "Bearer {full}"],
    ["_Authorization", "Bearer {full}"],
    ["HTTP_AUTHORIZATION", "Bearer {full}"],
  ]),
  {
    name: "a key as userinfo of an absolute target is not accepted",
    incident: "CVE-2011-3368, Apache httpd",
    key: null,
    target: "http://{full}:x@{host}/v1/posts",
    outcome: UNAUTHORIZED,
  },
  {
    name: "a key in a form body is not accepted",
    incident: "RFC 6750, section 2.2",
    key: null,
    method: "POST",
    headers: [["Content-Type", "application/x-www-form-urlencoded"]],
    body: "access_token={full}",
    outcome: UNAUTHORIZED,
  },
  {
    name: "a key in a trailer is not accepted",
    incident: "RFC 9110, section 6.5.1",
    key: null,
    bytes:
      "POST /v1/posts HTTP/1.1\r\nHost: {host}\r\nTransfer-Encoding: chunked\r\nTrailer: Authorization\r\n\r\n" +
      "0\r\nAuthorization: Bearer {full}\r\n\r\n",
    outcome: UNAUTHORIZED,
  },
  {
    name: "a key in the path is an unknown path and is not forwarded",
    incident: "RFC 6750, section 5.3",
    target: "/v1/{test}",
    outcome: NOT_FOUND,
  },
  ...["/v1/posts/{full}", "/v1/posts?access_token={full}", "/v1/posts?{test}=1"].map(
    (target): Attack => ({
      name: `a key in ${target} beside a valid one is refused and not forwarded`,
      incident: "RFC 6750, section 5.3",
      target,
      outcome: MALFORMED,
    }),
  ),
  {
    name: "an API key cannot list keys",
    incident: "CVE-2025-62610, Hono",
    target: "/control/v1/accounts/attacker/keys",
    outcome: UNAUTHORIZED,
  },
  {
    name: "an API key cannot create keys",
    incident: "CVE-2025-62610, Hono",
    method: "POST",
    target: "/control/v1/accounts/attacker/keys",
    headers: [["Content-Type", "application/json"]],
    body: '{"name":"mine","mode":"live"}',
    outcome: UNAUTHORIZED,
  },
  {
    name: "the control token in the query is not accepted",
    incident: GRAFANA,
    key: null,
    target: "/control/v1/accounts/attacker/keys?access_token={token}",
    outcome: UNAUTHORIZED,
  },
  {
    name: "cookies do not reach the origin",
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
    name: "an unknown control path with an API key gets 401, not 404",
    incident: "CVE-2026-27880, Grafana",
    target: "/control/v1//accounts/attacker/keys",
    outcome: refused(401, "unauthorized"),
  },
];
