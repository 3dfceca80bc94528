/** One round trip to KV and one to a ledger: whether the stores answer, and how fast. */

import type { Env } from "../env.ts";
import { readKeyRecords } from "../keys/key-store.ts";
import { isUnavailable } from "../keys/store-error.ts";
import { callLedger } from "../leases/call-ledger.ts";
import type { Refusal } from "../refusals.ts";
import type { RemoteLedger } from "./remote-ledger.ts";

export interface Health {
  readonly status: "ok";
  readonly kv_ms: number;
  readonly ledger_ms: number;
}

/** No account's ledger has this name: it is not a locator. */
const HEALTH_LEDGER = "health check";

export async function checkHealth(env: Env, limitMs: number, now: () => number): Promise<Health | Refusal> {
  const timeOf = async (roundTrip: Promise<unknown>): Promise<number> => {
    const startedAt = now();
    await roundTrip;
    return now() - startedAt;
  };
  const call = { limitMs, repeatable: false };
  const [kv_ms, ledger_ms] = await Promise.all([
    timeOf(readKeyRecords(env.API_KEYS, ["health"], limitMs)).catch(nullIfUnavailable),
    timeOf(callLedger(env.KEY_LEDGER, HEALTH_LEDGER, call, (ledger: RemoteLedger) => ledger.ping())).catch(
      nullIfUnavailable,
    ),
  ]);
  if (kv_ms === null || ledger_ms === null)
    return { reason: "unhealthy", health: { status: "unavailable", kv_ms, ledger_ms } };
  return { status: "ok", kv_ms, ledger_ms };
}

function nullIfUnavailable(error: unknown): null {
  if (isUnavailable(error)) return null;
  throw error;
}
