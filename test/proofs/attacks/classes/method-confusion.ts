/**
 * A method that the check does not know, or that the origin reads as another one.
 *
 * Only the method on the request line counts, case-sensitively, and only if the table has a row for it; HEAD counts as GET.
 */
import { type Attack, FORBIDDEN, harmless, MALFORMED, refused } from "../attack.ts";

const JBOSS = "CVE-2010-0738, JBoss";
const OVERRIDE = "unionlabs/union#4962";

export const METHOD_CONFUSION: readonly Attack[] = [
  {
    name: "HEAD needs the permission of GET",
    incident: JBOSS,
    key: "posts",
    method: "HEAD",
    target: "/v1/accounts",
    outcome: { statuses: [403] },
  },
  {
    name: "HEAD with the permission is forwarded as HEAD",
    incident: JBOSS,
    key: "posts",
    method: "HEAD",
    outcome: harmless("HEAD /v1/posts"),
  },
  {
    name: "HEAD is refused where GET is",
    incident: JBOSS,
    method: "HEAD",
    target: "/v1/posts/post_1/publish",
    outcome: { statuses: [400], responseHeaders: { Allow: "POST" } },
  },
  ...["PATCH", "OPTIONS", "TRACE", "PROPFIND", "MERGE", "SEARCH", "LOCK"].map(
    (method): Attack => ({
      name: `${method} is refused without a row`,
      incident: JBOSS,
      method,
      outcome: refused(400, "bad_request", { Allow: "GET, HEAD, POST" }),
    }),
  ),
  ...["get", "Post", "FOO", "GETX"].map(
    (method): Attack => ({
      name: `${method} is not a method`,
      incident: JBOSS,
      method,
      outcome: { statuses: [501] },
    }),
  ),
  ...["X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override", "X_HTTP_METHOD_OVERRIDE"].map(
    (name): Attack => ({
      name: `${name} does not turn a GET into a DELETE`,
      incident: OVERRIDE,
      key: "posts",
      target: "/v1/posts/post_1",
      headers: [[name, "DELETE"]],
      outcome: harmless("GET /v1/posts/post_1", { [name]: null }),
    }),
  ),
  {
    name: "X-HTTP-Method-Override does not turn a POST into a GET",
    incident: OVERRIDE,
    key: "posts",
    method: "POST",
    headers: [["X-HTTP-Method-Override", "GET"]],
    body: "{}",
    outcome: FORBIDDEN,
  },
  {
    name: "_method in the query does not change the method",
    incident: "coreruleset/coreruleset#4416",
    key: "posts",
    target: "/v1/posts/post_1?_method=DELETE",
    outcome: harmless("GET /v1/posts/post_1?_method=DELETE"),
  },
  {
    name: "_method in a body does not change the permission of its POST",
    incident: "coreruleset/coreruleset#4416",
    key: "posts",
    method: "POST",
    target: "/v1/posts",
    headers: [["Content-Type", "application/x-www-form-urlencoded"]],
    body: "_method=GET",
    outcome: FORBIDDEN,
  },
  {
    name: "a GET with a body is refused",
    incident: "RFC 9110, section 9.3.1",
    body: "_method=DELETE",
    outcome: MALFORMED,
  },
  {
    name: "CONNECT opens no tunnel",
    incident: "CVE-2018-1002105, Kubernetes",
    bytes: "CONNECT {decoy} HTTP/1.1\r\nHost: {decoy}\r\nAuthorization: Bearer {full}\r\n\r\n",
    outcome: { statuses: [500] },
  },
];
