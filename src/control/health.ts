/** One round trip to KV and one to a ledger: whether the stores answer, and how fast. */

import type { Env } from "../env.ts";
import { findKeyRecords } from "../keys/key-store.ts";
import { callLedger } from "../leases/call-ledger.ts";
import type { RemoteLedger } from "./remote-ledger.ts";

export interface Health {
  readonly status: "ok" | "unavailable";
  /** Milliseconds; null: no answer. */
  readonly kv_ms: number | null;
  readonly ledger_ms: number | null;
}

/** No account can have this name. */
const HEALTH_LEDGER = "health check";

export async function checkHealth(env: Env, limitMs: number, now: () => number): Promise<Health> {
  const timed = async (trip: Promise<unknown>) => {
    const startedAt = now();
    return await trip.then(
      () => now() - startedAt,
      () => null,
    );
  };
  const call = { limitMs, repeatable: false };
  const [kvMs, ledgerMs] = await Promise.all([
    timed(findKeyRecords(env.API_KEYS, ["health"], limitMs)),
    timed(callLedger(env.KEY_LEDGER, HEALTH_LEDGER, call, (ledger: RemoteLedger) => ledger.ping())),
  ]);
  return {
    status: kvMs === null || ledgerMs === null ? "unavailable" : "ok",
    kv_ms: kvMs,
    ledger_ms: ledgerMs,
  };
}
