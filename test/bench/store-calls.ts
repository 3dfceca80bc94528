/** Counts KV reads and ledger calls at the stores. */
import type { Bench } from "./bench.ts";
import type { StoreCalls } from "./figures.ts";
import { get, junkKey } from "./scenarios.ts";
import { startGateway } from "./workers.ts";

const RATE = 100;
const WARM_UP_MS = 2000;
const WARM_MS = 10_000;
/** Longer than two leases, after which no request holds a permit. */
const HAND_BACK_MS = 4000;
const JUNK_KEYS = 1000;
const JUNK_MS = 2000;

export async function countStoreCalls(bench: Bench): Promise<StoreCalls> {
  const gateway = await startGateway(bench, { distance: { kvMs: 0, ledgerMs: 0 } });
  try {
    const { secret } = await gateway.control.createKey();
    const load = { ports: [gateway.port], connections: 16 };
    const warm = { ...load, requests: [get(secret)], expectedStatus: 200, rate: RATE };
    await bench.put({ ...warm, durationMs: WARM_UP_MS });
    const before = await gateway.ledgerCalls();
    const { answers } = await bench.put({ ...warm, durationMs: WARM_MS });
    const calls = (await gateway.ledgerCalls()) - before;
    // A renewal of the last requests may still be in flight, and their unused permits are returned.
    await new Promise((resolve) => setTimeout(resolve, HAND_BACK_MS));
    const [readsBefore, callsBefore] = [await gateway.kvReads(), await gateway.ledgerCalls()];
    const requests = Array.from({ length: JUNK_KEYS }, (_, index) => get(junkKey(index)));
    const junk = await bench.put({ ...load, requests, expectedStatus: 401, durationMs: JUNK_MS });
    return {
      ledgerCallsPerRequest: Number((calls / answers).toPrecision(3)),
      requests: answers,
      junkRequests: junk.answers,
      kvReadsOfJunk: (await gateway.kvReads()) - readsBefore,
      ledgerCallsOfJunk: (await gateway.ledgerCalls()) - callsBefore,
    };
  } finally {
    await gateway.close();
  }
}
