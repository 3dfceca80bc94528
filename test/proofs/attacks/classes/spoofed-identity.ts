/**
 * A client that sends headers reserved for the gateway: identity, address, path, or the mark of an earlier check.
 *
 * No such header reaches the origin, in any spelling that a server behind the gateway would take for the real one.
 */
import { type Attack, FORGED, harmless } from "../attack.ts";

const OAUTH2_PROXY = "CVE-2025-64484, oauth2-proxy";

const spoofed = (names: readonly string[], incident: string, value: string = FORGED): Attack[] =>
  names.map((name) => ({
    name: `${name}: ${value} does not reach the origin`,
    incident,
    key: "posts",
    headers: [[name, value]],
    outcome: harmless("GET /v1/posts"),
  }));

const dropped = (names: readonly string[], incident: string, value: string): Attack[] =>
  spoofed(names, incident, value).map((attack, i) => ({
    ...attack,
    outcome: harmless("GET /v1/posts", { [names[i] as string]: null }),
  }));

/** Spellings that CGI, WSGI, Rack or PHP map to the same name. */
const spellings = (name: string): string[] => [
  name.toUpperCase(),
  name.replaceAll("-", "_"),
  name.replace(/-([^-]*)$/, "_$1"),
  name.replaceAll("-", "."),
];

export const SPOOFED_IDENTITY: readonly Attack[] = [
  ...["X-Octopost-Account", "X-Octopost-Key-Id", "X-Octopost-Permissions", "X-Octopost-Assertion"].flatMap(
    (name) => spoofed(spellings(name), OAUTH2_PROXY),
  ),
  ...spoofed(["X-Octopost-Admin", "X-Octopost-", "X-Octopost", "X--Octopost-Account"], OAUTH2_PROXY),
  ...spoofed(
    ["X_Forwarded_User", "X-Forwarded-User", "X-Forwarded-Email", "X-Auth-Request-User"],
    OAUTH2_PROXY,
  ),
  ...spoofed(
    ["X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Request-Id"],
    "CVE-2026-39858, Traefik",
  ),
  ...dropped(
    ["X-Real-IP", "True-Client-IP", "Client-IP", "X-Client-IP"],
    "CVE-2022-24112, Apache APISIX",
    "127.0.0.1",
  ),
  ...dropped(["X-Forwarded-Prefix", "X-Forwarded-Server"], "CVE-2024-52003, Traefik", "/v1/accounts"),
  ...dropped(
    ["X-Forwarded-Uri", "X-Original-URL", "X-Rewrite-URL", "X-Original-URI"],
    "CVE-2026-40575, oauth2-proxy",
    "/v1/accounts",
  ),
  ...dropped(["X-Envoy-Original-Path", "X-Envoy-Internal"], "CVE-2024-45806, Envoy", "/v1/accounts"),
  ...dropped(
    ["x-middleware-subrequest"],
    "CVE-2025-29927, Next.js",
    "middleware:middleware:middleware:middleware:middleware",
  ),
  ...dropped(["Forwarded"], "RFC 7239, section 8.1", "for=127.0.0.1;host=admin;proto=https"),
  {
    name: "identity headers without a key get 401",
    incident: OAUTH2_PROXY,
    key: null,
    headers: [
      ["X-Octopost-Account", "attacker"],
      ["X-Octopost-Key-Id", "{full.id}"],
      ["X-Octopost-Permissions", "all"],
    ],
    outcome: { statuses: [401], code: "unauthorized" },
  },
  {
    name: "identity headers add no permission to a key",
    incident: OAUTH2_PROXY,
    key: "posts",
    target: "/v1/accounts",
    headers: [
      ["X-Octopost-Permissions", "all"],
      ["X_Octopost_Permissions", "all"],
    ],
    outcome: { statuses: [403], code: "forbidden" },
  },
  {
    name: "x-middleware-subrequest skips no check",
    incident: "CVE-2025-29927, Next.js",
    key: null,
    headers: [["x-middleware-subrequest", "middleware:middleware:middleware:middleware:middleware"]],
    outcome: { statuses: [401], code: "unauthorized" },
  },
  {
    name: "a path in X-Forwarded-Uri is not judged",
    incident: "CVE-2026-40575, oauth2-proxy",
    key: "posts",
    target: "/v1/accounts",
    headers: [["X-Forwarded-Uri", "/v1/posts"]],
    outcome: { statuses: [403], code: "forbidden" },
  },
];
