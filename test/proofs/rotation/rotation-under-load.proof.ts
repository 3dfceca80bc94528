/**
 * Secrets are rotated under load without a failed request: in the order of steps that the docs give, each step a gradual
 * deployment in which the old and the new version serve together.
 *
 * The versions are real isolates over one ledger; only the choice of a version per request is fake. The ledger is
 * redeployed in the middle of each step, because a Durable Object runs one version at a time too.
 */

import { createHash, randomBytes } from "node:crypto";
import { getRequestListener } from "@hono/node-server";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { newAssertionKey } from "../../../src/cli/assertion-key.ts";
import { createDemoOrigin } from "../../../src/demo/demo-origin.ts";
import { assertionVerifier } from "../../../src/demo/verify-assertion.ts";
import { publicJwk } from "../../support/assertion-maker.ts";
import type { Settings } from "../../support/cluster-workers.ts";
import { ControlClient, type IssuedKey } from "../../support/control-client.ts";
import { type GatewayCluster, startCluster } from "../../support/gateway-cluster.ts";
import { use } from "../../support/key-requests.ts";
import { RollingLoad } from "./rolling-load.ts";

const ACCOUNT = "acct";
const CALLERS = 4;

let cluster: GatewayCluster;
let load: RollingLoad | undefined;
let keys: IssuedKey[];

afterEach(async () => {
  await load?.stop();
  load = undefined;
});

/** A cluster with a gateway for each version. */
function withVersions(versions: readonly Settings[]): void {
  beforeAll(async () => {
    const settings = versions[0] ?? {};
    cluster = await startCluster({ gateways: versions.length, settings, gatewaySettings: versions });
  });
  afterAll(() => cluster.close());
  beforeEach(async () => {
    await cluster.network.deployLedger(ACCOUNT, versions[0] ?? {});
    cluster.live.clear();
    keys = [await cluster.createKey()];
  });
}

async function statusOf(key: IssuedKey, gateway: number): Promise<number> {
  return (await use(cluster, key, gateway)).status;
}

/** Uses every key in turn. */
function startLoad(): RollingLoad {
  let turn = 0;
  load = new RollingLoad(0, CALLERS, async (gateway) => {
    const key = keys[turn++ % keys.length] as IssuedKey;
    const status = await statusOf(key, gateway);
    return status === 200 ? null : `${status} for key ${keys.indexOf(key)}`;
  });
  return load;
}

/** Creates a key through each serving version, to be used on all of them afterwards. */
async function makeKeys(running: RollingLoad): Promise<void> {
  for (const gateway of running.serving) {
    const client = new ControlClient(cluster.gateway(gateway), String(cluster.settings.CONTROL_TOKEN));
    keys.push(await client.createKey());
  }
}

describe("KEY_PEPPER", () => {
  const [old, next] = [randomBytes(32).toString("base64"), randomBytes(32).toString("base64")];
  /** In the order of the docs. */
  const VERSIONS = [
    { KEY_PEPPER: old, KEY_PEPPER_PREVIOUS: "", LEGACY_KEYS: "accept" },
    { KEY_PEPPER: old, KEY_PEPPER_PREVIOUS: next, LEGACY_KEYS: "accept" },
    { KEY_PEPPER: next, KEY_PEPPER_PREVIOUS: old, LEGACY_KEYS: "accept" },
    { KEY_PEPPER: next, KEY_PEPPER_PREVIOUS: "", LEGACY_KEYS: "accept" },
  ] as const;
  withVersions(VERSIONS);

  test("is rotated without a failed request: the new one is accepted everywhere before it is used", async () => {
    const running = startLoad();
    for (const version of [1, 2] as const) {
      await running.rollOut(version, async () => {
        await makeKeys(running);
        await running.settles();
        await cluster.network.deployLedger(ACCOUNT, VERSIONS[version]);
        await makeKeys(running);
      });
    }
    expect(running.failures).toEqual([]);
    expect(keys).toHaveLength(9);

    // The old one can be removed once no key made under it is left.
    const madeUnderOld = keys.slice(0, -2);
    keys = keys.slice(-2);
    await running.settles();
    const to = cluster.gateway(2);
    await Promise.all(madeUnderOld.map(({ account, id }) => cluster.revoke(account, id, { to })));
    await running.rollOut(3, () => cluster.network.deployLedger(ACCOUNT, VERSIONS[3]));
    await makeKeys(running);
    await running.settles();
    expect(running.failures).toEqual([]);
    for (const key of madeUnderOld) expect(await statusOf(key, 3)).toBe(401);
  });

  test("a rotation in a single step refuses new keys wherever the old version still serves", async () => {
    await cluster.network.deployLedger(ACCOUNT, VERSIONS[2]);
    const made = await cluster.createKey();
    expect([await statusOf(made, 0), await statusOf(made, 1), await statusOf(made, 2)]).toEqual([
      401, 200, 200,
    ]);
    // Older keys work on every version that has the old pepper.
    const [before] = keys as [IssuedKey];
    for (const gateway of [0, 1, 2]) expect(await statusOf(before, gateway)).toBe(200);
  });

  test("a repeated call from before the rotation gets the same key", async () => {
    const create = (gateway: number) =>
      cluster.control(
        "POST",
        `/accounts/${ACCOUNT}/keys`,
        { name: "once", mode: "live" },
        { to: cluster.gateway(gateway), headers: [["Idempotency-Key", "the-same"]] },
      );
    const first = await create(0);
    await cluster.network.deployLedger(ACCOUNT, VERSIONS[2]);
    const again = await create(2);
    expect([first.status, again.status]).toEqual([201, 201]);
    expect(again.json).toEqual(first.json);
  });

  test("a key imported before the rotation is recognised when imported again, and stays revoked", async () => {
    const text = "oct_live_a-key-from-before-the-gateway";
    const sha256 = createHash("sha256").update(text).digest("hex");
    const imported = async (account: string, gateway: number) => {
      const body = { keys: [{ sha256, name: "imported", mode: "live" }] };
      const to = { to: cluster.gateway(gateway) };
      return (await cluster.control("POST", `/accounts/${account}/keys/import`, body, to)).json.keys[0];
    };
    const { id } = await imported(ACCOUNT, 0);
    await cluster.revoke(ACCOUNT, id);
    await cluster.network.deployLedger(ACCOUNT, VERSIONS[2]);
    expect(await imported(ACCOUNT, 2)).toEqual({ row: 0, id });
    expect(await imported("another", 2)).toEqual({ row: 0, error: "known_elsewhere" });
    expect((await use(cluster, { secret: text }, 2)).status).toBe(401);
  });

  test("a revocation through one version ends the key on the other", async () => {
    const [key] = keys as [IssuedKey];
    for (const gateway of [1, 2]) expect(await statusOf(key, gateway)).toBe(200);
    await cluster.revoke(key.account, key.id, { to: cluster.gateway(2) });
    for (const gateway of [0, 1, 2]) expect(await statusOf(key, gateway)).toBe(401);
  });
});

