// GitHub's secret scanning: a key that was pasted into a public file gets 401 everywhere once the alert is answered, and
// nothing happens without GitHub's signature.

import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type GatewayCluster, startCluster } from "../support/gateway-cluster.ts";
import { rawRequest } from "../support/raw-http.ts";
import { eventually } from "../support/time-limits.ts";
import { WebhookReceiver } from "../support/webhook-receiver.ts";
import { Account } from "./account.ts";
import { sha256 } from "./credentials.ts";
import { type Match, ScanningKeys } from "./scanning-keys.ts";

const URL_OF_FILE = "https://github.com/octocat/Hello-World/blob/1234/config.txt";
const SECRET = `whsec_${Buffer.alloc(32, "events").toString("base64")}`;
const GATEWAYS = 3;
/** A gateway with public keys of its own. */
const OTHER_KEYS = 3;

let cluster: GatewayCluster;
let github: ScanningKeys;
let otherKeys: ScanningKeys;
let receiver: WebhookReceiver;
let account: Account;

beforeAll(async () => {
  github = await ScanningKeys.start();
  otherKeys = await ScanningKeys.start();
  receiver = await WebhookReceiver.start(SECRET);
  const settings = {
    SECRET_SCANNING_KEYS_URL: github.url,
    EVENTS_URL: receiver.url,
    EVENTS_SECRET: SECRET,
    LEGACY_KEYS: "accept",
  };
  cluster = await startCluster({
    gateways: GATEWAYS + 1,
    settings,
    gatewaySettings: [
      {},
      { EXPOSED_KEYS: "suspend" },
      { EXPOSED_KEYS: "notify" },
      { SECRET_SCANNING_KEYS_URL: otherKeys.url },
    ],
  });
});
afterAll(async () => {
  await cluster.close();
  await github.close();
  await otherKeys.close();
  await receiver.close();
});
beforeEach(() => {
  account = new Account(cluster);
});

type Sent = { readonly body: string; readonly headers: [string, string][] };

async function send({ body, headers }: Sent, gateway = 0) {
  const target = "/control/v1/secret-scanning/github";
  const response = await rawRequest(cluster.gateway(gateway), {
    method: "POST",
    target,
    headers,
    body: Buffer.from(body),
  });
  return { status: response.status, json: JSON.parse(response.body.toString()) };
}

const report = (matches: readonly Match[], gateway = 0) => send(github.signed(matches), gateway);
const labels = (json: { label: string }[]) => json.map(({ label }) => label);

async function statusesOf(secret: string): Promise<number[]> {
  return await Promise.all(
    Array.from({ length: GATEWAYS }, (_, gateway) => account.statusOf(secret, { gateway })),
  );
}

test("a key in a public file: alert, 401 everywhere, event and message with the place", async () => {
  const { id, secret } = await account.create({ name: "Leaked" });
  expect(await statusesOf(secret)).toEqual([200, 200, 200]);
  const startedAt = performance.now();
  const { status, json } = await report([{ token: secret, url: URL_OF_FILE }]);
  const answeredMs = performance.now() - startedAt;
  expect(await statusesOf(secret)).toEqual([401, 401, 401]);
  console.log(`alert → 401 on ${GATEWAYS} gateways, key in use: ${Math.round(answeredMs)} ms`);
  // A lease, the margin and a slow machine.
  expect(answeredMs).toBeLessThan(6000);
  expect(status).toBe(200);
  expect(json).toEqual([{ token_raw: secret, token_type: "octopost_api_key", label: "true_positive" }]);
  const [revoked, exposed] = await account.events();
  expect(revoked).toMatchObject({
    action: "revoked",
    actor: "github",
    details: { reason: "found in public" },
  });
  expect(exposed).toMatchObject({
    action: "exposed",
    actor: "github",
    key_id: id,
    details: { name: "Leaked", url: URL_OF_FILE, source: "content" },
  });
  const types = (await receiver.arrived(account.name, 3)).map(({ type }) => type);
  expect(types).toEqual(["key.created", "key.exposed", "key.revoked"]);
});

