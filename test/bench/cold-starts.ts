/**
 * Measures the first request of new isolates, with a key that they have not seen, the second one, and one after the lease
 * has expired, while KV and the ledger are far away. The distance is simulated by a delay in both directions; the ledger itself is awake.
 */
import type { Bench } from "./bench.ts";
import { cpuMsOf } from "./cpu.ts";
import { type ColdStart, median } from "./figures.ts";
import { short } from "./rounds.ts";
import { get } from "./scenarios.ts";
import type { RunningWorker } from "./workerd.ts";
import { startGateway, startPlain, startUsual } from "./workers.ts";

const DISTANCES_MS = [20, 80, 200] as const;
const COLD_ISOLATES = 10;
const LIMIT_MS = 10_000;
/** Longer than LEASE_MS. */
const EXPIRY_MS = 1500;

/** Medians over the isolates. */
interface Times {
  readonly firstAndSecondMs: readonly [number, number];
  readonly expiredMs: number;
  readonly firstCpuMs: number;
}

export async function measureColdStarts(bench: Bench): Promise<ColdStart[]> {
  const bare = await startPlain("bare.js", bench.originUrl, { isolates: 1 + COLD_ISOLATES });
  const { firstAndSecondMs } = await closing(bare, () => timesOf(bench, bare, "none"));
  const [bareMs] = firstAndSecondMs;
  const rows: ColdStart[] = [];
  for (const distanceMs of DISTANCES_MS) {
    const setting = {
      isolates: 1 + COLD_ISOLATES,
      distance: { kvMs: distanceMs, ledgerMs: distanceMs },
    };
    const gateway = await startGateway(bench, setting);
    const { ours, secret } = await closing(gateway, async () => {
      const key = await gateway.control.createKey();
      return { ours: await timesOf(bench, gateway, key.secret), secret: key.secret };
    });
    const usual = await startUsual(bench.originUrl, [secret], setting);
    const theirs = await closing(usual, () => timesOf(bench, usual, secret));
    rows.push({
      distanceMs,
      bareMs,
      gatewayMs: ours.firstAndSecondMs,
      usualMs: theirs.firstAndSecondMs,
      expiredMs: ours.expiredMs,
      firstCpuMs: { gateway: ours.firstCpuMs, usual: theirs.firstCpuMs },
    });
  }
  return rows;
}

/** Of all isolates except the first, which creates the key. */
async function timesOf(bench: Bench, { pid, ports }: RunningWorker, key: string): Promise<Times> {
  const ask = async (port: number) => {
    const one = { requests: [get(key)], connections: 1, answersMax: 1, expectedStatus: 200 };
    const { p50Ms, answers } = await bench.put({ ...one, ports: [port], durationMs: LIMIT_MS });
    if (answers !== 1) throw new Error("a cold isolate did not answer as expected");
    return p50Ms;
  };
  const [first, second, expired, cpu]: [number[], number[], number[], number[]] = [[], [], [], []];
  for (const port of ports.slice(1)) {
    const cpuBefore = cpuMsOf(pid);
    first.push(await ask(port));
    cpu.push(cpuMsOf(pid) - cpuBefore);
    second.push(await ask(port));
  }
  await new Promise((resolve) => setTimeout(resolve, EXPIRY_MS));
  for (const port of ports.slice(1)) expired.push(await ask(port));
  return {
    firstAndSecondMs: [short(median(first)), short(median(second))],
    expiredMs: short(median(expired)),
    firstCpuMs: short(median(cpu)),
  };
}

async function closing<Result>(worker: RunningWorker, measure: () => Promise<Result>): Promise<Result> {
  try {
    return await measure();
  } finally {
    await worker.close();
  }
}
