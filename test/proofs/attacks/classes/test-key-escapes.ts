/**
 * A test key on its way to real accounts: renamed, spoofed, by another host, by an endpoint that is live alone.
 *
 * Which origin is asked depends on the stored entry's mode, and on nothing that a request says.
 */
import { type Attack, UNAUTHORIZED } from "../attack.ts";

const AUDIENCE = "CVE-2025-62610, Hono";
const SPOOFED = "CVE-2025-64484, oauth2-proxy";

const inSandbox = (name: string, incident: string, more: Partial<Attack>): Attack => ({
  name,
  incident,
  key: "test",
  ...more,
  outcome: { statuses: [200], sandbox: [`${more.method ?? "GET"} /v1/posts`] },
});

export const TEST_KEY_ESCAPES: readonly Attack[] = [
  inSandbox("a test key is told as one", AUDIENCE, {}),
  inSandbox("X-Octopost-Mode: live makes no live key", SPOOFED, {
    headers: [
      ["X-Octopost-Mode", "live"],
      ["x_octopost_mode", "live"],
    ],
  }),
  ...["X-Environment", "X-Mode", "X-Livemode", "Stripe-Livemode", "X-Test-Mode"].map((name) =>
    inSandbox(`${name}: live makes no live key`, SPOOFED, { headers: [[name, "live"]] }),
  ),
  inSandbox("the live origin as Host makes no live key", "CVE-2026-2836, Pingora", { host: "{live}" }),
  inSandbox("the live origin in X-Forwarded-Host makes no live key", "CVE-2024-45410, Traefik", {
    headers: [["X-Forwarded-Host", "{live}"]],
  }),
  {
    name: "the live origin in absolute form makes no live key",
    incident: "CVE-2021-40438, Apache httpd",
    key: "test",
    target: "http://{live}/v1/posts",
    outcome: { statuses: [200], sandbox: ["GET /v1/posts"] },
  },
  {
    name: "a test key disconnects no real account",
    incident: AUDIENCE,
    key: "test",
    method: "DELETE",
    target: "/v1/accounts/acc_1",
    outcome: UNAUTHORIZED,
  },
  {
    name: "a test key disconnects no real account by dots either",
    incident: "CVE-2019-9901, Envoy",
    key: "test",
    method: "DELETE",
    target: "/v1/posts/../accounts/acc_1",
    outcome: UNAUTHORIZED,
  },
  {
    name: "an override makes no DELETE of a test key's POST",
    incident: "unionlabs/union#4962",
    key: "test",
    method: "POST",
    target: "/v1/accounts/acc_1",
    headers: [["X-HTTP-Method-Override", "DELETE"]],
    body: "{}",
    outcome: { statuses: [400], code: "bad_request", answered: { Allow: "GET, HEAD, DELETE" } },
  },
  {
    name: "a test key lacks permissions as a live one does",
    incident: AUDIENCE,
    key: "testPosts",
    target: "/v1/accounts",
    outcome: { statuses: [403], code: "forbidden" },
  },
  {
    name: "a test key that is renamed live is no key",
    incident: AUDIENCE,
    key: null,
    headers: [["Authorization", "Bearer {testAsLive}"]],
    outcome: UNAUTHORIZED,
  },
  {
    name: "a live key that is renamed test is no key",
    incident: AUDIENCE,
    key: null,
    headers: [["Authorization", "Bearer {liveAsTest}"]],
    outcome: UNAUTHORIZED,
  },
  {
    name: "a test key before a live one on one connection leaves no trace",
    incident: "CVE-2025-4366, Pingora",
    key: "test",
    bytes:
      "GET /v1/posts HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {test}\r\n\r\n" +
      "DELETE /v1/accounts/acc_1 HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {test}\r\n\r\n",
    outcome: { statuses: [200, 401], sandbox: ["GET /v1/posts"] },
  },
  {
    name: "a redirect of the sandbox to another origin is not followed",
    incident: "CVE-2021-40438, Apache httpd",
    key: "test",
    originStatus: 307,
    originAnswers: [["Location", "http://{elsewhere}/v1/accounts"]],
    outcome: { statuses: [307], sandbox: ["GET /v1/posts"] },
  },
];
