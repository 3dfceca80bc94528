// Key events leave the ledger: each change is sent to EVENTS_URL, signed, at least once, in the order of its key, whatever
// the receiver does and whenever the ledger restarts; and no change, lease or revocation waits for the receiver.

import { randomBytes } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { Account } from "../control/account.ts";
import { type GatewayCluster, startCluster } from "../support/gateway-cluster.ts";
import { eventually } from "../support/time-limits.ts";
import { type Respond, WebhookReceiver } from "../support/webhook-receiver.ts";

const newSecret = () => `whsec_${randomBytes(32).toString("base64")}`;
const SECRETS = [newSecret(), newSecret()] as const;
const HOUR_MS = 3_600_000;

let cluster: GatewayCluster;
let receiver: WebhookReceiver;
let account: Account;

beforeAll(async () => {
  receiver = await WebhookReceiver.start(...SECRETS);
  cluster = await startCluster({
    settings: {
      EVENTS_URL: receiver.url,
      EVENTS_SECRET: SECRETS.join(" "),
      LEASE_MS: 200,
      LEASE_MARGIN_MS: 60,
    },
  });
});
afterAll(async () => {
  await cluster.close();
  await receiver.close();
});
beforeEach(() => {
  account = new Account(cluster);
});
afterEach(() => receiver.acceptAll());

const outbox = () => cluster.network.ledgerRows(account.name, "SELECT * FROM outbox");
const isEmpty = async () => (await outbox()).length === 0;
const emptied = (limitMs?: number) => eventually("an empty outbox", isEmpty, limitMs);

/** The pause before the next attempt has passed; the next change wakes the ledger. */
async function endPauses(): Promise<void> {
  await cluster.network.ledgerRows(account.name, "UPDATE outbox SET next_at = 0");
}

function failures(): Record<string, unknown>[] {
  return cluster.logs
    .filter((line) => line.includes('"delivery_failed"') && line.includes(`"${account.name}"`))
    .map((line) => JSON.parse(line));
}

test("each change arrives, verified with both secrets, as the event log shows it and without a secret", async () => {
  const key = await account.create({ name: "Production Server" });
  await account.change(key.id, { name: "Renamed" });
  await account.change(key.id, { revokes_at: "2099-01-01T00:00:00Z" });
  const next = await account.rotate(key.id, 60);
  await account.call("PUT", "", { tier: "pro" });
  await account.revoke(key.id);
  await account.call("POST", "/keys/import", {
    keys: [{ sha256: randomBytes(32).toString("hex"), name: "old", mode: "test" }],
  });
  await account.call("POST", "/revoke-all", {});
  await account.call("POST", "/portal-sessions");
  const messages = await receiver.arrived(account.name, 10);
  await emptied();
  expect(messages.map(({ type }) => type).sort()).toEqual(
    [
      ...["key.created", "key.updated", "key.updated", "key.rotated", "key.created", "account.updated"],
      ...["key.revoked", "key.created", "key.revoked", "key.revoked"],
    ].sort(),
  );
  expect(new Set(messages.map(({ isVerified }) => isVerified))).toEqual(new Set([true]));
  expect(new Set(messages.map(({ id }) => id)).size).toBe(10);
  for (const { id } of messages) expect(id).toMatch(/^evt_[0-9a-f]{32}$/);
  const events = new Map((await account.events()).map((event) => [event.number, event]));
  for (const { data, timestamp } of messages) {
    const { key_name: _, ...event } = events.get(data.number) as unknown as Record<string, unknown>;
    expect(data).toMatchObject({ account: account.name, ...event });
    expect(timestamp).toBe(event.at);
  }
  const bodies = messages.map(({ body }) => body).join();
  for (const secret of [key.secret, next.secret, ...SECRETS]) expect(bodies).not.toContain(secret);
});

const NOT_ACCEPTED: [string, Respond][] = [
  ["refuses with 500", (response) => void response.writeHead(500).end("no")],
  ["refuses with 404", (response) => void response.writeHead(404).end()],
  ["refuses with 410", (response) => void response.writeHead(410).end()],
  ["closes the connection without an answer", (response) => void response.socket?.destroy()],
  ["sends garbage", (response) => void response.socket?.end("garbage\r\n\r\n")],
];

test.each(NOT_ACCEPTED)(
  "a receiver that %s gets the same message again after five seconds",
  async (_, respond) => {
    receiver.respond = respond;
    await account.create();
    await receiver.arrived(account.name, 1);
    await eventually("a failure in the log", () => failures().length > 0);
    receiver.acceptAll();
    const [first, second] = await receiver.arrived(account.name, 2);
    await emptied();
    expect(second?.id).toBe(first?.id);
    expect(second?.body).toBe(first?.body);
    expect((second?.receivedAt ?? 0) - (first?.receivedAt ?? 0)).toBeGreaterThan(4500);
    expect(failures()).toEqual([
      expect.objectContaining({ event: "delivery_failed", account: account.name, number: 1, attempts: 1 }),
    ]);
  },
);

test("a redirect is not followed, and counts as refused", async () => {
  let followed = 0;
  const elsewhere = createServer((_, response) => {
    followed += 1;
    response.end();
  });
  await new Promise<void>((resolve) => elsewhere.listen(0, "127.0.0.1", resolve));
  const location = `http://127.0.0.1:${(elsewhere.address() as AddressInfo).port}/`;
  receiver.respond = (response) => void response.writeHead(307, { Location: location }).end();
  await account.create();
  await eventually("a failure in the log", () => failures()[0]?.status === 307);
  expect([followed, (await outbox()).length]).toEqual([0, 1]);
  elsewhere.close();
});

