/**
 * Measures the first request of new isolates, with a key that they have not seen, and the second one, while KV and the
 * ledger are far away. The distance is simulated by a delay in both directions; the ledger itself is awake.
 */
import type { Bench } from "./bench.ts";
import { type ColdStart, median } from "./figures.ts";
import { short } from "./rounds.ts";
import { get } from "./scenarios.ts";
import type { RunningWorker } from "./workerd.ts";
import { startGateway, startPlain, startUsual } from "./workers.ts";

const DISTANCES_MS = [20, 80, 200] as const;
const COLD_ISOLATES = 10;
const LIMIT_MS = 10_000;

export async function measureColdStarts(bench: Bench): Promise<ColdStart[]> {
  const bare = await startPlain("bare.js", bench.originUrl, { isolates: 1 + COLD_ISOLATES });
  const [bareMs] = await closing(bare, () => firstAndSecond(bench, bare, "none"));
  const rows: ColdStart[] = [];
  for (const distanceMs of DISTANCES_MS) {
    const setting = {
      isolates: 1 + COLD_ISOLATES,
      distance: { kvMs: distanceMs, ledgerMs: distanceMs },
    };
    const gateway = await startGateway(bench, setting);
    const { gatewayMs, secret } = await closing(gateway, async () => {
      const key = await gateway.control.createKey();
      return { gatewayMs: await firstAndSecond(bench, gateway, key.secret), secret: key.secret };
    });
    const usual = await startUsual(bench.originUrl, [secret], setting);
    const usualMs = await closing(usual, () => firstAndSecond(bench, usual, secret));
    rows.push({ distanceMs, bareMs, gatewayMs, usualMs });
  }
  return rows;
}

/** Medians over all isolates except the first, which creates the key. */
async function firstAndSecond(
  bench: Bench,
  { ports }: RunningWorker,
  key: string,
): Promise<readonly [number, number]> {
  const [first, second]: [number[], number[]] = [[], []];
  for (const port of ports.slice(1)) {
    for (const times of [first, second]) {
      const one = { requests: [get(key)], connections: 1, answersMax: 1, expectedStatus: 200 };
      const { p50Ms, answers } = await bench.put({ ...one, ports: [port], durationMs: LIMIT_MS });
      if (answers !== 1) throw new Error("a cold isolate did not answer as expected");
      times.push(p50Ms);
    }
  }
  return [short(median(first)), short(median(second))];
}

async function closing<Result>(worker: RunningWorker, measure: () => Promise<Result>): Promise<Result> {
  try {
    return await measure();
  } finally {
    await worker.close();
  }
}
