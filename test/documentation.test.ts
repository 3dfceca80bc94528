// Octopost's public documentation, sentence by sentence: each test is named after a sentence of
// https://octopost.ink/docs about authentication or errors and shows that it is true of the gateway.
// Endpoints and permissions are listed here by hand, not read from the policy table.

import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { IssuedKey } from "./support/control-client.ts";
import type { GatewayCluster } from "./support/gateway-cluster.ts";
import { completeLog } from "./support/log-lines.ts";
import { holdUntilReleased } from "./support/origin-behaviours.ts";
import { type Header, RawConnection, type RawResponse, rawRequest } from "./support/raw-http.ts";
import { sharedCluster, TWO_GATEWAYS } from "./support/shared.ts";

const UNAUTHORIZED = '{"error":"Invalid or expired API key","code":"unauthorized"}';

/** The endpoints that each permission's description covers. Accounts are connected in Octopost's dashboard. */
const COVERS: Readonly<Record<string, readonly string[]>> = {
  "posts:read": ["GET /v1/posts", "GET /v1/posts/post_01"],
  "posts:write": [
    "POST /v1/posts",
    "PUT /v1/posts/post_01",
    "DELETE /v1/posts/post_01",
    "POST /v1/posts/post_01/publish",
  ],
  "accounts:read": ["GET /v1/accounts", "GET /v1/accounts/acc_01"],
  "accounts:write": ["DELETE /v1/accounts/acc_01"],
  "presets:read": ["GET /v1/presets", "GET /v1/presets/preset_01"],
  "presets:write": ["POST /v1/presets", "PUT /v1/presets/preset_01", "DELETE /v1/presets/preset_01"],
  "webhooks:read": ["GET /v1/webhooks", "GET /v1/webhooks/wh_01"],
  "webhooks:write": ["POST /v1/webhooks", "PUT /v1/webhooks/wh_01", "DELETE /v1/webhooks/wh_01"],
};
const ENDPOINTS = Object.values(COVERS).flat();
/** Disconnects a real social account. */
const LIVE_ONLY = "DELETE /v1/accounts/acc_01";

let cluster: GatewayCluster;
let live: IssuedKey;
let sandbox: IssuedKey;

beforeAll(async () => {
  cluster = await sharedCluster(TWO_GATEWAYS);
  live = await cluster.createKey({ name: "Production Server", mode: "live" });
  sandbox = await cluster.createKey({ name: "CI/CD Pipeline", mode: "test" });
});
beforeEach(() => {
  cluster.live.clear();
  cluster.sandbox.clear();
});

