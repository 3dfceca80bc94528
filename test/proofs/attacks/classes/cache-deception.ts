/**
 * Web cache deception: a private response that looks like a static file to a cache on the way, or is cached under a key
 * that leaves out what made it private.
 */
import { type Attack, MALFORMED, NOT_FOUND } from "../attack.ts";

const GIL = "Gil, 2017: web cache deception";
const PRIVATE = { "Cache-Control": "private, no-store" };

const disguised = (target: string, outcome: Attack["outcome"] = MALFORMED): Attack => ({
  name: `${target} is not served`,
  incident: GIL,
  target,
  outcome: { ...outcome, responseHeaders: { "Cache-Control": "no-store" } },
});

const cacheable = (
  name: string,
  headers: Attack["originHeaders"],
  request: Partial<Attack> = {},
): Attack => ({
  name,
  incident: "CVE-2026-2836, Pingora",
  ...request,
  originHeaders: headers ?? [],
  outcome: { statuses: [200], live: [`GET ${request.target ?? "/v1/posts"}`], responseHeaders: PRIVATE },
});

export const CACHE_DECEPTION: readonly Attack[] = [
  disguised("/v1/posts/x.css"),
  disguised("/v1/posts.js"),
  disguised("/v1/posts;x.css"),
  disguised("/v1/posts%0Ax.css"),
  disguised("/v1/posts%3Fx.css"),
  disguised("/v1/posts%00x.css"),
  disguised("/v1/posts/%2e%2e%2fstatic/x.js"),
  disguised("/static/..%2fv1/posts", NOT_FOUND),
  disguised("/v1/posts/robots.txt"),
  cacheable("an origin's Cache-Control: public is replaced", [["Cache-Control", "public, max-age=3600"]]),
  cacheable("an origin's s-maxage is replaced", [["Cache-Control", "s-maxage=60"]]),
  cacheable("an origin's Expires alone does not make a response public", [
    ["Expires", "Thu, 31 Dec 2099 00:00:00 GMT"],
  ]),
  cacheable("private for a single header does not count as private", [
    ["Cache-Control", 'private="set-cookie"'],
  ]),
  cacheable("a response to a query that looks like a file name is private", [["Cache-Control", "public"]], {
    target: "/v1/posts?x.css",
  }),
  {
    name: "an origin's CDN-Cache-Control is removed",
    incident: "RFC 9213, section 2",
    originHeaders: [["CDN-Cache-Control", "max-age=3600"]],
    outcome: {
      statuses: [200],
      live: ["GET /v1/posts"],
      responseHeaders: { ...PRIVATE, "CDN-Cache-Control": null },
    },
  },
  {
    name: "an origin's Cloudflare-CDN-Cache-Control is removed",
    incident: "RFC 9213, section 3",
    originHeaders: [["Cloudflare-CDN-Cache-Control", "max-age=3600"]],
    outcome: {
      statuses: [200],
      live: ["GET /v1/posts"],
      responseHeaders: { ...PRIVATE, "Cloudflare-CDN-Cache-Control": null },
    },
  },
  {
    name: "a refusal is not cacheable",
    incident: "CVE-2026-2836, Pingora",
    key: null,
    outcome: { statuses: [401], code: "unauthorized", responseHeaders: { "Cache-Control": "no-store" } },
  },
  {
    name: "a response is not reused for the next client on the connection",
    incident: "CVE-2026-2836, Pingora",
    key: "posts",
    bytes:
      "GET /v1/posts HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {posts}\r\n\r\n" +
      "GET /v1/posts HTTP/1.1\r\nHost: {host}\r\n\r\n",
    outcome: { statuses: [200, 401], live: ["GET /v1/posts"] },
  },
  {
    name: "only-if-cached finds no cached response",
    incident: "CVE-2026-2836, Pingora",
    key: null,
    headers: [["Cache-Control", "only-if-cached, max-stale=99999"]],
    outcome: { statuses: [401], code: "unauthorized" },
  },
];
