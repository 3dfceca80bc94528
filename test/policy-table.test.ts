// Tests every row of the policy table with every kind of credential, over raw HTTP against the built Worker: the status,
// the body byte for byte, the challenge, and what each origin received.

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { mintKey } from "../src/keys/key-text.ts";
import { type Mode, PERMISSIONS, type Permission, POLICY, type PolicyRow } from "../src/policy.ts";
import { type GatewayCluster, startCluster } from "./support/gateway-cluster.ts";
import { type RawResponse, rawRequest } from "./support/raw-http.ts";
import { sharedCluster, TWO_GATEWAYS } from "./support/shared.ts";
import { eventually } from "./support/time-limits.ts";

const UNAUTHORIZED = '{"error":"Invalid or expired API key","code":"unauthorized"}';
const forbidden = (permission: Permission) =>
  `{"error":"API key does not have permission for this action","code":"forbidden","details":{"required_permission":"${permission}"}}`;
const REALM = 'Bearer realm="octopost"';
const NO_CREDENTIAL = `${REALM}, error_description="Send your key in the header Authorization: Bearer <key>"`;
const BAD_CREDENTIAL = `${REALM}, error="invalid_token"`;
const LIVE_KEY_NEEDED = `${BAD_CREDENTIAL}, error_description="This endpoint needs a live key"`;
const BODY = '{"content":"Hello"}';
/** How long until the expiry of a key that is to expire: long enough to create all keys. */
const EXPIRY_MS = 3000;

interface TableRequest {
  readonly method: string;
  readonly path: string;
  readonly row: PolicyRow;
}

/** Every row as a request; GET rows a second time as HEAD. */
const REQUESTS: readonly TableRequest[] = POLICY.flatMap((row) => {
  const path = row.route.replace(":id", "some-Id_01");
  const methods = row.method === "GET" ? ["GET", "HEAD"] : [row.method];
  return methods.map((method) => ({ method, path, row }));
});

/** `permissions` of a valid key; null for an invalid one. */
interface Credential {
  readonly name: string;
  readonly mode: Mode;
  readonly permissions: "all" | Permission | null;
}

const ALL_PERMISSIONS = Object.keys(PERMISSIONS) as Permission[];
const BAD_KEYS = ["an unknown key", "a made-up key", "a revoked key", "an expired key"];

const CREDENTIALS: readonly Credential[] = (["live", "test"] as const).flatMap((mode) => [
  ...BAD_KEYS.map((name) => ({ name: `${name}, ${mode}`, mode, permissions: null })),
  { name: `a ${mode} key with full access`, mode, permissions: "all" as const },
  ...ALL_PERMISSIONS.map((permissions) => ({
    name: `a ${mode} key with ${permissions} alone`,
    mode,
    permissions,
  })),
]);

describe("with a sandbox", () => {
  let cluster: GatewayCluster;
  let keys: ReadonlyMap<string, string>;
  let letThrough = 0;

  beforeAll(async () => {
    cluster = await sharedCluster(TWO_GATEWAYS);
    keys = await makeKeys(cluster);
  });

  describe.each(REQUESTS)("$method $path", (request) => {
    test("no key", async () => {
      const { response, received } = await send(cluster, request, undefined);
      expectRefused(response, request, 401, UNAUTHORIZED, NO_CREDENTIAL);
      expect(received).toEqual([]);
    });

    test.each(CREDENTIALS)("$name", async (credential) => {
      const { response, received, target } = await send(cluster, request, keys.get(credential.name));
      if (credential.permissions === null) {
        expectRefused(response, request, 401, UNAUTHORIZED, BAD_CREDENTIAL);
        expect(received).toEqual([]);
      } else if (!request.row.modes.includes(credential.mode)) {
        expectRefused(response, request, 401, UNAUTHORIZED, LIVE_KEY_NEEDED);
        expect(received).toEqual([]);
      } else if (![request.row.permission, "all"].includes(credential.permissions)) {
        const challenge = `${REALM}, error="insufficient_scope", scope="${request.row.permission}"`;
        expectRefused(response, request, 403, forbidden(request.row.permission), challenge);
        expect(received).toEqual([]);
      } else {
        letThrough += 1;
        const origin = credential.mode === "live" ? "live" : "sandbox";
        expectAnswered(response, request, origin, target);
        expect(received).toEqual([[origin, request.method, bodyOf(request)]]);
      }
    });
  });

  test("the origins received nothing else, then or later", () => {
    expect(cluster.live.requests.length + cluster.sandbox.requests.length).toBe(letThrough);
  });
});