test("with EXPOSED_KEYS = notify the key works on, and each place is one event", async () => {
  const { secret } = await account.create();
  for (const url of [URL_OF_FILE, `${URL_OF_FILE}#2`, URL_OF_FILE]) {
    expect(labels((await report([{ token: secret, url }], 2)).json)).toEqual(["true_positive"]);
  }
  expect(await account.statusOf(secret)).toBe(200);
  expect((await account.events()).map(({ action }) => action)).toEqual(["exposed", "exposed", "created"]);
});

test("with EXPOSED_KEYS = suspend the key is suspended everywhere, and only another place suspends it again", async () => {
  const { id, secret } = await account.create();
  expect(await statusesOf(secret)).toEqual([200, 200, 200]);
  const message = github.signed([{ token: secret, url: URL_OF_FILE }]);
  expect(labels((await send(message, 1)).json)).toEqual(["true_positive"]);
  expect(await statusesOf(secret)).toEqual([401, 401, 401]);
  expect((await account.call("POST", `/keys/${id}/resume`)).status).toBe(200);
  expect(labels((await send(message, 1)).json)).toEqual(["true_positive"]);
  await eventually("the resumed key", async () => (await account.statusOf(secret)) === 200);
  await report([{ token: secret, url: `${URL_OF_FILE}#2` }], 1);
  expect(await statusesOf(secret)).toEqual([401, 401, 401]);
  const actions = (await account.events()).map(({ action }) => action);
  expect(actions).toEqual(["suspended", "exposed", "resumed", "suspended", "exposed", "created"]);
});

test("the same message again changes nothing", async () => {
  const { secret } = await account.create();
  const message = github.signed([{ token: secret, url: URL_OF_FILE }]);
  const first = await send(message);
  const before = await account.shown();
  expect(await send(message)).toEqual(first);
  expect(await account.shown()).toEqual(before);
});

test.each([
  ["quotes", (key: string) => `"${key}"`],
  ["an assignment and a semicolon", (key: string) => `OCTOPOST_KEY=${key};`],
  ["more letters after it", (key: string) => `${key}abc123`],
  ["letters before it", (key: string) => `xoct_live_${key}`],
  ["a URL around it", (key: string) => `https://x.example/?k=${key}&y=1`],
])("finds the key in a token with %s", async (_, wrap) => {
  const { secret } = await account.create();
  const token = wrap(secret);
  const { json } = await report([{ token, url: `https://x.example/${secret}` }]);
  expect(json).toEqual([{ token_raw: token, token_type: "octopost_api_key", label: "true_positive" }]);
  expect(await account.statusOf(secret)).toBe(401);
  expect(JSON.stringify(await account.events())).not.toContain(secret);
});

test("a place is stored without the key, whatever its form, and without control characters", async () => {
  const old = `oct_live_${account.name}/old+key`;
  const row = { sha256: sha256(old), name: "old", mode: "live" };
  await account.call("POST", "/keys/import", { keys: [row] });
  const url = `https://x.example/\u001b[2J${old}\u202e?k=${encodeURIComponent(old)}`;
  expect(labels((await report([{ token: old, url, source: `\u0007${old}` }])).json)).toEqual([
    "true_positive",
  ]);
  const exposed = (await account.events()).find(({ action }) => action === "exposed");
  expect(exposed?.details).toMatchObject({ url: "https://x.example/[2J…?k=…", source: "…" });
});