test("an answer that breaks off or never ends after its 200 is an acknowledgement: its body is not read", async () => {
  receiver.respond = (response) => void response.writeHead(200, { "Content-Length": "1000" }).write("a part");
  await account.create();
  await emptied();
  receiver.respond = (response) => {
    response.writeHead(200, { "Content-Length": "1000" }).write("a part");
    setTimeout(() => response.socket?.destroy(), 50);
  };
  await account.create();
  await emptied();
  expect(receiver.of(account.name)).toHaveLength(2);
});

describe("while the receiver hangs", () => {
  test("changes, leases and revocations take no longer, and the attempt ends after ten seconds", async () => {
    receiver.respond = () => {};
    const key = await account.create();
    await receiver.arrived(account.name, 1);
    expect(await account.statusOf(key.secret)).toBe(200);
    const revoked = await account.revoke(key.id);
    expect(revoked.waited_ms).toBeLessThanOrEqual(260 + 2);
    expect(await account.statusOf(key.secret)).toBe(401);
    const idle = await account.create();
    const startedAt = performance.now();
    expect((await account.revoke(idle.id)).waited_ms).toBe(0);
    expect(performance.now() - startedAt).toBeLessThan(5000);
    await eventually("the end of the attempt", () => failures().some(({ reason }) => reason === "timeout"));
    receiver.acceptAll();
    const messages = await receiver.arrived(account.name, 6);
    await emptied();
    const numbers = new Set(messages.map(({ data }) => data.number));
    expect([...numbers].sort()).toEqual([1, 2, 3, 4]);
  });

  test("the use of keys is written all the same", async () => {
    receiver.respond = () => {};
    const key = await account.create();
    await receiver.arrived(account.name, 1);
    await account.use(key.secret);
    const used = async () =>
      (await cluster.network.ledgerRows(account.name, "SELECT last_used_at FROM keys"))[0]?.last_used_at;
    await eventually("the use in the table", async () => (await used()) !== null, 9000);
    expect(receiver.of(account.name)).toHaveLength(1);
  });
});

test("the events of one key arrive in order, also when every third message is refused", async () => {
  let count = 0;
  receiver.respond = (response) => void response.writeHead(count++ % 3 === 0 ? 503 : 204).end();
  const { id } = await account.create({ name: "0" });
  for (let i = 1; i < 6; i++) await account.change(id, { name: `${i}` });
  await eventually("all of them", async () => {
    await endPauses();
    await cluster.network.restartLedger(account.name);
    return (await isEmpty()) || null;
  });
  const accepted = new Map(receiver.of(account.name).map(({ data }) => [data.number, data.number]));
  expect([...accepted.keys()]).toEqual([1, 2, 3, 4, 5, 6]);
});

test("while one key's event is refused, those of another key arrive", async () => {
  const [bad, good] = [await account.create(), await account.create()];
  await emptied();
  receiver.respond = (response, { data }) =>
    void response.writeHead(data.key_id === bad.id ? 400 : 204).end();
  await account.change(bad.id, { name: "refused" });
  await account.change(bad.id, { name: "waits" });
  await account.change(good.id, { name: "accepted" });
  await receiver.arrived(account.name, 4);
  const sent = receiver.of(account.name).slice(2);
  expect(sent.map(({ data }) => data.key_id).sort()).toEqual([bad.id, good.id].sort());
  await eventually("the note of the accepted one", async () => (await outbox()).length === 2);
  expect((await outbox()).map(({ subject }) => subject)).toEqual([bad.id, bad.id]);
});

describe("a restart of the ledger", () => {
  test("between commit and delivery loses nothing", async () => {
    receiver.respond = () => {};
    const { id } = await account.create();
    await receiver.arrived(account.name, 1);
    await account.change(id, { name: "renamed" });
    await cluster.network.restartLedger(account.name);
    receiver.acceptAll();
    // No call wakes it but its own alarm.
    const messages = await receiver.arrived(account.name, 3);
    expect(messages.map(({ data }) => data.number)).toEqual([1, 1, 2]);
    expect(messages[1]?.id).toBe(messages[0]?.id);
    await emptied();
  });

  test("between delivery and its note sends the message again under the same id", async () => {
    let isFirst = true;
    receiver.respond = async (response) => {
      if (isFirst) {
        isFirst = false;
        await cluster.network.restartLedger(account.name);
      }
      response.writeHead(204).end();
    };
    await account.create();
    const [first, second] = await receiver.arrived(account.name, 2);
    expect(second?.id).toBe(first?.id);
    await emptied();
  });
});

test("what could not be delivered in three days is marked in the events, logged, and not sent again", async () => {
  receiver.respond = (response) => void response.writeHead(500).end();
  const { id } = await account.create();
  await eventually("a failure in the log", () => failures().length > 0);
  await cluster.network.ledgerRows(account.name, `UPDATE events SET at = at - ${72 * HOUR_MS}`);
  await endPauses();
  await cluster.network.restartLedger(account.name);
  const isMarked = async () => (await account.events())[0]?.action === "delivery_failed";
  await eventually("the mark", isMarked);
  const [event] = await account.events();
  expect(event).toMatchObject({ actor: "gateway", key_id: id, details: { event: 1, attempts: 2 } });
  expect(await isEmpty()).toBe(true);
  expect(failures().at(-1)).toMatchObject({ status: 500, attempts: 2, given_up: 1 });
});

test("many events for a receiver that is down cost few attempts", async () => {
  for (let i = 0; i < 30; i++) await account.create();
  await emptied();
  receiver.respond = (response) => void response.writeHead(503).end();
  await account.call("POST", "/revoke-all", {});
  await eventually("a pause", () => failures().length >= 5);
  await new Promise((resolve) => setTimeout(resolve, 1000));
  expect(failures().length).toBeLessThan(8);
  expect(await outbox()).toHaveLength(30);
});
