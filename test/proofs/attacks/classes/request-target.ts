/**
 * A request target that names a host: absolute, protocol-relative, with a user in it, or made to run on from the
 * host that the gateway puts before it.
 *
 * The gateway asks two hosts, which its settings name. What a target names besides a path changes nothing.
 */
import { type Attack, FORBIDDEN, harmless, MALFORMED, NOT_FOUND, NOT_HTTP } from "../attack.ts";

const APACHE_AT = "CVE-2011-3368, Apache httpd";
const APACHE_SSRF = "CVE-2021-40438, Apache httpd";
const OPA = "CVE-2026-26205, OPA-Envoy";

const to = (name: string, incident: string, target: string, outcome: Attack["outcome"]): Attack => ({
  name,
  incident,
  target,
  outcome,
});

export const REQUEST_TARGET: readonly Attack[] = [
  to("a target that begins with @ and a host contacts nobody", APACHE_AT, "@{elsewhere}/v1/posts", NOT_HTTP),
  to(
    "a target that begins with :x@ and a host contacts nobody",
    APACHE_AT,
    ":x@{elsewhere}/v1/posts",
    NOT_HTTP,
  ),
  to("/@host contacts nobody", APACHE_AT, "/@{elsewhere}/v1/posts", NOT_FOUND),
  to("a port behind the path contacts nobody", APACHE_AT, "/v1/posts:@{elsewhere}", MALFORMED),
  to("a target that begins with . and a host contacts nobody", APACHE_AT, ".{elsewhere}/v1/posts", NOT_HTTP),
  to("unix: before a URL contacts nobody", APACHE_SSRF, "/?unix:AAAA|http://{elsewhere}/", NOT_FOUND),
  to(
    "unix: before a URL in the query of an endpoint is a query, and no more",
    APACHE_SSRF,
    "/v1/posts?unix:AAAA|http://{elsewhere}/",
    harmless("GET /v1/posts?unix:AAAA|http://{elsewhere}/"),
  ),
  to("//host is a path that nobody serves", OPA, "//{elsewhere}/v1/posts", NOT_FOUND),
  to("//host before a path does not hide its first segment", OPA, "//v1/accounts/posts", NOT_FOUND),
  to("///host is a path that nobody serves", OPA, "///{elsewhere}/v1/posts", NOT_FOUND),
  to("/\\host is a path that nobody serves", OPA, "/\\{elsewhere}/v1/posts", NOT_FOUND),
  to("http: without slashes contacts nobody", OPA, "http:{elsewhere}/v1/posts", NOT_HTTP),
  {
    name: "another host in absolute form is not asked; the path counts",
    incident: APACHE_SSRF,
    target: "http://{elsewhere}/v1/posts",
    outcome: harmless("GET /v1/posts", { "X-Forwarded-Host": "{host}" }),
  },
  {
    name: "the other origin in absolute form is not asked",
    incident: APACHE_SSRF,
    target: "http://{sandbox}/v1/posts",
    outcome: harmless("GET /v1/posts", { "X-Forwarded-Host": "{host}" }),
  },
  {
    name: "absolute form needs the permission for its path",
    incident: APACHE_SSRF,
    key: "posts",
    target: "http://{elsewhere}/v1/accounts",
    outcome: FORBIDDEN,
  },
  {
    name: "a user and a password in absolute form reach nobody",
    incident: APACHE_AT,
    target: "http://forged:forged@{elsewhere}/v1/posts",
    outcome: harmless("GET /v1/posts"),
  },
  to("another scheme in absolute form is no request", APACHE_SSRF, "file:///etc/passwd", NOT_HTTP),
  to("a URL as a segment is no path", APACHE_SSRF, "/v1/http://{elsewhere}/v1/posts", MALFORMED),
  {
    name: "a redirect to another host is the client's to follow, not the gateway's",
    incident: "CVE-2021-40438, Apache httpd",
    originStatus: 302,
    originAnswers: [["Location", "http://{elsewhere}/steal"]],
    outcome: {
      statuses: [302],
      live: ["GET /v1/posts"],
      answered: { Location: "http://{elsewhere}/steal" },
    },
  },
  {
    name: "a redirect to the origin's own address does not tell it",
    incident: "CVE-2021-40438, Apache httpd",
    originStatus: 302,
    originAnswers: [["Location", "http://{live}/v1/posts/post_1"]],
    outcome: {
      statuses: [302],
      live: ["GET /v1/posts"],
      answered: { Location: "http://{host}/v1/posts/post_1" },
    },
  },
];
