/**
 * A private answer made to look like a file that a cache on the way may keep, or kept under a key that leaves out
 * what made it.
 */
import { type Attack, MALFORMED, NOT_FOUND } from "../attack.ts";

const GIL = "Gil, 2017: web cache deception";
const PRIVATE = { "Cache-Control": "private, no-store" };

const disguised = (target: string, outcome: Attack["outcome"] = MALFORMED): Attack => ({
  name: `${target} is nothing that is served`,
  incident: GIL,
  target,
  outcome: { ...outcome, answered: { "Cache-Control": "no-store" } },
});

const cacheable = (
  name: string,
  headers: Attack["originAnswers"],
  request: Partial<Attack> = {},
): Attack => ({
  name,
  incident: "CVE-2026-2836, Pingora",
  ...request,
  originAnswers: headers ?? [],
  outcome: { statuses: [200], live: [`GET ${request.target ?? "/v1/posts"}`], answered: PRIVATE },
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
  cacheable("public from the origin does not leave", [["Cache-Control", "public, max-age=3600"]]),
  cacheable("s-maxage from the origin does not leave", [["Cache-Control", "s-maxage=60"]]),
  cacheable("an Expires alone does not make an answer public", [
    ["Expires", "Thu, 31 Dec 2099 00:00:00 GMT"],
  ]),
  cacheable("private for one header alone is not private", [["Cache-Control", 'private="set-cookie"']]),
  cacheable("an answer to a path that ends as a file's query is private", [["Cache-Control", "public"]], {
    target: "/v1/posts?x.css",
  }),
  {
    name: "what an origin says to a CDN alone still leaves the answer private",
    incident: "RFC 9213, section 2",
    originAnswers: [["CDN-Cache-Control", "max-age=3600"]],
    outcome: {
      statuses: [200],
      live: ["GET /v1/posts"],
      answered: { ...PRIVATE, "CDN-Cache-Control": null },
    },
  },
  {
    name: "what an origin says to Cloudflare alone still leaves the answer private",
    incident: "RFC 9213, section 3",
    originAnswers: [["Cloudflare-CDN-Cache-Control", "max-age=3600"]],
    outcome: {
      statuses: [200],
      live: ["GET /v1/posts"],
      answered: { ...PRIVATE, "Cloudflare-CDN-Cache-Control": null },
    },
  },
  {
    name: "a refusal is kept by nobody",
    incident: "CVE-2026-2836, Pingora",
    key: null,
    outcome: { statuses: [401], code: "unauthorized", answered: { "Cache-Control": "no-store" } },
  },
  {
    name: "one caller's answer is not the next one's",
    incident: "CVE-2026-2836, Pingora",
    key: "posts",
    bytes:
      "GET /v1/posts HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {posts}\r\n\r\n" +
      "GET /v1/posts HTTP/1.1\r\nHost: {host}\r\n\r\n",
    outcome: { statuses: [200, 401], live: ["GET /v1/posts"] },
  },
  {
    name: "only-if-cached finds no cache",
    incident: "CVE-2026-2836, Pingora",
    key: null,
    headers: [["Cache-Control", "only-if-cached, max-stale=99999"]],
    outcome: { statuses: [401], code: "unauthorized" },
  },
];
