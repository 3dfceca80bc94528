// The holder of a key can identify and revoke it without the control token. A revocation is reported only when there is
// one: the answer has the key's id, or says that nothing was revoked. Only texts that fail the key's check count as
// guesses, so a network that guesses can still revoke a real key.

import { randomBytes } from "node:crypto";
import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import { hashKey } from "../../src/keys/key-text.ts";
import type { ControlAnswer } from "../support/control-client.ts";
import { forgeRecord, unknownKey } from "../support/forged-keys.ts";
import type { GatewayCluster } from "../support/gateway-cluster.ts";
import { completeLog } from "../support/log-lines.ts";
import { sharedCluster } from "../support/shared.ts";
import { Account, expectRefused } from "./account.ts";
import { CONTROL } from "./control-clusters.ts";

/** The limit is 20 a minute; when a minute ends during the test, a second limit applies. */
const MORE_THAN_TWO_LIMITS = 45;
const NOTHING_REVOKED = "nothing was revoked";

let cluster: GatewayCluster;
let account: Account;
let addresses = 0;

beforeAll(async () => {
  cluster = await sharedCluster(CONTROL);
});
beforeEach(() => {
  account = new Account(cluster);
});

function newAddress(): string {
  return `198.51.100.${++addresses}`;
}

function call(
  path: "/revoke" | "/identify",
  secret: unknown,
  address: string,
  gateway: number,
): Promise<ControlAnswer> {
  const headers = [["CF-Connecting-IP", address]] as const;
  return cluster.control("POST", path, { secret }, { token: null, headers, to: cluster.gateway(gateway) });
}

const revoke = (secret: unknown, address = newAddress(), gateway = 0) =>
  call("/revoke", secret, address, gateway);
const identify = (secret: unknown, address = newAddress(), gateway = 0) =>
  call("/identify", secret, address, gateway);

function madeUp(): string {
  return `oct_live_${randomBytes(23).toString("hex")}`;
}

function expectNothingRevoked(answer: ControlAnswer, status: 404 | 422): void {
  expectRefused(answer, status, status === 404 ? "not_found" : "validation_error");
  expect(answer.response.body.toString()).toContain(NOTHING_REVOKED);
}

