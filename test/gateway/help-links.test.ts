// With DOCS_URL, every refusal of the gateway, the control plane and the key page links to its code. Without it, none
// does; what an origin answers stays as it is.

import { afterAll, beforeAll, expect, test } from "vitest";
import type { IssuedKey } from "../support/control-client.ts";
import { type GatewayCluster, startCluster } from "../support/gateway-cluster.ts";
import { reply } from "../support/origin-behaviours.ts";
import { type Header, type RawResponse, rawRequest } from "../support/raw-http.ts";

const DOCS_URL = "https://docs.octopost.ink/errors";
const WITH_LINK = 0;
const WITHOUT_LINK = 1;

let cluster: GatewayCluster;
let key: IssuedKey;

beforeAll(async () => {
  cluster = await startCluster({ gateways: 2, gatewaySettings: [{ DOCS_URL }, { DOCS_URL: "" }] });
  key = await cluster.createKey({ permissions: ["posts:read"] });
});
afterAll(() => cluster.close());

const authorization = (): Header => ["Authorization", `Bearer ${key.secret}`];

function send(
  gateway: number,
  target: string,
  headers: readonly Header[],
  method = "GET",
): Promise<RawResponse> {
  return rawRequest(cluster.gateway(gateway), { method, target, headers });
}

test.each<[string, number, string, string, () => Header[], string]>([
  ["a missing key", 401, "unauthorized", "/v1/posts", () => [], "GET"],
  ["a bad key", 401, "unauthorized", "/v1/posts", () => [["Authorization", "Bearer x"]], "GET"],
  ["a missing permission", 403, "forbidden", "/v1/webhooks", () => [authorization()], "GET"],
  ["a malformed path", 400, "bad_request", "/v1/posts/", () => [authorization()], "GET"],
  ["a malformed host", 400, "bad_request", "/v1/posts", () => [["Host", "a b"]], "GET"],
  ["an unknown route", 404, "not_found", "/v1/nothing", () => [authorization()], "GET"],
  ["a path outside the API", 404, "not_found", "/nothing", () => [], "GET"],
  [
    "a wrong control token",
    401,
    "unauthorized",
    "/control/v1/accounts/a/keys",
    () => [authorization()],
    "GET",
  ],
  ["the key page without a session", 403, "forbidden", "/portal/keys", () => [], "GET"],
  ["the key page with another method", 400, "bad_request", "/portal/keys", () => [], "PUT"],
])("%s: %i", async (_, status, code, target, headers, method) => {
  const response = await send(WITH_LINK, target, headers(), method);
  const other = await send(WITHOUT_LINK, target, headers(), method);
  expect([response.status, other.status]).toEqual([status, status]);
  expect(response.header("Link")).toBe(`<${DOCS_URL}#${code}>; rel="help"`);
  expect(other.header("Link")).toBeUndefined();
});

test("an error of the origin has no link of the gateway's", async () => {
  cluster.live.respond = reply(404, [["Content-Type", "application/json"]], "{}");
  const response = await send(WITH_LINK, "/v1/posts", [authorization()]);
  expect([response.status, response.header("Link")]).toEqual([404, undefined]);
});
