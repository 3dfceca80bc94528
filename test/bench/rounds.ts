/**
 * Measures one scenario. Its contestants take turns in every round, and each round starts with another one, so that noise
 * of the machine affects all alike. Trust ratios within a round, and CPU time more than throughput: load generator, origin
 * and server share the machine.
 */
import { residentMb } from "../proofs/soak/process-stats.ts";
import type { Bench } from "./bench.ts";
import { cpuMsOf } from "./cpu.ts";
import type { Round, Rounds } from "./figures.ts";
import { type Keys, loadOf, type Scenario } from "./scenarios.ts";
import type { Server } from "./workerd.ts";

/** Until then leases, connections and the JIT compiler are warm. */
const FIRST_WARM_UP_MS = 2500;
const WARM_UP_MS = 250;
const MEMORY_EVERY_MS = 20;
const LONG_LIMIT_MS = 60_000;

/** `rate`: requests per second for each contestant; undefined: full speed. */
export async function measureScenario(
  bench: Bench,
  scenario: Scenario,
  servers: Readonly<Record<string, Server>>,
  keys: Keys,
  rate: number | undefined,
): Promise<Rounds> {
  const { contestants } = scenario;
  const paced = rate === undefined ? {} : { rate };
  const load = (contestant: string) => ({
    ...loadOf(scenario, contestant, keys, serverOf(contestant).port),
    ...paced,
  });
  const serverOf = (contestant: string) => {
    const server = servers[contestant];
    if (server === undefined) throw new Error(`${contestant} is not running`);
    return server;
  };
  const rounds: Record<string, Round[]> = {};
  for (const contestant of contestants) {
    rounds[contestant] = [];
    await bench.put({ ...load(contestant), durationMs: FIRST_WARM_UP_MS });
  }
  const roundCount = Math.min(bench.roundCount, scenario.roundsMax ?? bench.roundCount);
  for (let number = 0; number < roundCount; number++) {
    for (const contestant of rotated(contestants, number)) {
      if (scenario.answers === undefined) await bench.put({ ...load(contestant), durationMs: WARM_UP_MS });
      const length =
        scenario.answers === undefined
          ? { durationMs: bench.roundMs }
          : { durationMs: LONG_LIMIT_MS, answersMax: scenario.answers };
      const { pid } = serverOf(contestant);
      let round = await measureRound(bench, { ...load(contestant), ...length }, pid);
      // The machine may stall for a short round, but not for two.
      round ??= await measureRound(bench, { ...load(contestant), ...length }, pid);
      if (round === null) throw new Error(`${contestant} did not answer in two rounds`);
      const failures = Math.max(0, round.failures - (scenario.othersMax ?? 0));
      const { grownMb, ...figures } = round;
      // Memory is meaningful where bodies are large.
      const memory = scenario.answers === undefined ? {} : { grownMb };
      rounds[contestant]?.push({ ...figures, failures, ...memory });
    }
  }
  return rounds;
}

export function rotated<Item>(items: readonly Item[], by: number): Item[] {
  const first = by % items.length;
  return [...items.slice(first), ...items.slice(0, first)];
}

async function measureRound(
  bench: Bench,
  load: Parameters<Bench["put"]>[0],
  pid: number,
): Promise<Required<Round> | null> {
  const memoryBefore = residentMb(pid) ?? Number.NaN;
  let memoryPeak = memoryBefore;
  const watching = setInterval(() => {
    memoryPeak = Math.max(memoryPeak, residentMb(pid) ?? Number.NaN);
  }, MEMORY_EVERY_MS);
  const cpuBefore = cpuMsOf(pid);
  const result = await bench.put(load);
  const cpuMs = cpuMsOf(pid) - cpuBefore;
  clearInterval(watching);
  if (result.answers === 0) return null;
  return {
    perSecond: short(result.answers / (result.elapsedMs / 1000)),
    cpuUs: short((cpuMs * 1000) / result.answers),
    p50Ms: short(result.p50Ms),
    p99Ms: short(result.p99Ms),
    failures: result.failures,
    grownMb: short(memoryPeak - memoryBefore),
  };
}

export function short(value: number): number {
  return Number(value.toPrecision(4));
}