describe("revoking by possession", () => {
  test("revokes the key on every gateway before it is answered, also where it is in use", async () => {
    const { id, secret } = await account.create();
    for (const gateway of [0, 1]) expect(await account.statusOf(secret, { gateway })).toBe(200);
    const { status, json } = await revoke(secret, newAddress(), 1);
    for (const gateway of [0, 1]) expect(await account.statusOf(secret, { gateway })).toBe(401);
    const { effective_at, waited_ms } = await account.revoke(id);
    expect([status, json]).toEqual([200, { id, effective_at, waited_ms }]);
    const [event] = await account.events();
    expect(event).toMatchObject({ action: "revoked", actor: "possession", key_id: id });
  });

  test("does not affect the account's other keys", async () => {
    const [one, other] = [await account.create(), await account.create({ mode: "test" })];
    await revoke(one.secret);
    expect(await account.statusOf(other.secret)).toBe(200);
    expect((await account.keys()).map(({ id }) => id)).toEqual([other.id]);
  });

  test.each<[string, (secret: string) => string]>([
    ["white space around it", (secret) => ` \t${secret}\r\n`],
    ["a byte order mark and a zero-width space", (secret) => `\ufeff${secret}\u200b`],
    ["a no-break space", (secret) => `\u00a0${secret}\u00a0`],
    ["double quotes", (secret) => `"${secret}"`],
    ["single quotes", (secret) => `'${secret}'`],
    ["backquotes", (secret) => `\`${secret}\``],
    ["typographic quotes", (secret) => `“${secret}”`],
    ["one quote", (secret) => `"${secret}`],
    ["Bearer", (secret) => `Bearer ${secret}`],
    ["bearer and spaces", (secret) => `bearer   ${secret}`],
    ["Bearer inside quotes", (secret) => `"Bearer ${secret}"\n`],
    ["quotes after Bearer", (secret) => ` Bearer "${secret}" `],
  ])("accepts the key with %s", async (_, wrapped) => {
    const { id, secret } = await account.create();
    const { status, json } = await revoke(wrapped(secret));
    expect([status, json.id]).toEqual([200, id]);
    expect(await account.statusOf(secret)).toBe(401);
  });

  test.each<[string, (secret: string) => string]>([
    ["without its last character", (secret) => secret.slice(0, -1)],
    ["without its first character", (secret) => secret.slice(1)],
    ["with another last character", (secret) => secret.replace(/.$/, (last) => (last === "a" ? "b" : "a"))],
    ["with a character appended", (secret) => `${secret}x`],
    ["with a space inside", (secret) => `${secret.slice(0, 20)} ${secret.slice(20)}`],
    ["in upper case", (secret) => secret.toUpperCase()],
    ["in the other mode", (secret) => secret.replace("live", "test")],
    ["twice", (secret) => `${secret}${secret}`],
    ["after another scheme", (secret) => `Basic ${secret}`],
    ["replaced by its hint", (secret) => `oct_live_…${secret.slice(-4)}`],
    ["replaced by white space", () => "   "],
    ["replaced by Bearer", () => "Bearer "],
    ["replaced by a made-up one", madeUp],
    ["replaced by a word", () => "hello"],
  ])("refuses the key %s with 422, and revokes nothing", async (_, altered) => {
    const { secret } = await account.create();
    const answer = await revoke(altered(secret));
    expectNothingRevoked(answer, 422);
    expect(answer.json.details).toEqual({ secret: expect.stringContaining(NOTHING_REVOKED) });
    expect(await account.statusOf(secret)).toBe(200);
  });

  test("gives the same answer again, and for a key that was revoked or rotated before", async () => {
    const [shown, revoked, rotated] = [
      await account.create(),
      await account.create(),
      await account.create(),
    ];
    const first = await revoke(shown.secret);
    for (const gateway of [0, 1]) {
      const { status, json } = await revoke(shown.secret, newAddress(), gateway);
      expect([status, json]).toEqual([200, first.json]);
    }
    const receipt = await account.revoke(revoked.id);
    await account.rotate(rotated.id, 0);
    const { json } = await revoke(revoked.secret);
    expect(json).toEqual({
      id: revoked.id,
      effective_at: receipt.effective_at,
      waited_ms: receipt.waited_ms,
    });
    expect((await revoke(rotated.secret)).json.id).toBe(rotated.id);
    const events = (await account.events()).filter(({ action }) => action === "revoked");
    expect(events).toHaveLength(3);
  });

  test.each<[string, (id: string) => Promise<void>]>([
    ["is missing", async (id) => cluster.kv.delete(await cluster.recordName(id))],
    ["is damaged", (id) => cluster.overwriteRecord(id, "{}")],
    ["names another account", (id) => forgeRecord(cluster, id, { account: "another_account" })],
    ["names another key", (id) => forgeRecord(cluster, id, { id: `key_${"0".repeat(22)}` })],
  ])("revokes a key in use whose KV entry %s", async (_, damage) => {
    const { id, secret } = await account.create();
    expect(await account.statusOf(secret)).toBe(200);
    await damage(id);
    expect((await identify(secret)).json).toMatchObject({ id, revoked_at: null });
    const { status, json } = await revoke(secret);
    expect([status, json.id]).toEqual([200, id]);
    expect((await account.get(id)).revoked_at).not.toBeNull();
    for (const gateway of [0, 1]) expect(await account.statusOf(secret, { gateway })).toBe(401);
  });

  test("answers 404 when the ledger does not know the key, whatever KV says", async () => {
    const { id } = await account.create();
    const unknown = await unknownKey(cluster);
    const kv = cluster.kv;
    const record = (await kv.get(await cluster.recordName(id))) ?? "";
    await kv.put(`key:${await hashKey(unknown, String(cluster.settings.KEY_PEPPER))}`, record);
    expectNothingRevoked(await revoke(unknown), 404);
    expect((await account.get(id)).revoked_at).toBeNull();
  });

  test("answers 503 when the ledger is unreachable, since the key may still work", async () => {
    const { secret } = await account.create();
    const lift = await cluster.network.fault({
      on: "ledger",
      operation: "revokeKeyByHash",
      how: "fail-before",
    });
    expectRefused(await revoke(secret), 503, "service_unavailable");
    await lift();
    expect(await account.statusOf(secret)).toBe(200);
  });

  test("does not need KV", async () => {
    const { id, secret } = await account.create();
    const lift = await cluster.network.fault({ on: "kv", operation: "get", how: "hang-before" });
    expect((await revoke(secret)).json.id).toBe(id);
    await lift();
    expect(await account.statusOf(secret)).toBe(401);
  });

  test("leaves the key out of the answer and out of the log", async () => {
    const { secret } = await account.create();
    for (const text of [`${secret} `, secret, `${secret}x`]) {
      const { response } = await revoke(text);
      expect(response.body.toString()).not.toContain(secret);
    }
    expect((await completeLog(cluster)).filter((line) => line.includes(secret))).toEqual([]);
  });
});