describe("Authentication", () => {
  test("All API requests must be authenticated using an API key passed as a Bearer token.", async () => {
    const key = live.secret;
    for (const endpoint of ENDPOINTS) {
      expect((await ask(key, endpoint)).status).toBe(200);
      expectUnauthorized(await ask(undefined, endpoint));
      expectUnauthorized(await ask(undefined, `${endpoint}?api_key=${key}&access_token=${key}`));
      expectUnauthorized(await askWith([["X-Api-Key", key]], endpoint));
      expectUnauthorized(await askWith([["Cookie", `Authorization=Bearer ${key}`]], endpoint));
    }
    expect(seen()).toEqual(ENDPOINTS.map((endpoint) => `live ${endpoint}`));
  });

  describe("Generating API Keys", () => {
    test('Give the key a descriptive name (e.g., "Production Server", "CI/CD Pipeline").', async () => {
      expect(live.name).toBe("Production Server");
      const { json } = await cluster.control("GET", `/accounts/${live.account}/keys`);
      const names = json.keys.map(({ name }: IssuedKey) => name);
      expect(names).toEqual(expect.arrayContaining(["Production Server", "CI/CD Pipeline"]));
    });

    test("Select the permissions for the key.", async () => {
      const permissions = ["presets:read", "posts:write"];
      const key = await cluster.createKey({ permissions });
      const { json } = await cluster.control("GET", `/accounts/${key.account}/keys/${key.id}`);
      expect(json.permissions).toEqual(permissions);
      for (const endpoint of ENDPOINTS) {
        const covered = permissions.some((permission) => COVERS[permission]?.includes(endpoint));
        expect((await ask(key.secret, endpoint)).status, endpoint).toBe(covered ? 200 : 403);
      }
    });

    test("Copy the key immediately -- it will only be displayed once.", async () => {
      const account = "displayed-once";
      const key = await cluster.createKey({ account, permissions: ["posts:read"] });
      expect((await ask(key.secret, "GET /v1/posts")).status).toBe(200);
      const path = `/accounts/${account}/keys`;
      const answers = [
        await cluster.control("GET", path),
        await cluster.control("GET", `${path}?include=revoked`),
        await cluster.control("GET", `${path}/${key.id}`),
        await cluster.control("POST", path, { name: "another key", mode: "live" }),
        await cluster.control("POST", `${path}/${key.id}/revoke`, { reason: "copied" }),
        await cluster.control("POST", `${path}/${key.id}/revoke`, {}),
        await cluster.control("GET", `${path}/${key.id}`),
        await cluster.control("GET", `${path}?include=revoked`),
      ];
      expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 201, 200, 200, 200, 200]);
      for (const { response } of answers) expectNothingOf(key, textOf(response));
      // Nor is it stored anywhere, where it could be displayed by mistake.
      expectNothingOf(key, (await completeLog(cluster)).join("\n"));
      expectNothingOf(key, JSON.stringify(await cluster.network.ledgerRows(account, "SELECT * FROM keys")));
      expectNothingOf(key, JSON.stringify(await cluster.network.ledgerRows(account, "SELECT * FROM events")));
      const entry = await cluster.recordName(key.id);
      expectNothingOf(key, `${entry} ${await cluster.kv.get(entry)}`);
    });
  });

  describe("Using Your API Key", () => {
    test("Include the key in the `Authorization` header on every request.", async () => {
      const authorization: Header = ["Authorization", `Bearer ${live.secret}`];
      const connection = await RawConnection.open(cluster.gateway(0));
      const statuses: number[] = [];
      for (const headers of [[authorization], [], [authorization], []]) {
        const response = await connection.request({ method: "GET", target: "/v1/posts", headers });
        statuses.push(response.status);
      }
      connection.close();
      expect(statuses).toEqual([200, 401, 200, 401]);
    });

    test('curl https://api.octopost.ink/v1/posts -H "Authorization: Bearer oct_live_abc123def456"', async () => {
      const response = await rawRequest(cluster.gateway(0), {
        method: "GET",
        target: "/v1/posts",
        headers: [
          ["Host", "api.octopost.ink"],
          ["User-Agent", "curl/8.5.0"],
          ["Accept", "*/*"],
          ["Authorization", `Bearer ${live.secret}`],
        ],
      });
      expect(response.status).toBe(200);
      expect(seen()).toEqual(["live GET /v1/posts"]);
    });

    test("API keys use the prefix `oct_live_` for production keys and `oct_test_` for test keys.", async () => {
      expect(live.secret).toMatch(/^oct_live_[0-9A-Za-z]+$/);
      expect(sandbox.secret).toMatch(/^oct_test_[0-9A-Za-z]+$/);
      expectUnauthorized(await ask(live.secret.replace("oct_live_", "oct_test_"), "GET /v1/posts"));
      expectUnauthorized(await ask(sandbox.secret.replace("oct_test_", "oct_live_"), "GET /v1/posts"));
      expect(seen()).toEqual([]);
    });

    test("Test keys can only access sandbox data and will never publish to real social media accounts.", async () => {
      for (const endpoint of ENDPOINTS) {
        const response = await ask(sandbox.secret, endpoint);
        expect(response.status, endpoint).toBe(endpoint === LIVE_ONLY ? 401 : 200);
      }
      const inSandbox = ENDPOINTS.filter((endpoint) => endpoint !== LIVE_ONLY);
      expect(seen()).toEqual(inSandbox.map((endpoint) => `sandbox ${endpoint}`));
    });
  });

  describe("Key Permissions", () => {
    test.each([
      ["posts:read", "List and retrieve posts"],
      ["posts:write", "Create, update, delete, and publish posts"],
      ["accounts:read", "List and retrieve connected accounts"],
      ["accounts:write", "Connect and disconnect social accounts"],
      ["presets:read", "List and retrieve publishing presets"],
      ["presets:write", "Create, update, and delete presets"],
      ["webhooks:read", "List and retrieve webhooks"],
      ["webhooks:write", "Create, update, and delete webhooks"],
    ])("`%s`: %s, and nothing else", async (permission) => {
      const key = await cluster.createKey({ permissions: [permission] });
      for (const endpoint of ENDPOINTS) {
        const { status } = await ask(key.secret, endpoint);
        expect(status, endpoint).toBe(COVERS[permission]?.includes(endpoint) ? 200 : 403);
      }
      expect(seen()).toEqual(COVERS[permission]?.map((endpoint) => `live ${endpoint}`));
    });

    test("A key with no explicit permissions has full access.", async () => {
      const account = "full-access";
      const body = { name: "a key", mode: "live" };
      for (const chosen of [{}, { permissions: [] }]) {
        const { json } = await cluster.control("POST", `/accounts/${account}/keys`, { ...body, ...chosen });
        expect(json.permissions).toEqual([]);
        for (const endpoint of ENDPOINTS) {
          expect((await ask(json.secret, endpoint)).status, endpoint).toBe(200);
        }
      }
    });
  });

  describe("Key Rotation", () => {
    test("You can have multiple active API keys at the same time.", async () => {
      const keys = [await cluster.createKey(), await cluster.createKey(), await cluster.createKey()];
      for (const { secret } of [...keys, live, ...keys]) {
        expect((await ask(secret, "GET /v1/posts")).status).toBe(200);
      }
    });

    test("To rotate a key: create a new one, use it, verify it in production, revoke the old one.", async () => {
      const permissions = ["posts:read", "posts:write"];
      const old = await cluster.createKey({ permissions });
      expect((await ask(old.secret, "POST /v1/posts")).status).toBe(200);

      // 1. Create a new API key with the same permissions.
      const successor = await cluster.createKey({ permissions });
      expect(successor.secret).not.toBe(old.secret);
      // 2. Update your application to use the new key. Both keys work meanwhile.
      for (const { secret } of [successor, old]) {
        expect((await ask(secret, "POST /v1/posts")).status).toBe(200);
      }
      // 3. Verify the new key is working in production.
      expect(seen().every((request) => request.startsWith("live "))).toBe(true);
      expect((await ask(successor.secret, "GET /v1/accounts")).status).toBe(403);
      // 4. Revoke the old key from the dashboard.
      await cluster.revoke(old.account, old.id);
      expectUnauthorized(await ask(old.secret, "POST /v1/posts"));
      expect((await ask(successor.secret, "POST /v1/posts")).status).toBe(200);
    });

    test("Revoking a key takes effect immediately.", async () => {
      const key = await cluster.createKey();
      for (const gateway of [0, 1])
        expect((await ask(key.secret, "GET /v1/posts", gateway)).status).toBe(200);
      await cluster.revoke(key.account, key.id);
      cluster.live.clear();
      for (const gateway of [0, 1, 0, 1]) {
        expectUnauthorized(await ask(key.secret, "GET /v1/posts", gateway));
      }
      expect(seen()).toEqual([]);
      expect((await ask(live.secret, "GET /v1/posts")).status).toBe(200);
    });

    test("Any in-flight requests using the revoked key will fail with a `401 Unauthorized` response.", async () => {
      const key = await cluster.createKey();
      const { respond, release } = holdUntilReleased(cluster.live.answerJson);
      cluster.live.respond = respond;
      const endpoints = ["GET /v1/posts", "POST /v1/posts", "POST /v1/posts/post_01/publish"];
      const inFlight = [0, 1].flatMap((gateway) =>
        endpoints.map((endpoint) => ask(key.secret, endpoint, gateway)),
      );
      await cluster.live.arrived(inFlight.length);

      await cluster.revoke(key.account, key.id);
      const responses = await Promise.all(inFlight);
      release();
      for (const response of responses) expectUnauthorized(response);
    });
  });

  describe("Security Best Practices", () => {
    test("A key that only needs to create posts should not have `accounts:write`.", async () => {
      const key = await cluster.createKey({ permissions: ["posts:write"] });
      expect((await ask(key.secret, "POST /v1/posts")).status).toBe(200);
      expect((await ask(key.secret, LIVE_ONLY)).status).toBe(403);
      expect(seen()).toEqual(["live POST /v1/posts"]);
    });

    test("Test keys (`oct_test_`) cannot publish to real accounts.", async () => {
      expect((await ask(sandbox.secret, "POST /v1/posts/post_01/publish")).status).toBe(200);
      expect(seen()).toEqual(["sandbox POST /v1/posts/post_01/publish"]);
    });
  });

  describe("Error Responses", () => {
    test("If authentication fails, the API returns a `401 Unauthorized` response.", async () => {
      const response = await ask("oct_live_abc123def456", "GET /v1/posts");
      expect(response.status).toBe(401);
      expect(response.reason).toBe("Unauthorized");
      expect(response.body.toString()).toBe(UNAUTHORIZED);
      expect(JSON.parse(response.body.toString())).toEqual({
        error: "Invalid or expired API key",
        code: "unauthorized",
      });
      expect(response.header("Content-Type")).toBe("application/json");
    });

    describe("Common causes", () => {
      test("The API key is missing from the request.", async () => {
        expectUnauthorized(await ask(undefined, "GET /v1/posts"));
      });

      test.each([
        "<key>",
        "Bearer",
        "Bearer ",
        "Bearer<key>",
        "Bearer:<key>",
        "Bearer: <key>",
        "Bearer=<key>",
        'Bearer "<key>"',
        "Bearer <<key>>",
        "Bearer <key>,",
        "Bearer <key> <key>",
        "Bearer Bearer <key>",
        "Basic <key>",
        "Token <key>",
        "ApiKey <key>",
        "oct_live_ <key>",
      ])("The `Authorization` header is malformed (must be `Bearer <key>`): %s", async (value) => {
        const header: Header = ["Authorization", value.replaceAll("<key>", live.secret)];
        expectUnauthorized(await askWith([header], "GET /v1/posts"));
        expect(seen()).toEqual([]);
      });

      test("The API key has been revoked.", async () => {
        const key = await cluster.createKey();
        await cluster.revoke(key.account, key.id);
        for (const endpoint of ENDPOINTS) expectUnauthorized(await ask(key.secret, endpoint));
        expect(seen()).toEqual([]);
      });

      test("A test key is being used against a production endpoint that requires a live key.", async () => {
        const key = await cluster.createKey({ mode: "test", permissions: ["accounts:write"] });
        expectUnauthorized(await ask(sandbox.secret, LIVE_ONLY));
        expectUnauthorized(await ask(key.secret, LIVE_ONLY));
        expect(seen()).toEqual([]);
        expect((await ask(live.secret, LIVE_ONLY)).status).toBe(200);
      });
    });
  });
});

