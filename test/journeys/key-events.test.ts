// Key events leave the ledger: each change is sent to EVENTS_URL, signed, at least once, in the order of its key, whatever
// the receiver does and whenever the ledger restarts; and no change, lease or revocation waits for the receiver. The tests
// run concurrently, because they wait for the pauses between attempts.

import { randomBytes } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type GatewayCluster, startCluster } from "../support/gateway-cluster.ts";
import { eventually } from "../support/time-limits.ts";
import { type Respond, WebhookReceiver } from "../support/webhook-receiver.ts";
import { EventAccount } from "./event-account.ts";

const newSecret = () => `whsec_${randomBytes(32).toString("base64")}`;
const SECRETS = [newSecret(), newSecret()] as const;
const HOUR_MS = 3_600_000;

let cluster: GatewayCluster;
let receiver: WebhookReceiver;

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

const newAccount = () => new EventAccount(cluster, receiver);

test.concurrent("each change arrives, verified with both secrets, as the event log shows it and without a secret", async () => {
  const account = newAccount();
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
  await account.delivered();
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

test.concurrent.each(NOT_ACCEPTED)(
  "a receiver that %s gets the same message again after five seconds",
  async (_, respond) => {
    const account = newAccount();
    account.receiverResponds(respond);
    await account.create();
    await receiver.arrived(account.name, 1);
    await eventually("a failure in the log", () => account.failures().length > 0);
    account.receiverAccepts();
    const [first, second] = await receiver.arrived(account.name, 2);
    await account.delivered();
    expect(second?.id).toBe(first?.id);
    expect(second?.body).toBe(first?.body);
    expect((second?.receivedAt ?? 0) - (first?.receivedAt ?? 0)).toBeGreaterThan(4500);
    expect(account.failures()).toEqual([
      expect.objectContaining({ event: "delivery_failed", account: account.name, number: 1, attempts: 1 }),
    ]);
  },
);

test.concurrent("a redirect is not followed, and counts as refused", async () => {
  const account = newAccount();
  let followed = 0;
  const elsewhere = createServer((_, response) => {
    followed += 1;
    response.end();
  });
  await new Promise<void>((resolve) => elsewhere.listen(0, "127.0.0.1", resolve));
  const location = `http://127.0.0.1:${(elsewhere.address() as AddressInfo).port}/`;
  account.receiverResponds((response) => void response.writeHead(307, { Location: location }).end());
  await account.create();
  await eventually("a failure in the log", () => account.failures()[0]?.status === 307);
  expect([followed, (await account.outbox()).length]).toEqual([0, 1]);
  elsewhere.close();
});

test.concurrent("an answer that breaks off or never ends after its 200 is an acknowledgement: its body is not read", async () => {
  const account = newAccount();
  account.receiverResponds(
    (response) => void response.writeHead(200, { "Content-Length": "1000" }).write("a part"),
  );
  await account.create();
  await account.delivered();
  account.receiverResponds((response) => {
    response.writeHead(200, { "Content-Length": "1000" }).write("a part");
    setTimeout(() => response.socket?.destroy(), 50);
  });
  await account.create();
  await account.delivered();
  expect(receiver.of(account.name)).toHaveLength(2);
});

describe.concurrent("while the receiver hangs", () => {
  test("changes, leases and revocations do not wait, and the attempt ends after ten seconds", async () => {
    const account = newAccount();
    account.receiverResponds(() => {});
    const key = await account.create();
    await receiver.arrived(account.name, 1);
    expect(await account.statusOf(key.secret)).toBe(200);
    const revoked = await account.revoke(key.id);
    expect(revoked.waited_ms).toBeLessThanOrEqual(260 + 2);
    expect(await account.statusOf(key.secret)).toBe(401);
    const idle = await account.create();
    expect((await account.revoke(idle.id)).waited_ms).toBe(0);
    // The receiver still hangs: no call has waited for the end of the attempt.
    expect(account.failures()).toEqual([]);
    await eventually("the end of the attempt", () =>
      account.failures().some(({ reason }) => reason === "timeout"),
    );
    account.receiverAccepts();
    const messages = await receiver.arrived(account.name, 6);
    await account.delivered();
    const numbers = new Set(messages.map(({ data }) => data.number));
    expect([...numbers].sort()).toEqual([1, 2, 3, 4]);
  });

  test("the use of keys is written all the same", async () => {
    const account = newAccount();
    account.receiverResponds(() => {});
    const key = await account.create();
    await receiver.arrived(account.name, 1);
    await account.use(key.secret);
    const used = async () =>
      (await cluster.network.ledgerRows(account.name, "SELECT last_used_at FROM keys"))[0]?.last_used_at;
    await eventually("the use in the table", async () => (await used()) !== null, 9000);
    expect(receiver.of(account.name)).toHaveLength(1);
  });
});

test.concurrent("the events of one key arrive in order, also when every third message is refused", async () => {
  const account = newAccount();
  let count = 0;
  account.receiverResponds((response) => void response.writeHead(count++ % 3 === 0 ? 503 : 204).end());
  const { id } = await account.create({ name: "0" });
  for (let i = 1; i < 6; i++) await account.change(id, { name: `${i}` });
  await eventually("all of them", async () => {
    await account.endPauses();
    await cluster.network.restartLedger(account.name);
    return (await account.isDelivered()) || null;
  });
  const accepted = new Map(receiver.of(account.name).map(({ data }) => [data.number, data.number]));
  expect([...accepted.keys()]).toEqual([1, 2, 3, 4, 5, 6]);
});

test.concurrent("while one key's event is refused, those of another key arrive", async () => {
  const account = newAccount();
  const [bad, good] = [await account.create(), await account.create()];
  await account.delivered();
  account.receiverResponds(
    (response, { data }) => void response.writeHead(data.key_id === bad.id ? 400 : 204).end(),
  );
  await account.change(bad.id, { name: "refused" });
  await account.change(bad.id, { name: "waits" });
  await account.change(good.id, { name: "accepted" });
  await receiver.arrived(account.name, 4);
  const sent = receiver.of(account.name).slice(2);
  expect(sent.map(({ data }) => data.key_id).sort()).toEqual([bad.id, good.id].sort());
  await eventually("the note of the accepted one", async () => (await account.outbox()).length === 2);
  expect((await account.outbox()).map(({ subject }) => subject)).toEqual([bad.id, bad.id]);
});

describe.concurrent("a restart of the ledger", () => {
  test("between commit and delivery loses nothing", async () => {
    const account = newAccount();
    account.receiverResponds(() => {});
    const { id } = await account.create();
    await receiver.arrived(account.name, 1);
    await account.change(id, { name: "renamed" });
    await cluster.network.restartLedger(account.name);
    account.receiverAccepts();
    // No call wakes it but its own alarm.
    const messages = await receiver.arrived(account.name, 3);
    expect(messages.map(({ data }) => data.number)).toEqual([1, 1, 2]);
    expect(messages[1]?.id).toBe(messages[0]?.id);
    await account.delivered();
  });

  test("between delivery and its note sends the message again under the same id", async () => {
    const account = newAccount();
    let isFirst = true;
    account.receiverResponds(async (response) => {
      if (isFirst) {
        isFirst = false;
        await cluster.network.restartLedger(account.name);
      }
      response.writeHead(204).end();
    });
    await account.create();
    const [first, second] = await receiver.arrived(account.name, 2);
    expect(second?.id).toBe(first?.id);
    await account.delivered();
  });
});

test.concurrent("what could not be delivered in three days is marked in the events, logged, and not sent again", async () => {
  const account = newAccount();
  account.receiverResponds((response) => void response.writeHead(500).end());
  const { id } = await account.create();
  await eventually("a failure in the log", () => account.failures().length > 0);
  await cluster.network.ledgerRows(account.name, `UPDATE events SET at = at - ${72 * HOUR_MS}`);
  await account.endPauses();
  await cluster.network.restartLedger(account.name);
  const isMarked = async () => (await account.events())[0]?.action === "delivery_failed";
  await eventually("the mark", isMarked);
  const [event] = await account.events();
  expect(event).toMatchObject({ actor: "gateway", key_id: id, details: { event: 1, attempts: 2 } });
  expect(await account.isDelivered()).toBe(true);
  const last = () => account.failures().at(-1);
  await eventually("the second failure in the log", () => last()?.attempts === 2);
  expect(last()).toMatchObject({ status: 500, attempts: 2, given_up: 1 });
});

test.concurrent("many events for a receiver that is down cost few attempts", async () => {
  const account = newAccount();
  for (let i = 0; i < 30; i++) await account.create();
  await account.delivered();
  account.receiverResponds((response) => void response.writeHead(503).end());
  await account.call("POST", "/revoke-all", {});
  await eventually("a pause", () => account.failures().length >= 5);
  await new Promise((resolve) => setTimeout(resolve, 1000));
  expect(account.failures().length).toBeLessThan(8);
  expect(await account.outbox()).toHaveLength(30);
});
