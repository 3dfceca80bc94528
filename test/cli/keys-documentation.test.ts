// The steps of Octopost's "Authentication" page with the command line, and requests of a client in between:
// "Generating API Keys", steps 3 to 6, and "Key Rotation", steps 1 to 4.

import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { GatewayCluster } from "../support/gateway-cluster.ts";
import { neverAnswer } from "../support/origin-behaviours.ts";
import { type RawResponse, rawRequest } from "../support/raw-http.ts";
import { sharedCluster, TWO_GATEWAYS } from "../support/shared.ts";
import { eventually } from "../support/time-limits.ts";
import { type Keys, ownAccount } from "./run-keys.ts";

const REFUSED = '{"error":"Invalid or expired API key","code":"unauthorized"}';

let cluster: GatewayCluster;
let keys: Keys;

beforeAll(async () => {
  cluster = await sharedCluster(TWO_GATEWAYS);
  keys = ownAccount(cluster).keys;
});
beforeEach(() => cluster.live.clear());

/** A client of the API, on a gateway other than the one where keys are managed. */
function request(secret: string, method = "GET", target = "/v1/posts"): Promise<RawResponse> {
  const headers = [["Authorization", `Bearer ${secret}`]] as const;
  return rawRequest(cluster.gateway(1), { method, target, headers });
}

function field(text: string, name: string): string {
  return new RegExp(`^${name} +(.*)$`, "m").exec(text)?.[1] ?? "";
}

/** The new key, which is printed on a line of its own. */
function keyIn(text: string): string {
  return /^oct_live_\w+$/m.exec(text)?.[0] ?? "";
}

test("Generating API Keys: a name, the permissions, and the key to copy, displayed once", async () => {
  // 3. Create. 4. Give the key a descriptive name. 5. Select the permissions.
  const permissions = "posts:read,posts:write";
  const create = ["create", "--name", "CI/CD Pipeline", "--mode", "live", "--permissions", permissions];
  const { code, stdout, stderr } = await keys(create);
  expect(code).toBe(0);
  expect(field(stdout, "name")).toBe("CI/CD Pipeline");
  expect(field(stdout, "permissions")).toBe(permissions);
  // 6. Copy the key immediately: it will only be displayed once.
  const key = keyIn(stdout);
  expect(stderr).toContain("Copy the key now");
  const id = field(stdout, "id");
  for (const command of [["list"], ["show", id], ["show", id, "--json"], ["events", "--json"]]) {
    const later = await keys(command);
    expect(later.code).toBe(0);
    expect(later.stdout + later.stderr).not.toContain(key);
  }
  // The key has the selected permissions, and no others.
  expect((await request(key)).status).toBe(200);
  expect((await request(key, "POST", "/v1/posts/1/publish")).status).toBe(200);
  expect((await request(key, "GET", "/v1/webhooks")).status).toBe(403);
  expect(cluster.live.requests.map(({ target }) => target)).toEqual(["/v1/posts", "/v1/posts/1/publish"]);
});

describe("Key Rotation", () => {
  test("a second key, the application moved to it, the old one revoked", async () => {
    const old = (await keys(["create", "--name", "Production Server", "--mode", "live", "--json"])).json;
    expect((await request(old.secret)).status).toBe(200);

    // 1. Create a new API key with the same permissions. Several keys are active at the same time.
    const rotated = await keys(["rotate", old.id, "--overlap", "7d"]);
    const successor = keyIn(rotated.stdout);
    expect(field(rotated.stdout, "name")).toBe("Production Server");
    expect(field(rotated.stdout, "permissions")).toBe("all (full access)");
    expect((await request(old.secret)).status).toBe(200);

    // 2. Update your application. 3. Verify that the new key is working.
    expect((await request(successor)).status).toBe(200);
    const lastUsed = async () =>
      field((await keys(["show", field(rotated.stdout, "id")])).stdout, "last used");
    await eventually("the use of the new key to show", async () => (await lastUsed()).endsWith(" UTC"));

    // 4. Revoke the old key. Requests in flight fail with 401.
    cluster.live.clear();
    cluster.live.respond = neverAnswer();
    const inFlight = request(old.secret);
    await cluster.live.arrived();
    const { code, stdout } = await keys(["revoke", old.id, "--yes", "--reason", "rotated"]);
    expect(code).toBe(0);
    expect(stdout).toContain("Revoked everywhere since");
    const aborted = await inFlight;
    expect([aborted.status, aborted.body.toString()]).toEqual([401, REFUSED]);

    cluster.live.clear();
    expect((await request(old.secret)).status).toBe(401);
    expect(cluster.live.requests).toEqual([]);
    expect((await request(successor)).status).toBe(200);
    expect(field((await keys(["show", old.id])).stdout, "state")).toMatch(/^revoked /);
  });
});
