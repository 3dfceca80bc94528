/**
 * A ledger in the tests' own isolate: its methods, rows, alarm and restarts, and its clock and KV.
 *
 * Real: the class, SQLite, alarms, KV. Fake, when a test says so: the clock, and a KV that fails.
 */

import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { vi } from "vitest";
import type { Env } from "../../src/env.ts";
import type { IssuedKey, RevokedKey } from "../../src/keys/api-key.ts";
import { accountLocator } from "../../src/keys/locator.ts";
import type { LeaseAnswer, LeaseRequest } from "../../src/leases/protocol.ts";
import { CLAIMS_OBJECT } from "../../src/ledger/import-claims.ts";
import { KeyLedger } from "../../src/ledger/key-ledger.ts";

export const SETTINGS = env as unknown as Env;
export const CALLER = {
  actor: { name: "a test", claimed: null },
  credential: "a test",
  idempotencyKey: null,
};
export const NEW_KEY = {
  name: "a key",
  mode: "live",
  permissions: [],
  allowed_ips: [],
  limits: null,
  labels: {},
  expires_at: null,
} as const;

let accounts = 0;

export class TestLedger {
  readonly account = `acct_${++accounts}`;

  /** Runs in the object itself: in its instance, or in a new one over the same storage with other settings. */
  async run<Result>(
    work: (ledger: KeyLedger, state: DurableObjectState) => Result | Promise<Result>,
    settings?: Readonly<Record<string, unknown>>,
  ): Promise<Result> {
    return await runInDurableObject(await this.#stub(), (instance: KeyLedger, state) =>
      work(settings ? new KeyLedger(state, { ...SETTINGS, ...settings }) : instance, state),
    );
  }

  /** A new key with its secret. */
  async create(idempotencyKey: string | null = null): Promise<IssuedKey> {
    const answer = await this.run((it) => it.createKey(this.account, NEW_KEY, { ...CALLER, idempotencyKey }));
    if ("reason" in answer) throw new Error(answer.reason);
    return answer;
  }

  revoke(id: string, settings?: Readonly<Record<string, unknown>>): Promise<RevokedKey> {
    return this.run((it) => revokeIn(it, id), settings);
  }

  rows(sql: string): Promise<Record<string, SqlStorageValue>[]> {
    return this.run((_, { storage }) => storage.sql.exec(sql).toArray());
  }

  /** When the alarm is due, in milliseconds from now; null when none is set. */
  async alarmInMs(): Promise<number | null> {
    const at = await this.run((_, { storage }) => storage.getAlarm());
    return at === null ? null : at - Date.now();
  }

  /** Runs the alarm now; false when none is set. */
  async runAlarm(): Promise<boolean> {
    return await runDurableObjectAlarm(await this.#stub());
  }

  /** Evicts the object; the next call starts it again from its storage. */
  async restart(): Promise<void> {
    await evictDurableObject(await this.#stub());
  }

  /** In the object of all claims, as a ledger does that has removed a failed import. */
  async releaseClaim(keyId: string): Promise<void> {
    await claims().releaseKeys(this.account, [keyId]);
  }

  /** A lease on a key, for the account's own isolates. */
  lease(id: string, uses = 0, settings?: Readonly<Record<string, unknown>>): Promise<LeaseAnswer> {
    return this.run((it, state) => it.lease(leaseRequest(hashIn(state, id), uses)), settings);
  }

  async #stub(): Promise<DurableObjectStub<KeyLedger>> {
    const locator = await accountLocator(this.account);
    return SETTINGS.KEY_LEDGER.getByName(locator) as DurableObjectStub<KeyLedger>;
  }
}

/** The hash of a key in its ledger. */
export function hashIn({ storage }: DurableObjectState, id: string): string {
  return String(storage.sql.exec("SELECT hash FROM keys WHERE id = ?", id).one().hash);
}

export function leaseRequest(hash: string, uses = 0): LeaseRequest {
  return { hash, account: null, uses, holder: "a test", permits: [], wants_record: false };
}

function claims(): DurableObjectStub<KeyLedger> {
  return SETTINGS.KEY_LEDGER.getByName(CLAIMS_OBJECT) as DurableObjectStub<KeyLedger>;
}

/** The number of claims, of all accounts. */
export async function claimsCount(): Promise<number> {
  return await runInDurableObject(
    claims(),
    (_, { storage }) => storage.sql.exec<{ n: number }>("SELECT count(*) AS n FROM claims").one().n,
  );
}

/** For a test that runs in the object already. */
export async function revokeIn(ledger: KeyLedger, id: string): Promise<RevokedKey> {
  const answer = await ledger.revokeKey(id, CALLER, null);
  if ("reason" in answer) throw new Error(answer.reason);
  return answer;
}

/** Undone by `vi.useRealTimers()`. */
export function advanceClock(ms: number): void {
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + ms });
}

/** One operation of KV fails without effect, until the returned function is called. */
export function failKv(operation: "get" | "put" | "delete"): () => void {
  const spy = vi.spyOn(SETTINGS.API_KEYS, operation).mockRejectedValue(new Error("KV is down"));
  return () => spy.mockRestore();
}

/** KV writes take effect, and fail. */
export function loseKvAnswers(): () => void {
  const kv = SETTINGS.API_KEYS;
  const put = kv.put.bind(kv);
  const spy = vi.spyOn(kv, "put").mockImplementation(async (name: string, value: unknown) => {
    await put(name, value as string);
    throw new Error("KV's answer was lost");
  });
  return () => spy.mockRestore();
}

export async function deleteKvRecords(): Promise<void> {
  for (const name of await kvNames()) await SETTINGS.API_KEYS.delete(name);
}

export async function kvNames(): Promise<string[]> {
  return (await SETTINGS.API_KEYS.list()).keys.map(({ name }) => name);
}
