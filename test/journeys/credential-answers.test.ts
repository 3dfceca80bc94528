/**
 * How little a bad credential learns, and where no secret of ours may ever show.
 *
 * The promise: every 401 to a request that carried a credential is the same to the byte but for its request
 * id, whatever the cause; the reason goes to the log, and no key, hash or pepper goes there or to an origin.
 */

import { createHash } from "node:crypto";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import type { IssuedKey } from "../support/control-client.ts";
import type { GatewayCluster } from "../support/gateway-cluster.ts";
import { logLineOf } from "../support/log-lines.ts";
import type { Header } from "../support/raw-http.ts";
import { eventually } from "../support/time-limits.ts";
import { CredentialClient, constantPartOf } from "./credential-client.ts";

const BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

let probe: CredentialClient;
let cluster: GatewayCluster;
let key: IssuedKey;
let testKey: IssuedKey;

beforeAll(async () => {
  probe = await CredentialClient.start();
  ({ cluster, key, testKey } = probe);
});
afterAll(() => cluster.close());
beforeEach(() => probe.forgetRequests());

test("all that is wrong with a credential looks the same to the byte", async () => {
  const gone = await cluster.createKey();
  await (await cluster.kv()).delete(await cluster.recordName(gone.id));
  const corrupt = await cluster.createKey();
  await cluster.overwriteRecord(corrupt.id, "{}");
  const revoked = await cluster.createKey();
  await cluster.revoke(revoked.account, revoked.id);
  const expiring = await cluster.createKey({ expires_at: new Date(Date.now() + 500).toISOString() });
  const stranger = await cluster.createKey();
  const record = (await (await cluster.kv()).get(await cluster.recordName(stranger.id), "text")) ?? "";
  await cluster.overwriteRecord(stranger.id, record.replace(stranger.id, `key_${"0".repeat(22)}`));
  await eventually(
    "the end of a key",
    async () => (await probe.authorized(`Bearer ${expiring.secret}`)).status === 401,
  );
  cluster.live.clear();

  const refused = {
    malformed_credential: await probe.authorized(`Basic ${key.secret}`),
    malformed_key: await probe.authorized("Bearer x"),
    bad_checksum: await probe.authorized(`Bearer oct_live_${BASE62.slice(0, 36)}`),
    unknown_key: await probe.authorized(`Bearer ${gone.secret}`),
    corrupt_record: await probe.authorized(`Bearer ${corrupt.secret}`),
    revoked: await probe.authorized(`Bearer ${revoked.secret}`),
    expired: await probe.authorized(`Bearer ${expiring.secret}`),
    not_in_ledger: await probe.authorized(`Bearer ${stranger.secret}`),
    live_only: await probe.send(
      [["Authorization", `Bearer ${testKey.secret}`]],
      "/v1/accounts/acc_1",
      "DELETE",
    ),
  };
  const ids = new Set<string | undefined>();
  for (const [reason, response] of Object.entries(refused)) {
    probe.expectRefusal(response, "badCredential");
    expect(constantPartOf(response), reason).toEqual(constantPartOf(refused.malformed_key));
    expect((await logLineOf(cluster, response)).reason).toBe(reason);
    ids.add(response.header("X-Request-Id"));
  }
  expect(ids.size).toBe(Object.keys(refused).length);
});

test("neither a key's text nor its hash nor a secret of ours is ever logged or told to an origin", async () => {
  const everywhere: Header[] = [
    "Cookie",
    "X-Api-Key",
    "Proxy-Authorization",
    "X-Octopost-Key",
    "Referer",
  ].map((name) => [name, key.secret]);
  expect((await probe.send([["Authorization", `Bearer ${key.secret}`], ...everywhere])).status).toBe(200);
  const seen = JSON.stringify(cluster.live.requests);
  expect(seen).toContain(key.id);
  // By now this file has had keys refused for every reason there is.
  const logged = cluster.logs.join("\n");
  expect(logged).toContain("bad_checksum");

  const { KEY_PEPPER, CONTROL_TOKEN } = cluster.settings;
  const secrets = [key, testKey].flatMap(({ secret }) => [
    secret.slice(9),
    probe.atRest(secret),
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