describe("identifying a key", () => {
  test("answers the key object, whatever the state of the key", async () => {
    const key = await account.create({ permissions: ["posts:read"] });
    const { status, json } = await identify(`Bearer ${key.secret}\n`);
    expect([status, json]).toEqual([200, await account.get(key.id)]);
    expect(JSON.stringify(json)).not.toContain(key.secret);
    await account.revoke(key.id);
    for (const gateway of [0, 1]) {
      expect((await identify(key.secret, newAddress(), gateway)).json).toEqual(await account.get(key.id));
    }
    expect(await account.events()).toHaveLength(2);
  });

  test("answers 404 for a text that is no key, and for an unknown key", async () => {
    const { secret } = await account.create();
    for (const text of [madeUp(), `${secret}x`, "hello", "  ", await unknownKey(cluster)]) {
      expectRefused(await identify(text), 404, "not_found");
    }
  });

  test("shows the revocation at once, on every gateway", async () => {
    const { secret, id } = await account.create();
    for (const gateway of [0, 1])
      expect((await identify(secret, newAddress(), gateway)).json.revoked_at).toBeNull();
    await account.revoke(id);
    for (const gateway of [0, 1])
      expect((await identify(secret, newAddress(), gateway)).json.revoked_at).not.toBeNull();
  });
});

describe.each([
  ["/revoke", 422],
  ["/identify", 404],
] as const)("guessing at %s", (path, refusedStatus) => {
  const guess = (secret: string, address = newAddress()) => call(path, secret, address, 0);

  test("is 429 once an address has guessed too often, and other addresses are not affected", async () => {
    const address = newAddress();
    const statuses: number[] = [];
    for (let i = 0; i < MORE_THAN_TWO_LIMITS && !statuses.includes(429); i++) {
      statuses.push((await guess(madeUp(), address)).status);
    }
    expect(statuses.slice(0, 20)).toEqual(Array(20).fill(refusedStatus));
    expect(statuses).toContain(429);

    const refused = await guess(madeUp(), address);
    expectRefused(refused, 429, "rate_limited");
    expect(Number(refused.response.header("Retry-After"))).toBeGreaterThan(0);
    expect((await guess(madeUp())).status).toBe(refusedStatus);

    // A real key has a right checksum, so it is no guess.
    const { id, secret } = await account.create();
    expect((await guess(secret, address)).json.id).toBe(id);
    if (path === "/revoke") expect(await account.statusOf(secret)).toBe(401);
  });

  test("costs no KV read and no ledger call: a key without the check cannot have been issued", async () => {
    await cluster.network.resetCounts();
    for (const secret of [madeUp(), "hello", "oct_live_abc123def456"]) await guess(secret);
    expect(await cluster.network.counts()).toEqual({ kvGets: 0, kvPuts: 0, ledgerCalls: {} });
  });

  test("is not what a client does that shows real keys often", async () => {
    const address = newAddress();
    const { secret } = await account.create();
    for (let i = 0; i < MORE_THAN_TWO_LIMITS; i++) expect((await guess(secret, address)).status).toBe(200);
  });
});

test("a revoked key that is shown 200 times costs a KV read and a ledger call once per isolate", async () => {
  const { id, secret } = await account.create();
  await revoke(secret);
  await cluster.network.resetCounts();
  for (let i = 0; i < 100; i++) {
    expect((await revoke(secret)).json.id).toBe(id);
    expect((await identify(` ${secret}`)).json.id).toBe(id);
  }
  const { kvGets, ledgerCalls } = await cluster.network.counts();
  expect(kvGets).toBe(0);
  expect(ledgerCalls).toEqual({});
});
