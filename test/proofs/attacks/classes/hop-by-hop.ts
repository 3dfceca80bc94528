/**
 * `Connection` as a means to remove headers that a server relies on, in both directions, and hop-by-hop headers that
 * would affect the next hop.
 */
import { type Attack, harmless } from "../attack.ts";

const TRAEFIK = "CVE-2021-32813, Traefik";
const TRAEFIK_AGAIN = "CVE-2024-45410, Traefik";
const APACHE = "CVE-2022-31813, Apache httpd";
const FABIO = "CVE-2025-48865, Fabio";

const TRUTH = { "X-Forwarded-Host": "{host}", "X-Forwarded-Proto": "https", Via: "1.1 octopost" };

const namedInConnection = (incident: string, ...names: string[]): Attack[] =>
  names.map((name) => ({
    name: `Connection: close, ${name} removes no header of the gateway`,
    incident,
    headers: [["Connection", `close, ${name}`]],
    outcome: harmless("GET /v1/posts", TRUTH),
  }));

const fromOrigin = (name: string, incident: string, value: string): Attack => ({
  name: `an origin's ${name} is not returned`,
  incident,
  originHeaders: [[name, value]],
  outcome: { statuses: [200], live: ["GET /v1/posts"], responseHeaders: { [name]: null } },
});

export const HOP_BY_HOP: readonly Attack[] = [
  ...namedInConnection(TRAEFIK, "X-Octopost-Account", "x-octopost-permissions", "X-Octopost-Assertion"),
  ...namedInConnection(TRAEFIK_AGAIN, "X-Forwarded-Host", "X-Forwarded-Proto", "X-Request-Id"),
  ...namedInConnection(APACHE, "X-Forwarded-For, X-Forwarded-Host, X-Forwarded-Server"),
  ...namedInConnection(FABIO, "Host", "Via", "Authorization"),
  {
    name: "Connection in two headers removes no header of the gateway",
    incident: FABIO,
    headers: [
      ["Connection", "close"],
      ["Connection", "X-Octopost-Key-Id, X-Octopost-Mode"],
    ],
    outcome: harmless("GET /v1/posts", TRUTH),
  },
  {
    name: "a client's own headers named in Connection are not forwarded",
    incident: "RFC 9110, section 7.6.1",
    headers: [
      ["Connection", "close, Idempotency-Key, X-Client-Version"],
      ["Idempotency-Key", "1"],
      ["X-Client-Version", "2"],
    ],
    outcome: harmless("GET /v1/posts", { "Idempotency-Key": null, "X-Client-Version": null }),
  },
  ...["Keep-Alive", "Proxy-Connection", "TE", "Proxy-Authenticate", "Proxy-Authorization", "Trailer"].map(
    (name): Attack => ({
      name: `${name} is hop-by-hop and not forwarded`,
      incident: "RFC 9110, section 7.6.1",
      headers: [[name, "trailers"]],
      outcome: harmless("GET /v1/posts", { [name]: null }),
    }),
  ),
  fromOrigin("Proxy-Authenticate", "RFC 9110, section 11.7.1", 'Basic realm="inside"'),
  fromOrigin("Keep-Alive", "RFC 9110, section 7.6.1", "timeout=5, max=1000"),
  fromOrigin("Proxy-Connection", "RFC 9110, section 7.6.1", "keep-alive"),
  fromOrigin("Upgrade", "CVE-2026-2833, Pingora", "h2c"),
  {
    name: "headers that an origin names in Connection are not returned",
    incident: FABIO,
    originHeaders: [
      ["Connection", "X-Inside"],
      ["X-Inside", "{live}"],
    ],
    outcome: { statuses: [200], live: ["GET /v1/posts"], responseHeaders: { "X-Inside": null } },
  },
  {
    name: "an origin's Connection does not remove Cache-Control",
    incident: FABIO,
    originHeaders: [
      ["Connection", "Cache-Control"],
      ["Cache-Control", "public, max-age=60"],
    ],
    outcome: {
      statuses: [200],
      live: ["GET /v1/posts"],
      responseHeaders: { "Cache-Control": "private, no-store" },
    },
  },
];
