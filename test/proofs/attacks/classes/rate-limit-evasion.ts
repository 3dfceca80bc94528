/**
 * A request above the limit, disguised: another address, spelling, method or path, or many connections at once.
 *
 * Only the key counts. Each attack has a new key, with limits of three requests a minute and one publish an hour.
 */
import type { Attack } from "../attack.ts";

const ADDRESS = "CVE-2022-24112, Apache APISIX";
const LIMITER = "long2ice/fastapi-limiter#9";

const request = (line = "GET /v1/posts", headers = "", scheme = "Bearer"): string =>
  `${line} HTTP/1.1\r\nHost: {host}\r\nAuthorization: ${scheme} {limited}\r\n${headers}\r\n`;

const GETS = ["GET /v1/posts", "GET /v1/posts", "GET /v1/posts"];

const aboveLimit = (name: string, incident: string, last: string): Attack => ({
  name,
  incident,
  key: "limited",
  bytes: request().repeat(3) + last,
  outcome: { statuses: [200, 200, 200, 429], live: GETS },
});

export const RATE_LIMIT_EVASION: readonly Attack[] = [
  aboveLimit("the request above the limit gets 429", LIMITER, request()),
  ...["X-Forwarded-For", "X-Real-IP", "X-Originating-IP", "Client-IP", "True-Client-IP", "Forwarded"].map(
    (name) =>
      aboveLimit(
        `another address in ${name} counts against the same limit`,
        ADDRESS,
        request("GET /v1/posts", `${name}: 203.0.113.9\r\n`),
      ),
  ),
  aboveLimit(
    "another CF-Connecting-IP counts against the same limit",
    ADDRESS,
    request("GET /v1/posts", "CF-Connecting-IP: 203.0.113.9\r\n"),
  ),
  aboveLimit(
    "another X-Octopost-Account counts against the same limit",
    "CVE-2025-64484, oauth2-proxy",
    request("GET /v1/posts", "X-Octopost-Account: other\r\n"),
  ),
  aboveLimit(
    "the scheme in another case counts against the same limit",
    "CVE-2021-39155, Istio",
    request("GET /v1/posts", "", "bEaReR"),
  ),
  aboveLimit("more spaces count against the same limit", LIMITER, request("GET /v1/posts", "", "Bearer   ")),
  aboveLimit("another query counts against the same limit", LIMITER, request("GET /v1/posts?x=1")),
  aboveLimit("another endpoint counts against the same limit", LIMITER, request("GET /v1/accounts")),
  aboveLimit(
    "dot segments count against the same limit",
    "CVE-2019-9901, Envoy",
    request("GET /v1/x/../posts"),
  ),
  aboveLimit("an unknown path counts against the limit", LIMITER, request("GET /v1/nothing")),
  aboveLimit(
    "an unknown method counts against the limit",
    "CVE-2010-0738, JBoss",
    request("OPTIONS /v1/posts"),
  ),
  aboveLimit(
    "another User-Agent counts against the same limit",
    LIMITER,
    request("GET /v1/posts", "User-Agent: other\r\n"),
  ),
  {
    name: "HEAD counts like GET",
    incident: "CVE-2010-0738, JBoss",
    key: "limited",
    bytes: request("HEAD /v1/posts").repeat(3) + request(),
    outcome: {
      statuses: [200, 200, 200, 429],
      live: ["HEAD /v1/posts", "HEAD /v1/posts", "HEAD /v1/posts"],
    },
  },
  {
    name: "refused requests count, so path guessing is limited",
    incident: LIMITER,
    key: "limited",
    bytes: request("GET /v1/nothing") + request("PATCH /v1/posts") + request("GET /v1/nothing") + request(),
    outcome: { statuses: [404, 400, 404, 429] },
  },
  {
    name: "publishing another post counts against the same limit",
    incident: LIMITER,
    key: "limited",
    bytes:
      request("POST /v1/posts/a/publish", "Content-Length: 0\r\n") +
      request("POST /v1/posts/b/publish", "Content-Length: 0\r\n"),
    outcome: { statuses: [200, 429], live: ["POST /v1/posts/a/publish"] },
  },
  {
    name: "dot segments to publish count against the same limit",
    incident: "CVE-2019-9901, Envoy",
    key: "limited",
    bytes:
      request("POST /v1/posts/a/publish", "Content-Length: 0\r\n") +
      request("POST /v1/x/../posts/b/./publish", "Content-Length: 0\r\n"),
    outcome: { statuses: [200, 429], live: ["POST /v1/posts/a/publish"] },
  },
  {
    name: "twelve concurrent connections share the limit",
    incident: LIMITER,
    key: "limited",
    connections: 12,
    bytes: request(),
    outcome: { statuses: [200, 200, 200, ...Array(9).fill(429)], live: GETS },
  },
  {
    name: "an origin's own rate-limit headers are not returned",
    incident: LIMITER,
    originHeaders: [
      ["X-RateLimit-Remaining", "9999"],
      ["RateLimit", '"x";r=9999'],
    ],
    outcome: {
      statuses: [200],
      live: ["GET /v1/posts"],
      responseHeaders: { "X-RateLimit-Remaining": null, RateLimit: null },
    },
  },
];