test("a large batch: made-up tokens cost no call to a store, and the true ones are revoked", async () => {
  const keys = [await account.create(), await account.create({ mode: "test" })];
  const matches: Match[] = Array.from({ length: 2000 }, (_, i) => ({
    token: `oct_live_${String(i).padStart(46, "0")}`,
  }));
  matches.splice(700, 0, { token: keys[0]?.secret ?? "" });
  matches.push({ token: keys[1]?.secret ?? "" }, { token: "ghp_of_another_service" });
  await cluster.network.resetCounts();
  const { json } = await report(matches);
  const truePositives = json.flatMap(({ label }: { label: string }, i: number) =>
    label === "true_positive" ? [i] : [],
  );
  expect(truePositives).toEqual([700, 2001]);
  expect(json).toHaveLength(2003);
  const calls = Object.values((await cluster.network.counts(0)).ledgerCalls);
  expect(calls.reduce((sum, count) => sum + count, 0)).toBe(2);
  for (const { secret } of keys) expect(await account.statusOf(secret)).toBe(401);
});

test("a ledger that cannot be reached is 503, so that the message is sent again", async () => {
  const { secret } = await account.create();
  const message = github.signed([{ token: secret }]);
  const lift = await cluster.network.fault({ on: "ledger", how: "fail-before", caller: 0 });
  expect((await send(message)).status).toBe(503);
  await lift();
  expect(labels((await send(message)).json)).toEqual(["true_positive"]);
});

describe("without a valid signature nothing is done: 403", () => {
  const forgeries: [string, (sent: Sent) => Sent][] = [
    ["no headers", ({ body }) => ({ body, headers: [] })],
    ["no signature", ({ body, headers }) => ({ body, headers: headers.slice(0, 2) })],
    ["no key id", ({ body, headers }) => ({ body, headers: headers.filter((_, i) => i !== 1) })],
    ["another body", ({ body, headers }) => ({ body: `${body} `, headers })],
    ["the signature of another message", ({ body }) => ({ ...github.signed([]), body })],
    ["a signature that is not Base64", with2("!".repeat(96))],
    ["a signature that is not DER", with2(Buffer.alloc(71).toString("base64"))],
    ["a DER signature of zeros", with2("MAYCAQACAQA=")],
    ["an unknown key id", ({ body, headers }) => ({ body, headers: replaced(headers, 1, "f".repeat(64)) })],
  ];

  test.each(forgeries)("%s", async (_, forge) => {
    const { secret } = await account.create();
    const before = await account.shown();
    const { status, json } = await send(forge(github.signed([{ token: secret }])));
    expect([status, json.code]).toEqual([403, "forbidden"]);
    expect(await account.shown()).toEqual(before);
    expect(await account.statusOf(secret)).toBe(200);
  });

  function with2(signature: string) {
    return ({ body, headers }: Sent): Sent => ({ body, headers: replaced(headers, 2, signature) });
  }

  function replaced(headers: [string, string][], at: number, value: string): [string, string][] {
    return headers.map(([name, old], i) => [name, i === at ? value : old]);
  }
});

test("a signed body of another form is 422", async () => {
  for (const body of ["{}", "not JSON", '[{"type":"x"}]', '[{"token":1,"type":"x"}]', "null"]) {
    expect((await send(github.signed(body))).status, body).toBe(422);
  }
});

describe("the public keys", () => {
  test("are fetched once for many messages, and again for a new key id at most once a minute", async () => {
    const keys = otherKeys;
    const statusOf = async (sent: Sent) => (await send(sent, OTHER_KEYS)).status;
    keys.failure = 500;
    const failing = [1, 2, 3].map(() => statusOf(keys.signed([])));
    expect(await Promise.all(failing)).toEqual([503, 503, 503]);
    keys.failure = null;
    await eventually("the keys", async () => (await statusOf(keys.signed([]))) === 200);
    for (let i = 0; i < 5; i++) expect(await statusOf(keys.signed([]))).toBe(200);
    const { fetches } = keys;
    expect(fetches).toBeLessThanOrEqual(4);
    keys.rotate();
    // Within the minute the new key is unknown, and unknown ids fetch nothing.
    for (let i = 0; i < 5; i++) expect(await statusOf(keys.signed([]))).toBe(403);
    expect(keys.fetches).toBe(fetches);
  });
});
