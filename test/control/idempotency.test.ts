// A call with an Idempotency-Key is carried out once: a retry after any failure gets the same answer with the same
// secret, and never creates a second key. The secret is stored sealed, and nowhere else.

import { createHash, randomUUID } from "node:crypto";
import { afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { ControlAnswer } from "../support/control-client.ts";
import type { GatewayCluster } from "../support/gateway-cluster.ts";
import { sharedCluster } from "../support/shared.ts";
import { eventually } from "../support/time-limits.ts";
import { Account, expectRefused } from "./account.ts";
import { CONTROL } from "./control-clusters.ts";

const NEW_KEY = { name: "a key", mode: "live", permissions: ["posts:read"] };

let cluster: GatewayCluster;
let account: Account;
let name: string;

beforeAll(async () => {
  // Long, so that a slow machine does not end a call here; only its answer or an injected fault does.
  cluster = await sharedCluster(CONTROL);
});
beforeEach(() => {
  account = new Account(cluster);
  name = randomUUID();
});
afterEach(() => cluster.network.liftAllFaults());

function once(path: string, body: unknown, key = name): Promise<ControlAnswer> {
  return account.call("POST", path, body, { headers: [["Idempotency-Key", key]] });
}

function create(body: unknown = NEW_KEY): Promise<ControlAnswer> {
  return once("/keys", body);
}

/** The answer's key works, and is the account's only one. */
async function expectOnlyKey({ status, json, response }: ControlAnswer): Promise<void> {
  expect(status, response.body.toString()).toBe(201);
  expect((await account.keys("revoked")).map(({ id }) => id)).toEqual([json.id]);
  const actions = (await account.events()).map(({ action }) => action);
  expect(actions.filter((action) => action !== "answer_repeated")).toEqual(["created"]);
  expect(await account.statusOf(json.secret)).toBe(200);
}

describe("creating a key", () => {
  test("repeated gives the same answer with the same secret, and creates no second key", async () => {
    const first = await create();
    for (let i = 0; i < 3; i++) {
      const again = await create();
      expect([again.status, again.json]).toEqual([201, first.json]);
    }
    await expectOnlyKey(first);
  });

  test("repeated with an equivalent body gives the same answer", async () => {
    const first = await create();
    const again = await create(
      '{ "permissions": ["posts:read"], "expires_at": null, "mode": "live", "name": " a key " }',
    );
    expect([again.status, again.json]).toEqual([201, first.json]);
  });

  test("with another body under the same Idempotency-Key is 422, and creates nothing", async () => {
    const first = await create();
    for (const change of [
      { name: "another" },
      { mode: "test" },
      { permissions: [] },
      { expires_at: "2099-01-01T00:00:00Z" },
    ]) {
      expectRefused(await create({ ...NEW_KEY, ...change }), 422, "validation_error");
    }
    expectRefused(await once(`/keys/${first.json.id}/rotate`, {}), 422, "validation_error");
    await expectOnlyKey(first);
  });

  test("in another account under the same Idempotency-Key creates a key of that account", async () => {
    const { json: mine } = await create();
    account = new Account(cluster);
    const theirs = await create();
    expect(theirs.json.id).not.toBe(mine.id);
    await expectOnlyKey(theirs);
  });

  test("many times at once creates one key: the other calls get 409 or its answer", async () => {
    // So that the first call is still in progress when the others arrive.
    await cluster.network.configure({ kvDelayMs: 500 });
    const answers = await Promise.all(Array.from({ length: 12 }, () => create()));
    await cluster.network.configure({ kvDelayMs: 0 });
    const made = answers.filter(({ status }) => status === 201);
    for (const answer of answers) if (answer.status !== 201) expectRefused(answer, 409, "conflict");
    expect(new Set(made.map(({ json }) => json.secret)).size).toBe(1);
    const again = await create();
    expect(again.json).toEqual(made[0]?.json);
    await expectOnlyKey(again);
  });

  test("after a lost answer gives the key that was created", async () => {
    await cluster.network.fault({ on: "ledger", operation: "createKey", how: "fail-after", times: 1 });
    expectRefused(await create(), 503, "service_unavailable");
    const [made] = await account.keys();
    const again = await create();
    expect(again.json.id).toBe(made?.id);
    await expectOnlyKey(again);
  });

  test("after the ledger restarted gives the same answer", async () => {
    const first = await create();
    await cluster.network.restartLedger(account.name);
    expect((await create()).json).toEqual(first.json);
    await expectOnlyKey(first);
  });

  test("after the ledger restarted in the middle creates one key", async () => {
    await cluster.network.resetCounts();
    const lift = await cluster.network.fault({ on: "kv", operation: "put", how: "hang-after" });
    const first = create();
    await eventually("the KV entry", async () => (await cluster.network.counts("owner")).kvPuts > 0);
    await cluster.network.restartLedger(account.name);
    expectRefused(await first, 503, "service_unavailable");
    await lift();
    await expectOnlyKey(await create());
  });

  test.each(["fail-before", "fail-after"] as const)("after KV failed (%s) creates one key", async (how) => {
    await cluster.network.fault({ on: "kv", operation: "put", how, times: 2 });
    for (let i = 0; i < 2; i++) expectRefused(await create(), 503, "service_unavailable");
    expect((await account.call("GET", "/keys")).status, "nothing was issued").toBe(404);
    await expectOnlyKey(await create());
  });

  test("after the key has changed still gives the first answer", async () => {
    const first = await create();
    await account.change(first.json.id, { name: "renamed" });
    await account.revoke(first.json.id);
    expect((await create()).json).toEqual(first.json);
    expect(await account.keys()).toEqual([]);
  });

  test("after the key has expired still gives the first answer", async () => {
    const body = { ...NEW_KEY, expires_at: new Date(Date.now() + 2500).toISOString() };
    const first = await create(body);
    expect(first.status).toBe(201);
    while (Date.now() <= Date.parse(body.expires_at)) await new Promise((resolve) => setTimeout(resolve, 20));
    const again = await create(body);
    expect([again.status, again.json]).toEqual([201, first.json]);
  });
});

describe("rotating a key", () => {
  test.each([0, 3600])(
    "with %i s of overlap, again after the answer was lost: one successor, and its secret",
    async (overlap_seconds) => {
      const old = await account.create();
      expect(await account.statusOf(old.secret)).toBe(200);
      await cluster.network.fault({ on: "ledger", operation: "rotateKey", how: "fail-after", times: 1 });
      const rotate = () => once(`/keys/${old.id}/rotate`, { overlap_seconds });
      expectRefused(await rotate(), 503, "service_unavailable");
      const { events } = await account.shown();

      const again = await rotate();
      expect(again.status).toBe(201);
      expect((await rotate()).json).toEqual(again.json);
      expect(await account.statusOf(again.json.secret)).toBe(200);
      expect(await account.statusOf(old.secret)).toBe(overlap_seconds === 0 ? 401 : 200);
      expect(await account.keys("revoked")).toHaveLength(2);
      const changes = (await account.events()).filter(({ action }) => action !== "answer_repeated");
      expect(changes).toEqual(events);
    },
  );

  test("with another overlap, or another key, under the same Idempotency-Key is 422", async () => {
    const [one, two] = [await account.create(), await account.create()];
    await once(`/keys/${one.id}/rotate`, { overlap_seconds: 60 });
    expectRefused(await once(`/keys/${one.id}/rotate`, { overlap_seconds: 61 }), 422, "validation_error");
    expectRefused(await once(`/keys/${two.id}/rotate`, { overlap_seconds: 60 }), 422, "validation_error");
    expect(await account.keys()).toHaveLength(3);
  });
});

test("importing again under the same Idempotency-Key gives the same verdicts; another import is 422", async () => {
  const row = () => ({
    sha256: createHash("sha256").update(randomUUID()).digest("hex"),
    name: "old",
    mode: "live",
  });
  const keys = [row(), row()];
  await cluster.network.fault({ on: "ledger", operation: "importKeys", how: "fail-after", times: 1 });
  const lost = await once("/keys/import", { keys });
  expect(lost.json.keys.map(({ error }: { error: string }) => error)).toEqual(
    Array(2).fill("ledger_unreachable"),
  );
  const again = await once("/keys/import", { keys });
  expect(again.json.keys.map(({ id }: { id: string }) => id).sort()).toEqual(
    (await account.keys()).map(({ id }) => id).sort(),
  );
  expectRefused(await once("/keys/import", { keys: [row()] }), 422, "validation_error");
  expect(await account.keys()).toHaveLength(2);
});

describe("the secret", () => {
  test("is in no row of the ledger and no entry of KV, neither as text or in any usual encoding nor as its digest", async () => {
    const before = new Set(await cluster.kv.names());
    const { json } = await create();
    const { json: next } = await once(`/keys/${json.id}/rotate`, {}, randomUUID());
    const stored = await everythingStored(before);
    expect(stored, "the search finds what is stored").toContain(hex(json.id));
    for (const { secret } of [json, next]) {
      const digest = createHash("sha256").update(secret).digest();
      const forms = [
        secret,
        secret.slice("oct_live_".length),
        digest.toString("hex"),
        digest.toString("base64"),
      ];
      const encoded = [
        Buffer.from(secret).toString("base64").slice(0, 56),
        Buffer.from(secret).toString("hex"),
      ];
      for (const form of [...forms, ...encoded]) expect(stored).not.toContain(hex(form));
      expect(stored).not.toContain(digest.toString("hex").toUpperCase());
    }
  });

  test("is stored sealed, with a fresh nonce, and only for a call with an Idempotency-Key", async () => {
    const sealed = () =>
      cluster.network.ledgerRows(account.name, "SELECT name, hex(sealed_secret) AS sealed FROM answers");
    await account.create();
    expect(await sealed()).toEqual([]);
    const { json } = await create();
    const [row] = await sealed();
    expect(row?.name).toBe(name);
    // Nonce, text and tag of AES-GCM.
    expect(String(row?.sealed)).toHaveLength(2 * (12 + json.secret.length + 16));
    expect(row?.sealed).not.toContain(hex(json.secret));
  });

  /** Every value in every table of the ledger and every entry of KV but those from before, in hex. */
  async function everythingStored(before: ReadonlySet<string>): Promise<string> {
    const rows = (sql: string) => cluster.network.ledgerRows(account.name, sql);
    const stored: string[] = [];
    for (const { name: table } of await rows(
      "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '\\_cf%' ESCAPE '\\'",
    )) {
      const columns = (await rows(`SELECT name FROM pragma_table_info('${table}')`)).map(
        (column) => `hex("${column.name}")`,
      );
      for (const row of await rows(`SELECT ${columns.join(", ")} FROM "${table}"`))
        stored.push(...Object.values(row).map(String));
    }
    for (const entry of await cluster.kv.names())
      if (!before.has(entry)) stored.push(hex(entry), hex((await cluster.kv.get(entry)) ?? ""));
    return stored.join(" ");
  }
});

function hex(text: string): string {
  return Buffer.from(text).toString("hex").toUpperCase();
}