describe("Errors", () => {
  const METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

  test.each([
    ["/v1/posts", ["GET", "HEAD", "POST"]],
    ["/v1/posts/post_01", ["GET", "HEAD", "PUT", "DELETE"]],
    ["/v1/posts/post_01/publish", ["POST"]],
    ["/v1/accounts", ["GET", "HEAD"]],
    ["/v1/accounts/acc_01", ["GET", "HEAD", "DELETE"]],
    ["/v1/presets", ["GET", "HEAD", "POST"]],
    ["/v1/presets/preset_01", ["GET", "HEAD", "PUT", "DELETE"]],
    ["/v1/webhooks", ["GET", "HEAD", "POST"]],
    ["/v1/webhooks/wh_01", ["GET", "HEAD", "PUT", "DELETE"]],
  ])(
    "400 bad_request: unsupported HTTP method for the endpoint %s; Allow lists the supported ones",
    async (path, allow) => {
      for (const method of METHODS.filter((method) => !allow.includes(method))) {
        const response = await ask(live.secret, `${method} ${path}`);
        expectError(response, 400, "bad_request");
        expect(response.header("Allow")?.split(", ").toSorted(), method).toEqual(allow.toSorted());
      }
      expect(seen()).toEqual([]);
    },
  );

  test.each(["/v1/posts/", "/v1//posts", "/v1/posts/%2e", "/v1/posts/post%5f01", "/v1/posts;a=b"])(
    "400 bad_request: malformed request, %s",
    async (path) => {
      expectError(await ask(live.secret, `GET ${path}`), 400, "bad_request");
      expect(seen()).toEqual([]);
    },
  );

  test("403 forbidden: key scoped to `posts:read`, request is a write", async () => {
    const key = await cluster.createKey({ permissions: ["posts:read"] });
    const response = await ask(key.secret, "POST /v1/posts");
    expectError(response, 403, "forbidden");
    expect(response.body.toString()).toBe(
      '{"error":"API key does not have permission for this action","code":"forbidden","details":{"required_permission":"posts:write"}}',
    );
    expect(seen()).toEqual([]);
  });

  test.each(["/v1/users", "/v1/posts/post_01/comments", "/v1/accounts/acc_01/publish", "/v2/posts", "/"])(
    "404 not_found: %s",
    async (path) => {
      for (const method of ["GET", "POST", "DELETE"]) {
        expectError(await ask(live.secret, `${method} ${path}`), 404, "not_found");
      }
      expect(seen()).toEqual([]);
    },
  );
});

