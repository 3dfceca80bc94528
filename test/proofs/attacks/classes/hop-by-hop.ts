/**
 * `Connection` used to take headers away that somebody relies on, in both directions, and hop-by-hop headers that
 * would speak to the next hop.
 */
import { type Attack, harmless } from "../attack.ts";

const TRAEFIK = "CVE-2021-32813, Traefik";
const TRAEFIK_AGAIN = "CVE-2024-45410, Traefik";
const APACHE = "CVE-2022-31813, Apache httpd";
const FABIO = "CVE-2025-48865, Fabio";

const TRUTH = { "X-Forwarded-Host": "{host}", "X-Forwarded-Proto": "http", Via: "1.1 octopost" };

const dropping = (incident: string, ...names: string[]): Attack[] =>
  names.map((name) => ({
    name: `Connection: close, ${name} takes nothing away from what the gateway says`,
    incident,
    headers: [["Connection", `close, ${name}`]],
    outcome: harmless("GET /v1/posts", TRUTH),
  }));

const fromOrigin = (name: string, incident: string, value: string): Attack => ({
  name: `${name} of the origin's stays between the gateway and the origin`,
  incident,
  originAnswers: [[name, value]],
  outcome: { statuses: [200], live: ["GET /v1/posts"], answered: { [name]: null } },
});

export const HOP_BY_HOP: readonly Attack[] = [
  ...dropping(TRAEFIK, "X-Octopost-Account", "x-octopost-permissions", "X-Octopost-Assertion"),
  ...dropping(TRAEFIK_AGAIN, "X-Forwarded-Host", "X-Forwarded-Proto", "X-Request-Id"),
  ...dropping(APACHE, "X-Forwarded-For, X-Forwarded-Host, X-Forwarded-Server"),
  ...dropping(FABIO, "Host", "Via", "Authorization"),
  {
    name: "Connection in two headers takes nothing away either",
    incident: FABIO,
    headers: [
      ["Connection", "close"],
      ["Connection", "X-Octopost-Key-Id, X-Octopost-Mode"],
    ],
    outcome: harmless("GET /v1/posts", TRUTH),
  },
  {
    name: "what a client names in Connection of its own stays at the gateway",
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
      name: `${name} is for one connection and goes no further`,
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
    name: "what an origin names in Connection does not reach the client",
    incident: FABIO,
    originAnswers: [
      ["Connection", "X-Inside"],
      ["X-Inside", "{live}"],
    ],
    outcome: { statuses: [200], live: ["GET /v1/posts"], answered: { "X-Inside": null } },
  },
  {
    name: "an origin's Connection takes no Cache-Control away",
    incident: FABIO,
    originAnswers: [
      ["Connection", "Cache-Control"],
      ["Cache-Control", "public, max-age=60"],
    ],
    outcome: {
      statuses: [200],
      live: ["GET /v1/posts"],
      answered: { "Cache-Control": "private, no-store" },
    },
  },
];
