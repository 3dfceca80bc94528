/** One round trip to KV and one to a ledger: whether the stores answer, and how fast. */

import type { Env } from "../env.ts";
import { findKeyRecords } from "../keys/key-store.ts";
import { callLedger } from "../leases/call-ledger.ts";
import type { Refusal } from "../refusals.ts";
import type { RemoteLedger } from "./remote-ledger.ts";

export interface Health {
  readonly status: "ok";
  readonly kv_ms: number;
  readonly ledger_ms: number;
}

/** No account can have this name. */
const HEALTH_LEDGER = "health check";

export async function checkHealth(env: Env, limitMs: number, now: () => number): Promise<Health | Refusal> {
  const timed = async (trip: Promise<unknown>) => {
    const startedAt = now();
    return await trip.then(
      () => now() - startedAt,
      () => null,
    );
  };
  const call = { limitMs, repeatable: false };
  const [kv_ms, ledger_ms] = await Promise.all([
    timed(findKeyRecords(env.API_KEYS, ["health"], limitMs)),
    timed(callLedger(env.KEY_LEDGER, HEALTH_LEDGER, call, (ledger: RemoteLedger) => ledger.ping())),
  ]);
  // A store without an answer has no time.
  if (kv_ms === null || ledger_ms === null)
    return { reason: "unhealthy", health: { status: "unavailable", kv_ms, ledger_ms } };
  return { status: "ok", kv_ms, ledger_ms };
}
