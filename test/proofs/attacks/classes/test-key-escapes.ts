/**
 * A test key that tries to reach the live origin: renamed, spoofed, by another host, or by a live-only endpoint.
 *
 * The mode of the stored record alone selects the origin.
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
  inSandbox("a test key reaches the sandbox", AUDIENCE, {}),
  inSandbox("X-Octopost-Mode: live does not change the mode", SPOOFED, {
    headers: [
      ["X-Octopost-Mode", "live"],
      ["x_octopost_mode", "live"],
    ],
  }),
  ...["X-Environment", "X-Mode", "X-Livemode", "Stripe-Livemode", "X-Test-Mode"].map((name) =>
    inSandbox(`${name}: live does not change the mode`, SPOOFED, { headers: [[name, "live"]] }),
  ),
  inSandbox("the live origin as Host does not change the mode", "CVE-2026-2836, Pingora", { host: "{live}" }),
  inSandbox("the live origin in X-Forwarded-Host does not change the mode", "CVE-2024-45410, Traefik", {
    headers: [["X-Forwarded-Host", "{live}"]],
  }),
  {
    name: "the live origin in absolute form does not change the mode",
    incident: "CVE-2021-40438, Apache httpd",
    key: "test",
    target: "http://{live}/v1/posts",
    outcome: { statuses: [200], sandbox: ["GET /v1/posts"] },
  },
  {
    name: "a test key cannot disconnect a real account",
    incident: AUDIENCE,
    key: "test",
    method: "DELETE",
    target: "/v1/accounts/acc_1",
    outcome: UNAUTHORIZED,
  },
  {
    name: "a test key cannot disconnect a real account by dot segments",
    incident: "CVE-2019-9901, Envoy",
    key: "test",
    method: "DELETE",
    target: "/v1/posts/../accounts/acc_1",
    outcome: UNAUTHORIZED,
  },
  {
    name: "a method override does not turn a test key's POST into a DELETE",
    incident: "unionlabs/union#4962",
    key: "test",
    method: "POST",
    target: "/v1/accounts/acc_1",
    headers: [["X-HTTP-Method-Override", "DELETE"]],
    body: "{}",
    outcome: { statuses: [400], code: "bad_request", responseHeaders: { Allow: "GET, HEAD, DELETE" } },
  },
  {
    name: "a test key needs permissions like a live key",
    incident: AUDIENCE,
    key: "testPosts",
    target: "/v1/accounts",
    outcome: { statuses: [403], code: "forbidden" },
  },
  {
    name: "a test key with a live prefix is refused",
    incident: AUDIENCE,
    key: null,
    headers: [["Authorization", "Bearer {testAsLive}"]],
    outcome: UNAUTHORIZED,
  },
  {
    name: "a live key with a test prefix is refused",
    incident: AUDIENCE,
    key: null,
    headers: [["Authorization", "Bearer {liveAsTest}"]],
    outcome: UNAUTHORIZED,
  },
  {
    name: "an earlier request on the connection does not change the mode",
    incident: "CVE-2025-4366, Pingora",
    key: "test",
    bytes:
      "GET /v1/posts HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {test}\r\n\r\n" +
      "DELETE /v1/accounts/acc_1 HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {test}\r\n\r\n",
    outcome: { statuses: [200, 401], sandbox: ["GET /v1/posts"] },
  },
  {
    name: "a redirect from the sandbox is not followed",
    incident: "CVE-2021-40438, Apache httpd",
    key: "test",
    originStatus: 307,
    originHeaders: [["Location", "http://{decoy}/v1/accounts"]],
    outcome: { statuses: [307], sandbox: ["GET /v1/posts"] },
  },
];
