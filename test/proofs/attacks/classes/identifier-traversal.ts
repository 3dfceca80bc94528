/**
 * An id that is a path: what the origin would put into a query, a file name or a call to a third service.
 *
 * An id is one segment of plain characters, up to 128 of them.
 */
import { type Attack, FORBIDDEN, harmless, MALFORMED, NOT_FOUND } from "../attack.ts";

const REWRITTEN = "CVE-2026-65600, Traefik";
const ENCODED = "GHSA-gm3x-23wp-hc2c, Traefik";

export const IDENTIFIER_TRAVERSAL: readonly Attack[] = [
  {
    name: "an id of dots is where the dots lead, not an id",
    incident: REWRITTEN,
    key: "posts",
    target: "/v1/posts/..",
    outcome: MALFORMED,
  },
  {
    name: "an id that climbs to another resource is judged as that",
    incident: REWRITTEN,
    key: "posts",
    target: "/v1/posts/x/../../webhooks",
    outcome: FORBIDDEN,
  },
  {
    name: "an id that climbs to a write is judged as that write",
    incident: REWRITTEN,
    key: "posts",
    method: "POST",
    target: "/v1/posts/x/publish/../../y/publish",
    outcome: FORBIDDEN,
  },
  ...["..%2faccounts", "..%5caccounts", "%2e%2e%2faccounts", "..%252faccounts", "..%c0%afaccounts"].map(
    (id): Attack => ({
      name: `${id} is no id`,
      incident: ENCODED,
      target: `/v1/posts/${id}`,
      outcome: MALFORMED,
    }),
  ),
  ...[";accounts", "x;jsessionid=1", "x.json", "x.css", "x:y", "x@y", "x,y", "*", "x'--", "$ne", "~root"].map(
    (id): Attack => ({
      name: `${id} is no id: it has a character that somebody gives a meaning`,
      incident: "CVE-2026-48020, Traefik",
      target: `/v1/posts/${id}`,
      outcome: MALFORMED,
    }),
  ),
  {
    name: "an id of 129 characters is none",
    incident: "CVE-2019-15226, Envoy",
    target: `/v1/posts/${"a".repeat(129)}`,
    outcome: MALFORMED,
  },
  {
    name: "an empty id is not the list",
    incident: "CVE-2026-27880, Grafana",
    target: "/v1/posts/",
    outcome: MALFORMED,
  },
  {
    name: "an empty id in the middle is not passed over",
    incident: "CVE-2026-27880, Grafana",
    method: "POST",
    target: "/v1/posts//publish",
    outcome: MALFORMED,
  },
  {
    name: "a word that is an action elsewhere is an id here, and no more",
    incident: REWRITTEN,
    key: "posts",
    target: "/v1/posts/publish",
    outcome: harmless("GET /v1/posts/publish"),
  },
  {
    name: "a deeper path than any row has leads nowhere",
    incident: REWRITTEN,
    target: "/v1/posts/post_1/publish/now",
    outcome: NOT_FOUND,
  },
];
