/**
 * An id that contains a path, which an origin might use in a query, a file name or a call to a third service.
 *
 * An id is one segment of 1 to 128 plain characters.
 */
import { type Attack, FORBIDDEN, harmless, MALFORMED, NOT_FOUND } from "../attack.ts";

const REWRITTEN = "CVE-2026-65600, Traefik";
const ENCODED = "GHSA-gm3x-23wp-hc2c, Traefik";

export const IDENTIFIER_TRAVERSAL: readonly Attack[] = [
  {
    name: "a dot segment as id is resolved, not an id",
    incident: REWRITTEN,
    key: "posts",
    target: "/v1/posts/..",
    outcome: MALFORMED,
  },
  {
    name: "dot segments in an id are judged as the resource they lead to",
    incident: REWRITTEN,
    key: "posts",
    target: "/v1/posts/x/../../webhooks",
    outcome: FORBIDDEN,
  },
  {
    name: "dot segments in an id are judged as the write they lead to",
    incident: REWRITTEN,
    key: "posts",
    method: "POST",
    target: "/v1/posts/x/publish/../../y/publish",
    outcome: FORBIDDEN,
  },
  ...["..%2faccounts", "..%5caccounts", "%2e%2e%2faccounts", "..%252faccounts", "..%c0%afaccounts"].map(
    (id): Attack => ({
      name: `${id} is not an id`,
      incident: ENCODED,
      target: `/v1/posts/${id}`,
      outcome: MALFORMED,
    }),
  ),
  ...[";accounts", "x;jsessionid=1", "x.json", "x.css", "x:y", "x@y", "x,y", "*", "x'--", "$ne", "~root"].map(
    (id): Attack => ({
      name: `${id} is not an id: it has a reserved character`,
      incident: "CVE-2026-48020, Traefik",
      target: `/v1/posts/${id}`,
      outcome: MALFORMED,
    }),
  ),
  {
    name: "an id of 129 characters is refused",
    incident: "CVE-2019-15226, Envoy",
    target: `/v1/posts/${"a".repeat(129)}`,
    outcome: MALFORMED,
  },
  {
    name: "an empty id is not the collection",
    incident: "CVE-2026-27880, Grafana",
    target: "/v1/posts/",
    outcome: MALFORMED,
  },
  {
    name: "an empty segment is not skipped",
    incident: "CVE-2026-27880, Grafana",
    method: "POST",
    target: "/v1/posts//publish",
    outcome: MALFORMED,
  },
  {
    name: "an action name in the place of an id is an id",
    incident: REWRITTEN,
    key: "posts",
    target: "/v1/posts/publish",
    outcome: harmless("GET /v1/posts/publish"),
  },
  {
    name: "a path deeper than any row is not served",
    incident: REWRITTEN,
    target: "/v1/posts/post_1/publish/now",
    outcome: NOT_FOUND,
  },
];
