/**
 * A web page of somebody else's that wants to read answers in a visitor's name.
 *
 * Keys are for servers: the gateway itself allows no page anything, and asks for the key before all else.
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
      name: `an answer to a page of ${origin} allows it nothing`,
      incident: HONO,
      headers: [["Origin", origin]],
      outcome: {
        statuses: [200],
        live: ["GET /v1/posts"],
        answered: NOTHING_ALLOWED,
        seen: { Origin: null },
      },
    }),
  ),
  ...["https://evil.example", "null"].map(
    (origin): Attack => ({
      name: `a refusal to a page of ${origin} allows it nothing`,
      incident: FIBER,
      key: null,
      headers: [["Origin", origin]],
      outcome: { ...UNAUTHORIZED, answered: NOTHING_ALLOWED },
    }),
  ),
  {
    name: "a preflight without a key is a request without a key",
    incident: FIBER,
    key: null,
    method: "OPTIONS",
    headers: [["Origin", "https://evil.example"], ...PREFLIGHT],
    outcome: { ...UNAUTHORIZED, answered: NOTHING_ALLOWED },
  },
  {
    name: "a preflight with a key allows nothing either",
    incident: HONO,
    method: "OPTIONS",
    headers: [["Origin", "https://evil.example"], ...PREFLIGHT],
    outcome: refused(400, "bad_request", NOTHING_ALLOWED),
  },
  {
    name: "a preflight to manage keys allows nothing",
    incident: HONO,
    key: null,
    method: "OPTIONS",
    target: "/control/v1/accounts/attacker/keys",
    headers: [["Origin", "https://evil.example"], ...PREFLIGHT],
    outcome: { ...UNAUTHORIZED, answered: NOTHING_ALLOWED },
  },
  {
    name: "a form of another page makes no key: without the token it is 401",
    incident: HONO,
    key: null,
    method: "POST",
    target: "/control/v1/accounts/attacker/keys",
    headers: [
      ["Origin", "https://evil.example"],
      ["Content-Type", "text/plain"],
    ],
    body: '{"name":"x","mode":"live"}',
    outcome: { ...UNAUTHORIZED, answered: NOTHING_ALLOWED },
  },
];
