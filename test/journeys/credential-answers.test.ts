/**
 * Refusals reveal nothing about a credential, and no secret appears in logs or at origins.
 *
 * Promise: every 401 to a request with a bad credential is byte for byte the same except for its request id, whatever
 * the cause. The cause goes to the log; no key, hash or pepper reaches the log or an origin. A valid test key on a
 * live-only endpoint and a scheme other than Bearer, which the client itself can see, get the same body and a hint.
 */

import { createHash } from "node:crypto";
import { beforeAll, beforeEach, expect, test } from "vitest";
import type { IssuedKey } from "../support/control-client.ts";
import { unknownKey } from "../support/forged-keys.ts";
import type { GatewayCluster } from "../support/gateway-cluster.ts";
import { completeLog, logLineOf } from "../support/log-lines.ts";
import type { Header } from "../support/raw-http.ts";
import { eventually } from "../support/time-limits.ts";
import { CredentialClient, constantPartOf } from "./credential-client.ts";

const BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

let client: CredentialClient;
let cluster: GatewayCluster;
let key: IssuedKey;
let testKey: IssuedKey;

beforeAll(async () => {
  client = await CredentialClient.start();
  ({ cluster, key, testKey } = client);
});
beforeEach(() => client.forgetRequests());

test("every refused credential gets the same response, byte for byte", async () => {
  const corrupt = await cluster.createKey();
  await cluster.overwriteRecord(corrupt.id, "{}");
  const revoked = await cluster.createKey();
  await cluster.revoke(revoked.account, revoked.id);
  const expiring = await cluster.createKey({ expires_at: new Date(Date.now() + 500).toISOString() });
  const unknown = await unknownKey(cluster);
  // KV answers before the ledger.
  await cluster.network.configure({ delaysMs: [50] });
  await eventually(
    "the expiry of a key",
    async () => (await client.authorized(`Bearer ${expiring.secret}`)).status === 401,
  );
  cluster.live.clear();

  const refused = {
    malformed_credential: await client.authorized(`Bearer ${key.secret} x`),
    malformed_key: await client.authorized("Bearer x"),
    bad_checksum: await client.authorized(`Bearer oct_live_${BASE62.slice(0, 46)}`),
    corrupt_record: await client.authorized(`Bearer ${corrupt.secret}`),
    revoked: await client.authorized(`Bearer ${revoked.secret}`),
    expired: await client.authorized(`Bearer ${expiring.secret}`),
    not_in_ledger: await client.authorized(`Bearer ${unknown}`),
  };
  const ids = new Set<string | undefined>();
  for (const [reason, response] of Object.entries(refused)) {
    client.expectRefusal(response, "badCredential");
    expect(constantPartOf(response), reason).toEqual(constantPartOf(refused.malformed_key));
    expect((await logLineOf(cluster, response)).reason).toBe(reason);
    ids.add(response.header("X-Request-Id"));
  }
  expect(ids.size).toBe(Object.keys(refused).length);
});

const LIVE_ONLY = ["/v1/accounts/acc_1", "DELETE"] as const;

test("a valid test key on a live-only endpoint gets the same body, and a hint", async () => {
  const response = await client.send([["Authorization", `Bearer ${testKey.secret}`]], ...LIVE_ONLY);
  client.expectRefusal(response, "liveKeyNeeded");
  expect((await logLineOf(cluster, response)).reason).toBe("live_only");
});

test("a bad test key on a live-only endpoint gets no hint", async () => {
  const revoked = await cluster.createKey({ mode: "test" });
  await cluster.revoke(revoked.account, revoked.id);
  const madeUp = `oct_test_${BASE62.slice(0, testKey.secret.length - "oct_test_".length)}`;
  for (const secret of [revoked.secret, madeUp]) {
    const response = await client.send([["Authorization", `Bearer ${secret}`]], ...LIVE_ONLY);
    client.expectRefusal(response, "badCredential");
  }
});

test.each<[string, (secret: string) => string]>([
  ["Basic", (secret) => `Basic ${secret}`],
  ["an invented scheme", (secret) => `Octopost ${secret}`],
  ["a scheme that begins with Bearer", (secret) => `BearerX ${secret}`],
  ["no scheme", (secret) => secret],
])("%s gets the same body and hint for a valid key and a made-up one", async (_, header) => {
  for (const secret of [key.secret, "x"]) {
    const response = await client.authorized(header(secret));
    client.expectRefusal(response, "otherScheme");
    expect((await logLineOf(cluster, response)).reason).toBe("malformed_credential");
  }
});

test("no key, hash or secret is logged or forwarded", async () => {
  const everywhere: Header[] = [
    "Cookie",
    "X-Api-Key",
    "Proxy-Authorization",
    "X-Octopost-Key",
    "Referer",
  ].map((name) => [name, key.secret]);
  expect((await client.send([["Authorization", `Bearer ${key.secret}`], ...everywhere])).status).toBe(200);
  const seen = JSON.stringify(cluster.live.requests);
  expect(seen).toContain(key.id);
  // By now the tests in this file have caused every kind of refusal.
  const logged = (await completeLog(cluster)).join("\n");
  expect(logged).toContain("bad_checksum");

  const { KEY_PEPPER, CONTROL_TOKEN } = cluster.settings;
  const secrets = [key, testKey].flatMap(({ secret }) => [
    secret.slice(9),
    client.atRest(secret),
    sha256(secret),
  ]);
  for (const secret of [...secrets, String(KEY_PEPPER), String(CONTROL_TOKEN)]) {
    expect(logged).not.toContain(secret);
    expect(seen).not.toContain(secret);
  }
});

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
