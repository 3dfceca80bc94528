/**
 * A request target that names a host: absolute, protocol-relative, with userinfo, or one that extends the origin's host
 * when it is appended to it.
 *
 * The gateway contacts two hosts, both from its settings. Nothing in a target except its path changes that.
 */
import { type Attack, FORBIDDEN, harmless, MALFORMED, NOT_FOUND, NOT_HTTP } from "../attack.ts";

const APACHE_AT = "CVE-2011-3368, Apache httpd";
const APACHE_SSRF = "CVE-2021-40438, Apache httpd";
const OPA = "CVE-2026-26205, OPA-Envoy";

const target = (name: string, incident: string, target: string, outcome: Attack["outcome"]): Attack => ({
  name,
  incident,
  target,
  outcome,
});

export const REQUEST_TARGET: readonly Attack[] = [
  target("a target that starts with @host is refused", APACHE_AT, "@{decoy}/v1/posts", NOT_HTTP),
  target("a target that starts with :x@host is refused", APACHE_AT, ":x@{decoy}/v1/posts", NOT_HTTP),
  target("/@host contacts no other host", APACHE_AT, "/@{decoy}/v1/posts", NOT_FOUND),
  target("a port after the path contacts no other host", APACHE_AT, "/v1/posts:@{decoy}", MALFORMED),
  target("a target that starts with .host is refused", APACHE_AT, ".{decoy}/v1/posts", NOT_HTTP),
  target("unix: before a URL contacts no other host", APACHE_SSRF, "/?unix:AAAA|http://{decoy}/", NOT_FOUND),
  target(
    "unix: before a URL in a query is only a query",
    APACHE_SSRF,
    "/v1/posts?unix:AAAA|http://{decoy}/",
    harmless("GET /v1/posts?unix:AAAA|http://{decoy}/"),
  ),
  target("//host is not served", OPA, "//{decoy}/v1/posts", NOT_FOUND),
  target("//host before a path does not hide the first segment", OPA, "//v1/accounts/posts", NOT_FOUND),
  target("///host is not served", OPA, "///{decoy}/v1/posts", NOT_FOUND),
  target("/\\host is not served", OPA, "/\\{decoy}/v1/posts", NOT_FOUND),
  target("http: without slashes is refused", OPA, "http:{decoy}/v1/posts", NOT_HTTP),
  {
    name: "another host in absolute form is ignored",
    incident: APACHE_SSRF,
    target: "http://{decoy}/v1/posts",
    outcome: harmless("GET /v1/posts", { "X-Forwarded-Host": "{host}" }),
  },
  {
    name: "the other origin in absolute form is ignored",
    incident: APACHE_SSRF,
    target: "http://{sandbox}/v1/posts",
    outcome: harmless("GET /v1/posts", { "X-Forwarded-Host": "{host}" }),
  },
  {
    name: "absolute form needs the permission for its path",
    incident: APACHE_SSRF,
    key: "posts",
    target: "http://{decoy}/v1/accounts",
    outcome: FORBIDDEN,
  },
  {
    name: "userinfo in absolute form is not forwarded",
    incident: APACHE_AT,
    target: "http://forged:forged@{decoy}/v1/posts",
    outcome: harmless("GET /v1/posts"),
  },
  target("another scheme in absolute form is refused", APACHE_SSRF, "file:///etc/passwd", NOT_HTTP),
  target("a URL as a segment is refused", APACHE_SSRF, "/v1/http://{decoy}/v1/posts", MALFORMED),
  {
    name: "a redirect to another host is returned, not followed",
    incident: "CVE-2021-40438, Apache httpd",
    originStatus: 302,
    originHeaders: [["Location", "http://{decoy}/steal"]],
    outcome: {
      statuses: [302],
      live: ["GET /v1/posts"],
      responseHeaders: { Location: "http://{decoy}/steal" },
    },
  },
  {
    name: "a redirect to the origin's own address is rewritten",
    incident: "CVE-2021-40438, Apache httpd",
    originStatus: 302,
    originHeaders: [["Location", "http://{live}/v1/posts/post_1"]],
    outcome: {
      statuses: [302],
      live: ["GET /v1/posts"],
      responseHeaders: { Location: "https://{host}/v1/posts/post_1" },
    },
  },
];