describe("without a sandbox", () => {
  let cluster: GatewayCluster;
  const keys = new Map<string, string>();

  beforeAll(async () => {
    cluster = await startCluster({ settings: { SANDBOX_ORIGIN: undefined } });
    for (const mode of ["live", "test"] as const) {
      keys.set(`${mode} all`, (await cluster.createKey({ mode })).secret);
      for (const permission of ALL_PERMISSIONS) {
        keys.set(
          `${mode} ${permission}`,
          (await cluster.createKey({ mode, permissions: [permission] })).secret,
        );
      }
    }
  });
  afterAll(() => cluster?.close());

  describe.each(REQUESTS)("$method $path", (request) => {
    test.each(["all", request.row.permission])("accepts live keys, %s", async (permissions) => {
      const { response, received, target } = await send(cluster, request, keys.get(`live ${permissions}`));
      expectAnswered(response, request, "live", target);
      expect(received).toEqual([["live", request.method, bodyOf(request)]]);
    });

    test.each(["all", request.row.permission])("refuses test keys, %s", async (permissions) => {
      const { response, received } = await send(cluster, request, keys.get(`test ${permissions}`));
      expectRefused(response, request, 401, UNAUTHORIZED, LIVE_KEY_NEEDED);
      expect(received).toEqual([]);
    });
  });

  test("no request with a test key was forwarded", () => {
    expect(cluster.sandbox.requests).toEqual([]);
    expect(cluster.live.requests).toHaveLength(2 * REQUESTS.length);
  });
});

/** One key for each credential, by name. */
async function makeKeys(cluster: GatewayCluster): Promise<ReadonlyMap<string, string>> {
  const pepper = String(cluster.settings.KEY_PEPPER);
  const keys = new Map<string, string>();
  let expiresAt = 0;
  for (const mode of ["live", "test"] as const) {
    expiresAt = Date.now() + EXPIRY_MS;
    const expiring = await cluster.createKey({ mode, expires_at: new Date(expiresAt).toISOString() });
    keys.set(`an expired key, ${mode}`, expiring.secret);
    const unknown = await mintKey(mode, "acct_1", pepper);
    keys.set(`an unknown key, ${mode}`, unknown);
    keys.set(
      `a made-up key, ${mode}`,
      (await mintKey(mode, "acct_1", pepper)).slice(0, -6) + unknown.slice(-6),
    );
    const revoked = await cluster.createKey({ mode });
    await cluster.revoke(revoked.account, revoked.id);
    keys.set(`a revoked key, ${mode}`, revoked.secret);
  }
  for (const { name, mode, permissions } of CREDENTIALS) {
    if (permissions === null) continue;
    const chosen = permissions === "all" ? {} : { permissions: [permissions] };
    keys.set(name, (await cluster.createKey({ mode, ...chosen })).secret);
  }
  await eventually("the expiry of the keys that are to expire", () => Date.now() > expiresAt);
  return keys;
}

let sent = 0;

/** Sends the request with that key, and returns what the origins received. */
async function send(cluster: GatewayCluster, request: TableRequest, key: string | undefined) {
  sent += 1;
  // The query identifies the request.
  const target = `${request.path}?request=${sent}`;
  const body = bodyOf(request);
  const response = await rawRequest(cluster.gateway(0), {
    method: request.method,
    target,
    headers: key === undefined ? [] : [["Authorization", `Bearer ${key}`]],
    ...(body === "" ? {} : { body }),
  });
  const received = [cluster.live, cluster.sandbox].flatMap((origin) =>
    origin.requests
      .filter((record) => record.target === target)
      .map((record) => [origin.name, record.method, record.body?.toString()]),
  );
  return { response, received, target };
}

function bodyOf({ method }: TableRequest): string {
  return method === "POST" || method === "PUT" ? BODY : "";
}

function expectRefused(
  response: RawResponse,
  request: TableRequest,
  status: number,
  body: string,
  challenge: string,
): void {
  expect(response.ended).toBe("complete");
  expect(response.status).toBe(status);
  expect(response.body.toString()).toBe(request.method === "HEAD" ? "" : body);
  expect(response.header("WWW-Authenticate")).toBe(challenge);
  expect(response.header("Content-Type")).toBe("application/json");
  expect(response.header("Cache-Control")).toBe("no-store");
  expect(response.header("Allow")).toBeUndefined();
}

function expectAnswered(response: RawResponse, request: TableRequest, origin: string, target: string): void {
  const body = JSON.stringify({ origin, method: request.method, target });
  expect(response.ended).toBe("complete");
  expect(response.status).toBe(200);
  expect(response.body.toString()).toBe(request.method === "HEAD" ? "" : body);
  expect(response.header("WWW-Authenticate")).toBeUndefined();
  expect(response.header("Cache-Control")).toBe("private, no-store");
}