describe("CONTROL_TOKEN and ASSERTION_KEY", () => {
  const TOKENS = { old: randomBytes(32).toString("base64"), next: randomBytes(32).toString("base64") };
  const ASSERTION_KEYS = { old: newAssertionKey(), next: newAssertionKey() };
  /** Each in the order of the docs. */
  const CONTROL_TOKENS = [
    { CONTROL_TOKEN: TOKENS.old },
    { CONTROL_TOKEN: TOKENS.next, CONTROL_TOKEN_PREVIOUS: TOKENS.old },
    { CONTROL_TOKEN: TOKENS.next },
  ];
  const PUBLISHED = [
    ASSERTION_KEYS.old,
    { keys: [ASSERTION_KEYS.old, publicJwk(ASSERTION_KEYS.next)] },
    { keys: [ASSERTION_KEYS.next, publicJwk(ASSERTION_KEYS.old)] },
    ASSERTION_KEYS.next,
  ];
  withVersions(
    PUBLISHED.map((key, version) => ({
      ...(CONTROL_TOKENS[version] ?? CONTROL_TOKENS.at(-1)),
      ASSERTION_KEY: JSON.stringify(key),
    })),
  );

  describe("CONTROL_TOKEN", () => {
    const { old, next } = TOKENS;

    async function statusWith(token: string, gateway: number): Promise<number> {
      const path = `/accounts/${ACCOUNT}/keys/${keys[0]?.id}`;
      return (await cluster.control("GET", path, undefined, { to: cluster.gateway(gateway), token })).status;
    }

    test("is rotated without a failed request of a client that has one token at a time", async () => {
      const running = startLoad();
      let token = old;
      const managing = new RollingLoad(0, 2, async (gateway) => {
        const status = await statusWith(token, gateway);
        return status === 200 ? null : String(status);
      });
      await Promise.all([running.rollOut(1), managing.rollOut(1)]);
      token = next;
      await managing.settles();
      await Promise.all([running.rollOut(2), managing.rollOut(2)]);
      await managing.stop();
      expect([...running.failures, ...managing.failures]).toEqual([]);
      const statuses = [0, 1, 2].map((gateway) => [statusWith(old, gateway), statusWith(next, gateway)]);
      expect(await Promise.all(statuses.map((pair) => Promise.all(pair)))).toEqual([
        [200, 401],
        [200, 200],
        [401, 200],
      ]);
    });
  });

  describe("ASSERTION_KEY", () => {
    const { old, next } = ASSERTION_KEYS;

    /** The demo's origin, which caches the gateway's keys for longer than the test runs. */
    function originKeeping(gateway: number): void {
      const verify = assertionVerifier({
        jwksUrl: jwksUrl(gateway),
        audience: cluster.live.url,
        mode: "live",
      });
      const { fetch } = createDemoOrigin({ mode: "live", verify });
      const listen = getRequestListener(fetch, { overrideGlobalObjects: false });
      cluster.live.respond = (request, response) => listen(request, response);
    }

    test("is rotated without a failed request: the new key is published, then signs, then the old one is removed", async () => {
      originKeeping(0);
      const running = startLoad();
      await running.rollOut(1);
      // The pause in the docs: until no origin has the previous keys (max-age).
      originKeeping(1);
      await running.settles();
      await running.rollOut(2);
      await running.rollOut(3);
      expect(running.failures).toEqual([]);
      const published = await Promise.all([0, 1, 2, 3].map(publishedBy));
      const [oldJwk, nextJwk] = [publicJwk(old), publicJwk(next)];
      expect(published).toEqual([[oldJwk], [oldJwk, nextJwk], [nextJwk, oldJwk], [nextJwk]]);
    });
  });
});

function jwksUrl(gateway: number): string {
  const { host, port } = cluster.gateway(gateway);
  return `http://${host}:${port}/.well-known/jwks.json`;
}

async function publishedBy(gateway: number): Promise<unknown> {
  const response = await fetch(jwksUrl(gateway));
  return ((await response.json()) as { keys: unknown }).keys;
}
