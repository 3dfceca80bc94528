/**
 * An account of any size for growth.ts: SQL inserts its keys, and a Worker of its own times calls to its ledger.
 */
import { accountLocator } from "../../src/keys/locator.ts";
import type { ClusterWorkers } from "../support/cluster-workers.ts";
import type { GatewayCluster } from "../support/gateway-cluster.ts";

const LIMIT_MS = 120_000;
export const BY = { actor: { name: "growth", claimed: null }, credential: "growth", idempotencyKey: null };

/** Makes calls one after the other, and returns how long each took. */
export const CALLER: ClusterWorkers[number] = {
  name: "caller",
  compatibilityDate: "2026-10-20",
  modules: true,
  script: `export default {
    async fetch(request, env) {
      const { ledger, calls } = await request.json();
      const startedAt = performance.now();
      let answer;
      for (const [method, ...args] of calls) answer = await env.LEDGER.getByName(ledger)[method](...args);
      return Response.json({ ms: (performance.now() - startedAt) / calls.length, answer });
    },
  };`,
  durableObjects: { LEDGER: { className: "KeyLedger", scriptName: "owner" } },
  unsafeDirectSockets: [{ host: "127.0.0.1", port: 0 }],
};

export type Call = readonly [method: string, ...args: unknown[]];

/** When the first seeded key was created; each further one is a millisecond younger. */
export const SEEDED_AT = 1_600_000_000_000;

const numbersTo = (count: number) =>
  `WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ${count})`;

/** `revokesAt`: the scheduled revocation of all of them, or null. */
export const seedKeys = (count: number, revokesAt: number | null) =>
  `${numbersTo(count)}
   INSERT INTO keys (id, account, name, mode, permissions, hint, hash, created_at, revokes_at, state, began_at)
   SELECT 'key_' || substr(hex(randomblob(11)), 1, 22), 'account', 'seeded', 'live', '[]', 'oct_live_…',
     lower(hex(randomblob(32))), ${SEEDED_AT} + n, ${revokesAt}, 'issued', ${SEEDED_AT} + n FROM numbers`;

export const seedEvents = (count: number) =>
  `${numbersTo(count)} INSERT INTO events (at, actor, action, key_id, details)
   SELECT ${SEEDED_AT} + n, 'seed', 'created', NULL, '{}' FROM numbers`;

/** The bound on new keys per minute is not measured here. */
const FORGET_NEW_KEYS =
  "UPDATE keys SET began_at = 0 WHERE is_imported = 0 AND began_at > unixepoch('now') * 1000 - 61000";

export interface MeasuredKey {
  readonly id: string;
  readonly hash: string;
}

export class MeasuredAccount {
  readonly #cluster: GatewayCluster;
  readonly #caller: URL;
  readonly #account: string;

  constructor(cluster: GatewayCluster, caller: URL, account: string) {
    this.#cluster = cluster;
    this.#caller = caller;
    this.#account = account;
  }

  /** Makes the calls one after the other; returns their average time and the last answer. */
  async call(...calls: readonly Call[]): Promise<{ ms: number; answer: unknown }> {
    await this.sql(FORGET_NEW_KEYS);
    const body = JSON.stringify({ ledger: await accountLocator(this.#account), calls });
    const response = await fetch(this.#caller, {
      method: "POST",
      body,
      signal: AbortSignal.timeout(LIMIT_MS),
    });
    if (!response.ok) throw new Error(await response.text());
    return (await response.json()) as { ms: number; answer: unknown };
  }

  async sql(text: string): Promise<Record<string, unknown>[]> {
    return await this.#cluster.network.ledgerRows(this.#account, text);
  }

  /** Keys created by calls; each is used once. */
  async newKeys(count: number, mode: "live" | "test" = "live"): Promise<MeasuredKey[]> {
    const keys: MeasuredKey[] = [];
    const key = { name: "measured", mode, permissions: [], allowed_ips: [], labels: {}, expires_at: null };
    for (let i = 0; i < count; i++) {
      const { answer } = await this.call(["createKey", this.#account, key, BY]);
      const { id } = answer as { id: string };
      const [row] = await this.sql(`SELECT hash FROM keys WHERE id = '${id}'`);
      keys.push({ id, hash: String(row?.hash) });
    }
    return keys;
  }
}
