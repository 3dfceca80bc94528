/**
 * A method that the check does not know, or knows as another.
 *
 * Only the method on the request line counts, to the letter. A row for it must be in the table; HEAD is a GET.
 */
import { type Attack, FORBIDDEN, harmless, MALFORMED, refused } from "../attack.ts";

const JBOSS = "CVE-2010-0738, JBoss";
const OVERRIDE = "unionlabs/union#4962";

export const METHOD_CONFUSION: readonly Attack[] = [
  {
    name: "HEAD needs what GET needs",
    incident: JBOSS,
    key: "posts",
    method: "HEAD",
    target: "/v1/accounts",
    outcome: { statuses: [403] },
  },
  {
    name: "HEAD with the permission is a HEAD at the origin",
    incident: JBOSS,
    key: "posts",
    method: "HEAD",
    outcome: harmless("HEAD /v1/posts"),
  },
  {
    name: "HEAD is no way around a method that has no GET",
    incident: JBOSS,
    method: "HEAD",
    target: "/v1/posts/post_1/publish",
    outcome: { statuses: [400], answered: { Allow: "POST" } },
  },
  ...["PATCH", "OPTIONS", "TRACE", "PROPFIND", "MERGE", "SEARCH", "LOCK"].map(
    (method): Attack => ({
      name: `${method}, of which no row speaks, is let through by none`,
      incident: JBOSS,
      method,
      outcome: refused(400, "bad_request", { Allow: "GET, HEAD, POST" }),
    }),
  ),
  ...["get", "Post", "FOO", "GETX"].map(
    (method): Attack => ({
      name: `${method} is no method`,
      incident: JBOSS,
      method,
      outcome: { statuses: [501] },
    }),
  ),
  ...["X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override", "X_HTTP_METHOD_OVERRIDE"].map(
    (name): Attack => ({
      name: `${name} makes no DELETE of a GET`,
      incident: OVERRIDE,
      key: "posts",
      target: "/v1/posts/post_1",
      headers: [[name, "DELETE"]],
      outcome: harmless("GET /v1/posts/post_1", { [name]: null }),
    }),
  ),
  {
    name: "X-HTTP-Method-Override makes no GET of a POST",
    incident: OVERRIDE,
    key: "posts",
    method: "POST",
    headers: [["X-HTTP-Method-Override", "GET"]],
    body: "{}",
    outcome: FORBIDDEN,
  },
  {
    name: "_method in the query is the origin's to read, and the method stays the one that was judged",
    incident: "coreruleset/coreruleset#4416",
    key: "posts",
    target: "/v1/posts/post_1?_method=DELETE",
    outcome: harmless("GET /v1/posts/post_1?_method=DELETE"),
  },
  {
    name: "_method in a body needs the permission of the POST that carries it",
    incident: "coreruleset/coreruleset#4416",
    key: "posts",
    method: "POST",
    target: "/v1/posts",
    headers: [["Content-Type", "application/x-www-form-urlencoded"]],
    body: "_method=GET",
    outcome: FORBIDDEN,
  },
  {
    name: "a GET with a body is refused, not sent without it",
    incident: "RFC 9110, section 9.3.1",
    body: "_method=DELETE",
    outcome: MALFORMED,
  },
  {
    name: "CONNECT opens no tunnel",
    incident: "CVE-2018-1002105, Kubernetes",
    bytes: "CONNECT {elsewhere} HTTP/1.1\r\nHost: {elsewhere}\r\nAuthorization: Bearer {full}\r\n\r\n",
    outcome: { statuses: [500] },
  },
];
