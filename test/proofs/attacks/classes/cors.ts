/**
 * A page of another origin that tries to read responses in a visitor's name.
 *
 * Keys are for servers: the gateway grants no origin anything by CORS, and requires the key before anything else.
 */
import type { Header } from "../../../support/raw-http.ts";
import { type Attack, refused, UNAUTHORIZED } from "../attack.ts";

const HONO = "CVE-2026-54290, Hono";
const FIBER = "CVE-2024-25124, Fiber";
const NOTHING_ALLOWED = {
  "Access-Control-Allow-Origin": null,
  "Access-Control-Allow-Credentials": null,
  "Access-Control-Allow-Headers": null,
};

const PREFLIGHT: readonly Header[] = [
  ["Access-Control-Request-Method", "DELETE"],
  ["Access-Control-Request-Headers", "authorization"],
];

export const CORS: readonly Attack[] = [
  ...["https://evil.example", "null", "http://localhost", "https://octopost.ink.evil.example", "*"].map(
    (origin): Attack => ({
      name: `a response to a page of ${origin} has no CORS headers`,
      incident: HONO,
      headers: [["Origin", origin]],
      outcome: {
        statuses: [200],
        live: ["GET /v1/posts"],
        responseHeaders: NOTHING_ALLOWED,
        forwardedHeaders: { Origin: null },
      },
    }),
  ),
  ...["https://evil.example", "null"].map(
    (origin): Attack => ({
      name: `a refusal to a page of ${origin} has no CORS headers`,
      incident: FIBER,
      key: null,
      headers: [["Origin", origin]],
      outcome: { ...UNAUTHORIZED, responseHeaders: NOTHING_ALLOWED },
    }),
  ),
  {
    name: "a preflight without a key gets 401",
    incident: FIBER,
    key: null,
    method: "OPTIONS",
    headers: [["Origin", "https://evil.example"], ...PREFLIGHT],
    outcome: { ...UNAUTHORIZED, responseHeaders: NOTHING_ALLOWED },
  },
  {
    name: "a preflight with a key gets no CORS headers",
    incident: HONO,
    method: "OPTIONS",
    headers: [["Origin", "https://evil.example"], ...PREFLIGHT],
    outcome: refused(400, "bad_request", NOTHING_ALLOWED),
  },
  {
    name: "a preflight to the control plane gets 401",
    incident: HONO,
    key: null,
    method: "OPTIONS",
    target: "/control/v1/accounts/attacker/keys",
    headers: [["Origin", "https://evil.example"], ...PREFLIGHT],
    outcome: { ...UNAUTHORIZED, responseHeaders: NOTHING_ALLOWED },
  },
  {
    name: "a cross-site form post to the control plane gets 401",
    incident: HONO,
    key: null,
    method: "POST",
    target: "/control/v1/accounts/attacker/keys",
    headers: [
      ["Origin", "https://evil.example"],
      ["Content-Type", "text/plain"],
    ],
    body: '{"name":"x","mode":"live"}',
    outcome: { ...UNAUTHORIZED, responseHeaders: NOTHING_ALLOWED },
  },
];