/** Sends `METHOD /path` with that key through one of the two gateways. */
function ask(key: string | undefined, endpoint: string, gateway = 0): Promise<RawResponse> {
  return askWith(key === undefined ? [] : [["Authorization", `Bearer ${key}`]], endpoint, gateway);
}

function askWith(headers: readonly Header[], endpoint: string, gateway = 0): Promise<RawResponse> {
  const [method = "", target = ""] = endpoint.split(" ");
  const json: Header = ["Content-Type", "application/json"];
  return rawRequest(
    cluster.gateway(gateway),
    method.startsWith("P")
      ? { method, target, headers: [...headers, json], body: '{"content":"Hello"}' }
      : { method, target, headers },
  );
}

/** The requests that reached the origins since the test began. */
function seen(): string[] {
  return [cluster.live, cluster.sandbox].flatMap(({ name, requests }) =>
    requests.map(({ method, target }) => `${name} ${method} ${target}`),
  );
}

function expectUnauthorized(response: RawResponse): void {
  expect(response.status).toBe(401);
  expect(response.body.toString()).toBe(UNAUTHORIZED);
  expect(response.header("WWW-Authenticate")).toMatch(/^Bearer realm="octopost"/);
}

/** Every error: `{"error": human text, "code": machine code, "details"?: object}`. */
function expectError(response: RawResponse, status: number, code: string): void {
  expect(response.status).toBe(status);
  expect(response.header("Content-Type")).toBe("application/json");
  const { error, details, ...rest } = JSON.parse(response.body.toString());
  expect(rest).toEqual({ code });
  expect(error).toMatch(/\w/);
  expect(["undefined", "object"]).toContain(typeof details);
}

function expectNothingOf(key: IssuedKey, text: string): void {
  expect(text).not.toContain(key.secret.slice("oct_live_".length, -6));
}

function textOf(response: RawResponse): string {
  return `${JSON.stringify(response.headers)}\n${response.body.toString()}`;
}
