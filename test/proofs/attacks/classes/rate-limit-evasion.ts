/**
 * One more request than the limit: as somebody else, in another spelling, by another method or path, or all at once.
 *
 * The key counts, and nothing that a request says. The key of these attacks is new for each; its limits are three
 * requests a minute and one to publish an hour.
 */
import type { Attack } from "../attack.ts";

const ADDRESS = "CVE-2022-24112, Apache APISIX";
const LIMITER = "long2ice/fastapi-limiter#9";

const request = (line = "GET /v1/posts", headers = "", scheme = "Bearer"): string =>
  `${line} HTTP/1.1\r\nHost: {host}\r\nAuthorization: ${scheme} {limited}\r\n${headers}\r\n`;

const GETS = ["GET /v1/posts", "GET /v1/posts", "GET /v1/posts"];

const fourth = (name: string, incident: string, last: string): Attack => ({
  name,
  incident,
  key: "limited",
  bytes: request().repeat(3) + last,
  outcome: { statuses: [200, 200, 200, 429], live: GETS },
});

export const RATE_LIMIT_EVASION: readonly Attack[] = [
  fourth("the fourth request is one too many", LIMITER, request()),
  ...["X-Forwarded-For", "X-Real-IP", "X-Originating-IP", "Client-IP", "True-Client-IP", "Forwarded"].map(
    (name) =>
      fourth(
        `another address in ${name} is the same caller`,
        ADDRESS,
        request("GET /v1/posts", `${name}: 203.0.113.9\r\n`),
      ),
  ),
  fourth(
    "another address of Cloudflare's is the same caller",
    ADDRESS,
    request("GET /v1/posts", "CF-Connecting-IP: 203.0.113.9\r\n"),
  ),
  fourth(
    "another account in a header is the same caller",
    "CVE-2025-64484, oauth2-proxy",
    request("GET /v1/posts", "X-Octopost-Account: other\r\n"),
  ),
  fourth(
    "a scheme in another case is the same key",
    "CVE-2021-39155, Istio",
    request("GET /v1/posts", "", "bEaReR"),
  ),
  fourth("more spaces are the same key", LIMITER, request("GET /v1/posts", "", "Bearer   ")),
  fourth("another query is the same key", LIMITER, request("GET /v1/posts?x=1")),
  fourth("another endpoint is the same key", LIMITER, request("GET /v1/accounts")),
  fourth("dots in the path are the same key", "CVE-2019-9901, Envoy", request("GET /v1/x/../posts")),
  fourth("an unknown path is the same key", LIMITER, request("GET /v1/nothing")),
  fourth("an unknown method is the same key", "CVE-2010-0738, JBoss", request("OPTIONS /v1/posts")),
  fourth("another User-Agent is the same key", LIMITER, request("GET /v1/posts", "User-Agent: other\r\n")),
  {
    name: "HEAD counts as GET does",
    incident: "CVE-2010-0738, JBoss",
    key: "limited",
    bytes: request("HEAD /v1/posts").repeat(3) + request(),
    outcome: {
      statuses: [200, 200, 200, 429],
      live: ["HEAD /v1/posts", "HEAD /v1/posts", "HEAD /v1/posts"],
    },
  },
  {
    name: "what is refused counts, so that guessing paths is limited too",
    incident: LIMITER,
    key: "limited",
    bytes: request("GET /v1/nothing") + request("PATCH /v1/posts") + request("GET /v1/nothing") + request(),
    outcome: { statuses: [404, 400, 404, 429] },
  },
  {
    name: "another post to publish is the same limit",
    incident: LIMITER,
    key: "limited",
    bytes:
      request("POST /v1/posts/a/publish", "Content-Length: 0\r\n") +
      request("POST /v1/posts/b/publish", "Content-Length: 0\r\n"),
    outcome: { statuses: [200, 429], live: ["POST /v1/posts/a/publish"] },
  },
  {
    name: "dots to publish are the same limit",
    incident: "CVE-2019-9901, Envoy",
    key: "limited",
    bytes:
      request("POST /v1/posts/a/publish", "Content-Length: 0\r\n") +
      request("POST /v1/x/../posts/b/./publish", "Content-Length: 0\r\n"),
    outcome: { statuses: [200, 429], live: ["POST /v1/posts/a/publish"] },
  },
  {
    name: "twelve connections at once share the limit",
    incident: LIMITER,
    key: "limited",
    connections: 12,
    bytes: request(),
    outcome: { statuses: [200, 200, 200, ...Array(9).fill(429)], live: GETS },
  },
  {
    name: "an origin's own limit is not taken for the gateway's",
    incident: LIMITER,
    originAnswers: [
      ["X-RateLimit-Remaining", "9999"],
      ["RateLimit", '"x";r=9999'],
    ],
    outcome: {
      statuses: [200],
      live: ["GET /v1/posts"],
      answered: { "X-RateLimit-Remaining": null, RateLimit: null },
    },
  },
];
